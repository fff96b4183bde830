using System.Diagnostics.CodeAnalysis;
using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// What a seal and a handover have in common: a state in a slot of an epoch. Both are proposed, signed and certified
/// by the same rules and in one space of numbers (4.3.3); their members tell them apart, and so do their digests.
/// </summary>
/// <param name="Payload">The document's bytes.</param>
/// <param name="Digest">What its signers sign.</param>
/// <param name="Segment">The segment.</param>
/// <param name="Epoch">The epoch whose anchors sign.</param>
/// <param name="Seq">The slot.</param>
/// <param name="Issued">When it was proposed.</param>
/// <param name="Prev">The certified seal or handover before.</param>
/// <param name="Root">The root of the state's tree.</param>
/// <param name="Count">Leaves in it.</param>
internal sealed record StateClaim(
    ReadOnlyMemory<byte> Payload,
    Digest Digest,
    Digest Segment,
    long Epoch,
    long Seq,
    long Issued,
    Digest? Prev,
    Digest Root,
    long Count)
{
    /// <summary>The seal; null where this is a handover.</summary>
    internal Seal? Seal { get; private init; }

    /// <summary>The handover; null where this is a seal.</summary>
    internal Handover? Handover { get; private init; }

    internal static StateClaim Of(Parsed<Seal> seal)
    {
        var value = seal.Value;
        return new StateClaim(
            seal.Payload, seal.Digest, value.Segment, value.Epoch, value.Seq, value.Issued, value.Prev, value.Root,
                value.Count)
        {
            Seal = value,
        };
    }

    internal static StateClaim Of(Parsed<Handover> handover)
    {
        var value = handover.Value;
        return new StateClaim(
            handover.Payload,
            handover.Digest,
            value.Segment,
            value.Epoch,
            value.Seq,
            value.Issued,
            value.Prev,
            value.Root,
            value.Count)
        {
            Handover = value,
        };
    }

    /// <summary>Reads either; the refusal is a seal's where it is neither.</summary>
    internal static bool TryParse(
        ReadOnlyMemory<byte> payload,
        [NotNullWhen(true)] out StateClaim? claim,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        claim = Document.TryParse<Seal>(payload, out var seal, out refusal) ? Of(seal)
            : Document.TryParse<Handover>(payload, out var handover, out _) ? Of(handover)
            : null;
        return claim is not null;
    }
}
