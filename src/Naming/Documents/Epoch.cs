using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// A numbered, certified version of a segment's government. Its digest in number 0 is the segment's identity: the
/// genesis digest.
/// </summary>
public sealed record Epoch : Document, IDocument<Epoch>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("epoch", Limits.EpochBytes);

    /// <summary>1 to 16, ascending by id.</summary>
    public required ImmutableArray<EpochAnchor> Anchors { get; init; }

    /// <summary>The segment's trust domains.</summary>
    public ImmutableArray<string> Domains { get; init; } = [];

    /// <summary>When a recovery epoch takes effect.</summary>
    public long? Effective { get; init; }

    /// <summary>Its number, from 0.</summary>
    public required long Number { get; init; }

    /// <summary>When it ends; only the newest epoch's counts (V12).</summary>
    public required long Expires { get; init; }

    /// <summary>When it was made.</summary>
    public required long Issued { get; init; }

    /// <summary>The oldest verifier that may judge it (V56).</summary>
    public long? MinVerifier { get; init; }

    /// <summary>The operation that made it.</summary>
    public required EpochOp Op { get; init; }

    /// <summary>The genesis digests of the peers it accepts.</summary>
    public ImmutableArray<Digest> Peers { get; init; } = [];

    /// <summary>The policy.</summary>
    public required Policy Policy { get; init; }

    /// <summary>The digest of the epoch before; absent in number 0.</summary>
    public Digest? Prev { get; init; }

    /// <summary>The thresholds.</summary>
    public required Quorum Quorum { get; init; }

    /// <summary>The recovery keys.</summary>
    public Recovery? Recovery { get; init; }

    /// <summary>Blinds the keys of the tree.</summary>
    public required Hex16 Salt { get; init; }

    /// <summary>The genesis digest; absent in number 0.</summary>
    public Digest? Segment { get; init; }

    /// <summary>The parents that may introduce it.</summary>
    public ImmutableArray<Uplink> Uplinks { get; init; } = [];

    /// <summary>The policy digest, which Attests name; computed anew at each call.</summary>
    public Digest PolicyDigest => Hashes.Policy(Policy);

    /// <inheritdoc/>
    public static Epoch Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Epoch
        {
            Anchors = reader.Required(
                "anchors",
                reader.Objects(
                    "anchors",
                    EpochAnchor.Read,
                    Limits.Anchors,
                    static (left, right) => string.CompareOrdinal(left.Id, right.Id))),
            Crit = crit,
            Domains = reader.Texts("domains", Limits.Domains),
            Effective = reader.OptionalInteger("effective"),
            Number = reader.Integer("epoch"),
            Expires = reader.Integer("expires"),
            Ext = ext,
            Issued = reader.Integer("issued"),
            MinVerifier = reader.OptionalInteger("min_verifier"),
            Op = reader.Object("op", EpochOp.Read),
            Peers = reader.Digests("peers", Limits.Peers),
            Policy = reader.Object("policy", Policy.Read),
            Prev = reader.OptionalDigest("prev"),
            Quorum = reader.Object("quorum", Quorum.Read),
            Recovery = reader.OptionalObject("recovery", Recovery.Read),
            Salt = reader.Hex16("salt"),
            Segment = reader.OptionalDigest("segment"),
            Uplinks = reader.Objects(
                "uplinks",
                Uplink.Read,
                Limits.Uplinks,
                static (left, right) => string.CompareOrdinal(left.Label, right.Label)),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Objects("anchors", Anchors, static (inner, value) => value.WriteMembers(inner));
        writer.Texts("crit", Crit);
        writer.Texts("domains", Domains);
        writer.Member("effective", Effective);
        writer.Member("epoch", Number);
        writer.Member("expires", Expires);
        writer.Extensions("ext", Ext);
        writer.Member("issued", Issued);
        writer.Member("min_verifier", MinVerifier);
        writer.Object("op", Op, static (inner, value) => value.WriteMembers(inner));
        writer.Texts("peers", Peers);
        writer.Object("policy", Policy, static (inner, value) => value.WriteMembers(inner));
        writer.Member("prev", Prev);
        writer.Object("quorum", Quorum, static (inner, value) => value.WriteMembers(inner));
        writer.Object("recovery", Recovery, static (inner, value) => value.WriteMembers(inner));
        writer.Member("salt", Salt);
        writer.Member("segment", Segment);
        writer.Objects("uplinks", Uplinks, static (inner, value) => value.WriteMembers(inner));
    }
}
