using Fairlead.Configuration.Yaml;

namespace Fairlead.Kubernetes.Manifests;

/// <summary>
/// One value of a manifest with its line; absent and null are the same, as in the API. Members that Fairlead does not
/// use cost nothing, since nobody asks for them. Immutable.
/// </summary>
internal sealed class ManifestNode(YamlNode node)
{
    /// <summary>The line it starts on, from 1.</summary>
    public int Line => node.Line;

    /// <summary>The text of a scalar; null for null, lists and maps.</summary>
    public string? Text => node is YamlScalar { IsNull: false } scalar ? scalar.Value : null;

    /// <summary>Whether it is null.</summary>
    public bool IsNull => node is YamlScalar { IsNull: true };

    /// <summary>Whether it is a list.</summary>
    public bool IsList => node is YamlSequence;

    /// <summary>Whether it is a map.</summary>
    public bool IsMap => node is YamlMapping;

    /// <summary>The items of a list; none for anything else.</summary>
    public IEnumerable<ManifestNode> Items =>
        node is YamlSequence list ? list.Items.Select(item => new ManifestNode(item)) : [];

    /// <summary>The member of that name, unless it is absent or null or this is no map.</summary>
    public ManifestNode? this[string name] => node is YamlMapping map && map.Find(name) is { } entry
        && entry.Value is not YamlScalar { IsNull: true } ? new ManifestNode(entry.Value) : null;

    /// <summary>What stands for an absent map.</summary>
    public static ManifestNode Absent(int line) => new(new YamlScalar(string.Empty, isPlain: true, line));
}
