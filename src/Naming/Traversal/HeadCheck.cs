using System.Collections.Immutable;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// V41: a verifier that remembers nothing asks more than F home anchors, each with its nonce, where the home stands,
/// and takes the highest seal as its floor. Pure, thread-safe.
/// </summary>
public static class HeadCheck
{
    /// <summary>Judges the heads that came.</summary>
    /// <param name="state">The state with the home's verified chain.</param>
    /// <param name="nonce">The nonce that was sent with every request of this round.</param>
    /// <param name="heads">Each head beside the certified seal that it claims. A bad one counts as none.</param>
    /// <param name="now">One fixed moment, in unix milliseconds.</param>
    /// <param name="cache">What was verified before.</param>
    /// <returns>The state with the home's newest seal as floor, or <see cref="NoFreshHead"/>,
    /// <see cref="ClockSkew"/>.</returns>
    public static HeadVerdict Check(
        VerifierState state,
        Hex16 nonce,
        ImmutableArray<OfferedHead> heads,
        long now,
        VerifiedCache? cache = null)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state.HomeState is not { } home)
        {
            return new HeadVerdict(null, new Refusal(NoFreshHead, "heads", "nothing of the home is verified yet"));
        }

        var times = new SortedDictionary<Digest, long>();
        var signatures = new SignatureChecks(cache);
        SealPosition? highest = null;
        Envelope? certificate = null;
        long issued = 0;
        Refusal? last = null;
        foreach (var offered in heads.Take(Limits.ListItems))
        {
            if (One(home, nonce, offered, signatures, out var head, out var seal) is { } refusal)
            {
                last = refusal;
                continue;
            }

            var position = new SealPosition(seal!.Value.Epoch, seal.Value.Seq, seal.Digest);
            times[offered.Head.Signatures[0].Kid] = head!.Time;
            if (highest is null || position.Order(highest) > 0)
            {
                (highest, certificate, issued) = (position, offered.Seal, seal.Value.Issued);
            }
        }

        var faults = home.Newest.Value.Quorum.F;
        if (times.Count <= faults || highest is null)
        {
            var few = $"{times.Count} of {heads.Length} heads hold, wanted {faults + 1}; {last}";
            return new HeadVerdict(null, new Refusal(NoFreshHead, "heads", few), times.Count);
        }

        return ClockRules.CheckSkew(now, state.ClockDelta, (int)faults, [.. times.Values]) is { } skew
            ? new HeadVerdict(null, skew, times.Count)
            : new HeadVerdict(Adopt(state, home, highest, certificate, issued), null, times.Count);
    }

    private static VerifierState Adopt(
        VerifierState state, SegmentState home, SealPosition seal, Envelope? certificate, long issued)
    {
        var draft = new StateDraft(state);
        var isKnown = home.Seal is { } held && held.Order(seal) >= 0;
        draft.Write(home.Genesis, isKnown ? home : home with { Seal = seal, SealCertificate = certificate });
        draft.RaiseTime(issued);
        return draft.State;
    }

    private static Refusal? One(
        SegmentState home,
        Hex16 nonce,
        OfferedHead offered,
        SignatureChecks signatures,
        out Head? head,
        out Parsed<Seal>? seal)
    {
        head = null;
        seal = null;
        if (!Document.TryParse<Head>(offered.Head.Payload, out var parsed, out var bad)
            || !Document.TryParse<Seal>(offered.Seal.Payload, out seal, out bad))
        {
            return bad;
        }

        head = parsed.Value;
        if (head.Nonce != nonce || head.Segment != home.Genesis || seal.Value.Segment != home.Genesis)
        {
            return new Refusal(NoFreshHead, "head", "not for this nonce and segment");
        }

        if (head.Seal != seal.Digest || head.Epoch != seal.Value.Epoch || head.Seq != seal.Value.Seq)
        {
            return new Refusal(NoFreshHead, "head", "not the seal that it claims");
        }

        if (home.DigestOf(seal.Value.Epoch) != seal.Value.EpochDigest
            || home.EpochOf(seal.Value.Epoch) is not { } under)
        {
            return new Refusal(EpochUnknown, "seal", $"epoch {seal.Value.Epoch}");
        }

        return CertificateCheck.Statement(
                offered.Head, parsed.Digest, home.Newest.Value, ThresholdNotMet, signatures, out var anchor)?.At("head")
            ?? (home.IsExcluded(anchor!.Id)
                ? new Refusal(AnchorExcluded, "head", $"{anchor.Id} contradicted itself in this epoch")
                : null)
            ?? CertificateCheck.Seal(offered.Seal, seal, under.Value, signatures, out _)?.At("seal");
    }
}
