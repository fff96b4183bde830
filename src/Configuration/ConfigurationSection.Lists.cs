using System.Net;
using Fairlead.Configuration.Yaml;

namespace Fairlead.Configuration;

/// <content>Lists of single values. In a variable the entries are parted by commas.</content>
public sealed partial class ConfigurationSection
{
    /// <summary>A list of texts, none empty; an absent list is empty.</summary>
    public IReadOnlyList<string> Texts(string key, int countMin = 0, int countMax = 1000) =>
        Values<string>(key, ExpectsText, TryText, countMin, countMax);

    /// <summary>A list of addresses with ports; an absent list is empty.</summary>
    public IReadOnlyList<IPEndPoint> Endpoints(string key, int countMin = 0, int countMax = 1000) =>
        Values<IPEndPoint>(key, ExpectsEndpoint, TryEndpoint, countMin, countMax);

    /// <summary>A list of values in a form of the caller's own. Wrong entries are errors and left out; a list that is
    /// shorter than <paramref name="countMin"/> or longer than <paramref name="countMax"/> is an error too.</summary>
    public IReadOnlyList<T> Values<T>(
        string key, string expects, TryParse<T> parse, int countMin = 0, int countMax = 1000)
    {
        Note(key, $"a list of {countMin} to {countMax}, each {expects}", isRequired: countMin > 0);
        var found = Find(key);
        if (found is null)
        {
            if (countMin > 0)
            {
                AddMissing(key, $"a list, each {expects}");
            }

            return [];
        }

        var items = Items(found);
        if (items is null)
        {
            Add(ConfigurationErrorKind.WrongType, found.Place, key,
                $"is {found.Node.Shape}", $"write a list, each {expects}");
            return [];
        }

        if (items.Count < countMin || items.Count > countMax)
        {
            Add(ConfigurationErrorKind.OutOfRange, found.Place, key,
                $"holds {items.Count} entries", $"write {countMin} to {countMax}");
            return [];
        }

        return ParseItems(key, found.Place, items, expects, parse);
    }

    private static IReadOnlyList<YamlNode>? Items(Found found) => found switch
    {
        { Node: YamlSequence sequence } => sequence.Items,
        { IsVariable: true, Node: YamlScalar scalar } =>
            [.. scalar.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(text => new YamlScalar(text, isPlain: true))],
        _ => null,
    };

    private List<T> ParseItems<T>(
        string key, Place place, IReadOnlyList<YamlNode> items, string expects, TryParse<T> parse)
    {
        var values = new List<T>(items.Count);
        foreach (var item in items)
        {
            var at = place.Variable is null ? Place.Of(item) : place;
            if (item is not YamlScalar scalar)
            {
                Add(ConfigurationErrorKind.WrongType, at, key, $"holds {item.Shape}", $"write {expects}");
            }
            else if (parse(scalar.Value, out var value))
            {
                values.Add(value);
            }
            else
            {
                Add(ConfigurationErrorKind.WrongType, at, key, $"holds `{Shown.Of(scalar.Value)}`", $"write {expects}");
            }
        }

        return values;
    }
}
