namespace Fairlead.Configuration.Yaml;

/// <summary>Bounds on what <see cref="YamlReader"/> takes, so that no input costs too much. Immutable.</summary>
public sealed record YamlLimits
{
    /// <summary>The limits of a configuration file.</summary>
    public static YamlLimits Default { get; } = new();

    /// <summary>Bytes of the whole input.</summary>
    /// <value>Default 1 MiB.</value>
    public int BytesMax { get; init; } = 1 << 20;

    /// <summary>Sequences and mappings inside each other; recursion over nodes is safe within it.</summary>
    /// <value>Default 32.</value>
    public int DepthMax { get; init; } = 32;

    /// <summary>Scalars, sequences, mappings and keys in all documents together.</summary>
    /// <value>Default 200,000.</value>
    public int NodesMax { get; init; } = 200_000;

    /// <summary>UTF-16 units of one scalar.</summary>
    /// <value>Default 65,536.</value>
    public int ScalarMax { get; init; } = 1 << 16;
}
