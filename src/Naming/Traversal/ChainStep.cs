using System.Collections.Immutable;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// Extends a segment's chain by certified epochs: V8 or V9, V4-V7, V10, V11, V13, V14, then V15. The expiry of the
/// newest (V12) is asked where the chain is used.
/// </summary>
internal static class ChainStep
{
    /// <summary>The chain with the epochs, or the error; the old state is untouched.</summary>
    /// <param name="request">What is held and what came.</param>
    /// <param name="evidence">What came proves against the segment's keys (V38); null for nothing.</param>
    internal static (SegmentState? Next, Refusal? Refusal) Extend(ChainRequest request, out Contradiction? evidence)
    {
        evidence = null;
        var state = request.Held;
        foreach (var (document, index) in request.Epochs.Select((document, index) => (document, index)))
        {
            var (next, refusal) = One(request, state, document, out evidence);

            // A fork of what only introduces, and introduced before, is evidence and nothing to go on from: what is
            // held stands (I24), as does a seal under it.
            if (refusal is { Failure: EpochEquivocation } && request.Spares)
            {
                break;
            }

            if (next is null)
            {
                return (null, refusal!.At($"epochs[{index}]"));
            }

            state = next;
        }

        if (state is null)
        {
            return Fail(EpochUnknown, "nothing is held of this segment, and no epoch came");
        }

        if (request is { IsIntroduction: false, Held: { } held }
            && request.Epochs is [.., var last]
            && last.Epoch.Value.Number < held.NewestNumber)
        {
            return Fail(EpochRollback, $"the chain ends at {last.Epoch.Value.Number}; held is {held.NewestNumber}");
        }

        return request.Start is { } start
            && !(request.Paging && start.Epoch > state.NewestNumber)
            && Contains(state, start) is { } missing
            ? (null, missing) : (state, null);
    }

    /// <summary>V30: the chain contains the floor; one below the first epoch held counts as contained.</summary>
    internal static Refusal? Contains(SegmentState state, Floor floor)
    {
        if (floor.Epoch > state.NewestNumber)
        {
            return new Refusal(
                BelowLinkFloor, "", $"the chain ends at {state.NewestNumber}, the floor is {floor.Epoch}");
        }

        return floor.Epoch >= state.First && state.DigestOf(floor.Epoch) != floor.Digest
            ? new Refusal(FloorMismatch, "", $"epoch {floor.Epoch} is not the one that the floor names")
            : null;
    }

    private static (SegmentState? Next, Refusal? Refusal) One(
        ChainRequest request, SegmentState? state, ParsedEpochDocument document, out Contradiction? evidence)
    {
        evidence = null;
        var number = document.Epoch.Value.Number;
        if (state is null)
        {
            return First(request, document);
        }

        if (number > state.NewestNumber)
        {
            return Successor(request, state, document);
        }

        if (number < state.First)
        {
            return (state, null);
        }

        if (state.DigestOf(number) == document.Epoch.Digest)
        {
            return (Remember(state, document.Epoch), null);
        }

        // A second certified epoch is evidence; one that its predecessor does not certify is only a bad epoch.
        var refusal = number > 0 && state.EpochOf(number - 1) is { } before
            ? Rules(request, before, document)
            : null;
        if (refusal is null && number == state.NewestNumber && state.Vote is { } vote)
        {
            evidence = new Contradiction(
                ContradictionKind.EpochCertificates, request.Genesis, vote, document.Raw.Vote);
        }

        return (null, refusal ?? new Refusal(EpochEquivocation, "", $"another epoch {number} is held"));
    }

    private static (SegmentState? Next, Refusal? Refusal) First(ChainRequest request, ParsedEpochDocument document)
    {
        var epoch = document.Epoch;
        if (request.Start is { } start && start.Epoch == epoch.Value.Number && start.Epoch > 0)
        {
            if (start.Digest != epoch.Digest)
            {
                return Fail(FloorMismatch, $"epoch {start.Epoch} is not the one that was trusted by its digest");
            }

            return EpochRules.CheckTrusted(epoch, request.Refused, request.Now, request.Delta) is { } bad
                ? (null, bad)
                : (Begin(request, epoch), null);
        }

        if (epoch.Value.Number != 0)
        {
            return Fail(EpochGap, $"the first epoch is {epoch.Value.Number}, not 0");
        }

        return EpochRules.CheckGenesis(
            document, request.Genesis, request.Refused, request.Now, request.Delta, request.Signatures)
            is { } refusal
            ? (null, refusal)
            : (Begin(request, epoch), null);
    }

    private static (SegmentState? Next, Refusal? Refusal) Successor(
        ChainRequest request, SegmentState state, ParsedEpochDocument document)
    {
        if (state.Chain.Length >= Limits.ChainEpochs)
        {
            return Fail(BudgetExceeded, $"more than {Limits.ChainEpochs} epochs");
        }

        if (Rules(request, state.Newest, document) is { } refusal)
        {
            return (null, refusal);
        }

        var floors = document.Epoch.Value.Op.Base is null
            ? state.Floors
            : ImmutableSortedDictionary<LeafName, LeafFloor>.Empty;
        return (state with
        {
            Chain = state.Chain.Add(document.Epoch.Digest),
            Epochs = state.Epochs.Add(document.Epoch),
            Vote = document.Raw.Vote,
            Floors = floors,
            Cleared = document.Epoch.Value.Op.Base is null ? state.Cleared : document.Epoch.Value.Number,
            Scoped = EpochDifference.MayChangeScopes(state.Newest.Value, document.Epoch.Value)
                ? document.Epoch.Value.Number
                : state.Scoped,
        }, null);
    }

    private static Refusal? Rules(ChainRequest request, Parsed<Epoch> before, ParsedEpochDocument document) =>
        EpochRules.CheckSuccessor(
            before, document, request.Genesis, request.Refused, request.Now, request.Delta, request.Signatures);

    private static SegmentState Begin(ChainRequest request, Parsed<Epoch> epoch) =>
        new(request.Genesis, epoch.Value.Number, [epoch.Digest], [epoch]);

    private static SegmentState Remember(SegmentState state, Parsed<Epoch> epoch) =>
        state.EpochOf(epoch.Value.Number) is not null
            ? state
            : state with { Epochs = [.. state.Epochs.Add(epoch).OrderBy(held => held.Value.Number)] };

    private static (SegmentState? Next, Refusal? Refusal) Fail(VerificationFailure failure, string detail) =>
        (null, new Refusal(failure, "", detail));
}
