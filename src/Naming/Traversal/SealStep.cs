using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>The seal of one hop: V16, V4-V7, V17-V19, and V57 for a hop that only introduces.</summary>
internal static class SealStep
{
    internal static Refusal? Check(VerificationContext context, HopFacts hop)
    {
        var seal = hop.Input.Seal!;
        if (Under(hop, seal.Value, out var under) is { } unknown)
        {
            return unknown;
        }

        hop.Under = under!;
        if (CertificateCheck.Seal(
            hop.Input.Raw.Seal!, seal, under!.Value, context.Signatures, out var signers) is { } bad)
        {
            return bad;
        }

        var position = new SealPosition(seal.Value.Epoch, seal.Value.Seq, seal.Digest);
        hop.Seal = new VerifiedSeal(position, seal.Value.Issued, seal.Value.Expires, seal.Value.Count, signers);
        return Order(context, hop, position) ?? Times(context, hop, seal.Value);
    }

    // V16. A hop that only introduces may stand under any epoch of the verified chain; the home under its newest only.
    private static Refusal? Under(HopFacts hop, Seal seal, out Parsed<Epoch>? under)
    {
        var segment = hop.Segment;
        under = null;
        if (seal.Epoch > segment.NewestNumber || seal.Epoch < segment.First)
        {
            return new Refusal(
                EpochUnknown, "", $"epoch {seal.Epoch}; held are {segment.First} to {segment.NewestNumber}");
        }

        if (seal.Epoch < segment.NewestNumber && (hop.IsLast || hop.Index == 0))
        {
            return new Refusal(EpochSuperseded, "", $"epoch {seal.Epoch}; the newest is {segment.NewestNumber}");
        }

        if (segment.DigestOf(seal.Epoch) != seal.EpochDigest)
        {
            return new Refusal(EpochDigestMismatch, "", $"not the digest of epoch {seal.Epoch}");
        }

        under = segment.EpochOf(seal.Epoch);
        return under is null ? new Refusal(EpochUnknown, "", $"epoch {seal.Epoch} is not held as a document") : null;
    }

    // V18. An introducing seal may be older than one held, but never another one in the same place; unless what it
    // introduces was introduced before. By V18's letter a parent that shows another seal of one slot to each home
    // anchor would end that; by I24 nothing that an introducer does changes an answer, and I24 is what is promised.
    // The seal stands by its own certificate, and what it proves against its signers is told (V38).
    private static Refusal? Order(VerificationContext context, HopFacts hop, SealPosition position)
    {
        if (context.State.Segments.GetValueOrDefault(hop.Genesis)?.Seal is not { } held)
        {
            return null;
        }

        var order = position.Order(held);
        if (order < 0 && (hop.IsLast || hop.Index == 0))
        {
            return new Refusal(
                SealRollback, "", $"({position.Epoch},{position.Seq}) lies before ({held.Epoch},{held.Seq})");
        }

        if (order != 0 || position.Digest == held.Digest)
        {
            return null;
        }

        // Both are certified: the one held was accepted, this one's certificate was checked before its place.
        context.Evidence = context.State.Segments[hop.Genesis].SealCertificate is { } other
            ? new Contradiction(ContradictionKind.Certificates, hop.Genesis, other, hop.Input.Raw.Seal!)
            : context.Evidence;
        return context.IsIntroducedBefore(hop)
            ? null
            : new Refusal(SealEquivocation, "", $"two seals ({held.Epoch},{held.Seq})");
    }

    private static Refusal? Times(VerificationContext context, HopFacts hop, Seal seal)
    {
        var policy = hop.Under.Value.Policy;
        if (seal.Issued > context.Now + context.Delta)
        {
            return new Refusal(FromFuture, "", $"issued {seal.Issued - context.Now} ms ahead");
        }

        if (hop.IsLast && seal.Expires <= context.Now + context.Delta)
        {
            return new Refusal(SealExpired, "", $"expired {context.Now - seal.Expires} ms ago");
        }

        if (seal.Expires - seal.Issued > policy.SealValidity || seal.Expires > hop.Under.Value.Expires)
        {
            return new Refusal(SealValidityTooLong, "", $"valid for {seal.Expires - seal.Issued} ms");
        }

        return hop.Introduces && IntroducedUntil(context, hop) <= context.Now + context.Delta
            ? new Refusal(IntroductionExpired, "", $"issued {context.Now - seal.Issued} ms ago")
            : null;
    }

    /// <summary>When the introduction by this hop ends (V57), in unix milliseconds.</summary>
    internal static long IntroducedUntil(VerificationContext context, HopFacts hop) =>
        hop.Seal!.Issued
        + Math.Min(context.Home.Newest.Policy.IntroductionMaxAge, hop.Newest.Policy.IntroductionMaxAge);
}
