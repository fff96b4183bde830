using Fairlead.Configuration.Yaml;

namespace Fairlead.Configuration;

/// <content>How a value is found and how an error about it is noted.</content>
public sealed partial class ConfigurationSection
{
    /// <summary>Set where an error about the whole section says enough, or where nothing in it must be there.</summary>
    private bool _isSilent;

    private sealed record Found(YamlNode Node, Place Place)
    {
        internal bool IsVariable => Place.Variable is not null;
    }

    private Place SectionPlace => new(null, _mapping.Line, _mapping.Column);

    private string PathOf(string key) => _path.Length == 0 ? key : $"{_path}.{key}";

    /// <summary>The environment's value, else the file's; a null value counts as absent.</summary>
    private Found? Find(string key)
    {
        _known.Add(key);
        var path = PathOf(key);
        if (_hasVariables && _file.Overlay.Find(path, out var name) is { } text)
        {
            var scalar = new YamlScalar(text, isPlain: true);
            return new Found(scalar, new Place(name, 0, 0));
        }

        var node = _mapping.Find(key)?.Value;
        return node is null or YamlScalar { IsNull: true } ? null : new Found(node, Place.Of(node));
    }

    private string? FindText(string key, string expects, bool isRequired, out Place place)
    {
        var found = Find(key);
        place = found?.Place ?? SectionPlace;
        if (found is null)
        {
            if (isRequired)
            {
                AddMissing(key, expects);
            }

            return null;
        }

        if (found.Node is YamlScalar scalar)
        {
            return scalar.Value;
        }

        Add(ConfigurationErrorKind.WrongType, place, key, $"is {found.Node.Shape}", $"write {expects}");
        return null;
    }

    private void AddMissing(string key, string expects)
    {
        if (!_isSilent && !_file.IsBroken)
        {
            var add = _hasVariables
                ? $"add it ({expects}), or set {EnvironmentOverlay.NameOf(PathOf(key))}" : $"add it ({expects})";
            Add(ConfigurationErrorKind.MissingKey, SectionPlace, key, "is missing", add);
        }
    }

    private void Add(ConfigurationErrorKind kind, Place place, string key, string problem, string remedy) =>
        _file.Errors.Add(new ConfigurationError(
            kind, place.Variable ?? _file.Name, place.Line, place.Column, $"`{PathOf(key)}` {problem}", remedy));
}
