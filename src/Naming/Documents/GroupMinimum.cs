namespace Fairlead.Naming;

/// <summary>
/// How many signers of a group a certificate needs.
/// </summary>
public sealed record GroupMinimum
{
    /// <summary>The group.</summary>
    public required string Group { get; init; }

    /// <summary>Its minimum, at least 1.</summary>
    public required long Min { get; init; }

    internal static GroupMinimum Read(DocumentReader reader) => new()
    {
        Group = reader.Text("group"),
        Min = reader.Integer("min"),
    };

    internal void WriteMembers(CanonicalWriter writer)
    {
        writer.Member("group", Group);
        writer.Member("min", Min);
    }
}
