namespace Fairlead.Naming;

/// <summary>
/// One endpoint of a slice.
/// </summary>
public sealed record SliceEndpoint
{
    /// <summary>A literal address in its one form.</summary>
    public required string Address { get; init; }

    /// <summary>The label that names it in a headless service.</summary>
    public string? Host { get; init; }

    /// <summary>Its SPIFFE id where it has one of its own.</summary>
    public string? Identity { get; init; }

    /// <summary>The network in which the address is meant; absent = flat.</summary>
    public string? Network { get; init; }

    /// <summary>One of <see cref="EndpointState"/>; absent = ready.</summary>
    public string? State { get; init; }

    /// <summary>Relative load; absent = 1.</summary>
    public long? Weight { get; init; }

    /// <summary>Its zone.</summary>
    public string? Zone { get; init; }

    internal static int Compare(SliceEndpoint left, SliceEndpoint right)
    {
        var order = CanonicalOrder.Compare(left.Address, right.Address);
        return order != 0 ? order : string.CompareOrdinal(left.Host, right.Host);
    }

    internal static SliceEndpoint Read(DocumentReader reader) => new()
    {
        Address = reader.Address("address"),
        Host = reader.OptionalLabel("host"),
        Identity = reader.OptionalText("identity"),
        Network = reader.OptionalText("network"),
        State = reader.OptionalChoice("state", EndpointState.Draining, EndpointState.Unready),
        Weight = reader.OptionalInteger("weight"),
        Zone = reader.OptionalText("zone"),
    };

    internal void WriteMembers(CanonicalWriter writer)
    {
        writer.Member("address", Address);
        writer.Member("host", Host);
        writer.Member("identity", Identity);
        writer.Member("network", Network);
        writer.Member("state", State);
        writer.Member("weight", Weight);
        writer.Member("zone", Zone);
    }
}
