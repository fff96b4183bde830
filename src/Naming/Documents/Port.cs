namespace Fairlead.Naming;

/// <summary>
/// A port of a record.
/// </summary>
public sealed record Port
{
    /// <summary>Its name.</summary>
    public string? Name { get; init; }

    /// <summary>1 to 65535.</summary>
    public required long Number { get; init; }

    /// <summary>One of <see cref="PortProtocol"/>.</summary>
    public required string Protocol { get; init; }

    internal static int Compare(Port left, Port right) =>
        left.Number != right.Number
            ? left.Number.CompareTo(right.Number)
            : string.CompareOrdinal(left.Protocol, right.Protocol);

    internal static Port Read(DocumentReader reader) => new()
    {
        Name = reader.OptionalText("name"),
        Number = reader.Integer("number", 65535),
        Protocol = reader.Choice("protocol", PortProtocol.All),
    };

    internal void WriteMembers(CanonicalWriter writer)
    {
        writer.Member("name", Name);
        writer.Member("number", Number);
        writer.Member("protocol", Protocol);
    }
}
