namespace Fairlead.Configuration.Yaml;

/// <summary>A set of keys with their values, in the order of the file. Keys are unique.</summary>
public sealed class YamlMapping : YamlNode
{
    private readonly Dictionary<string, YamlEntry> _byKey;

    /// <summary>A mapping at a place in a file. Throws <see cref="ArgumentException"/> for a key that stands twice.
    /// </summary>
    public YamlMapping(IReadOnlyList<YamlEntry> entries, int line = 0, int column = 0)
        : base(line, column)
    {
        Entries = entries;
        _byKey = entries.ToDictionary(entry => entry.Key.Value, StringComparer.Ordinal);
    }

    /// <summary>Keys and values.</summary>
    public IReadOnlyList<YamlEntry> Entries { get; }

    /// <inheritdoc/>
    public override string Shape => "a mapping";

    /// <summary>A mapping to be written.</summary>
    public static YamlMapping Of(params ReadOnlySpan<(string Key, YamlNode Value)> entries)
    {
        var list = new List<YamlEntry>(entries.Length);
        foreach (var (key, value) in entries)
        {
            list.Add(new YamlEntry(new YamlScalar(key, isPlain: false), value));
        }

        return new YamlMapping(list);
    }

    /// <summary>The entry of a key, or null. Keys compare by their exact text.</summary>
    public YamlEntry? Find(string key) => _byKey.GetValueOrDefault(key);
}
