using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// One anchor of an epoch. Everything here is signed with the epoch.
/// </summary>
public sealed record EpochAnchor
{
    /// <summary>Who operates it: one administrator of T anchors shows as <c>single-admin</c> (V11).</summary>
    public required string Admin { get; init; }

    /// <summary>Where it is reached, 1 to 4.</summary>
    public required ImmutableArray<IpEndpoint> Endpoints { get; init; }

    /// <summary>Signs epoch votes, consents and transfers.</summary>
    public required PublicKey Gov { get; init; }

    /// <summary>The group that quorum minima may name.</summary>
    public string? Group { get; init; }

    /// <summary>The machine it runs on: one host of T anchors shows as <c>single-host</c> (V11).</summary>
    public required string Host { get; init; }

    /// <summary>Its name in the segment; anchors ascend by it.</summary>
    public required string Id { get; init; }

    /// <summary>Signs seals, handovers, attests, grants, heads and consents.</summary>
    public required PublicKey Seal { get; init; }

    /// <summary>Proves the transport, nothing else.</summary>
    public required PublicKey Tls { get; init; }

    /// <summary>Always 1 (V11).</summary>
    public required long Weight { get; init; }

    internal static EpochAnchor Read(DocumentReader reader) => new()
    {
        Admin = reader.Text("admin"),
        Endpoints = reader.Required(
            "endpoints", reader.Values<IpEndpoint>("endpoints", IpEndpoint.TryParse, Limits.Endpoints)),
        Gov = reader.Value<PublicKey>("gov", PublicKey.TryParse),
        Group = reader.OptionalText("group"),
        Host = reader.Text("host"),
        Id = reader.Text("id"),
        Seal = reader.Value<PublicKey>("seal", PublicKey.TryParse),
        Tls = reader.Value<PublicKey>("tls", PublicKey.TryParse),
        Weight = reader.Integer("weight"),
    };

    internal void WriteMembers(CanonicalWriter writer)
    {
        writer.Member("admin", Admin);
        writer.Texts("endpoints", Endpoints);
        writer.Member("gov", Gov);
        writer.Member("group", Group);
        writer.Member("host", Host);
        writer.Member("id", Id);
        writer.Member("seal", Seal);
        writer.Member("tls", Tls);
        writer.Member("weight", Weight);
    }
}
