namespace Fairlead.Configuration.Yaml;

/// <summary>A list of nodes, in the order of the file.</summary>
public sealed class YamlSequence : YamlNode
{
    /// <summary>A sequence at a place in a file.</summary>
    public YamlSequence(IReadOnlyList<YamlNode> items, int line = 0, int column = 0)
        : base(line, column) => Items = items;

    /// <summary>The items.</summary>
    public IReadOnlyList<YamlNode> Items { get; }

    /// <inheritdoc/>
    public override string Shape => "a list";
}
