using System.Collections.Immutable;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>V1-V3 and V56 of every object of an answer, in the order in which they stand in it.</summary>
internal static class AnswerParser
{
    /// <summary>The hops parsed, or the first object that is not what it must be.</summary>
    internal static (ImmutableArray<HopInput> Hops, Refusal? Refusal) Hops(UnverifiedAnswer answer)
    {
        if (Size(answer) is { } size)
        {
            return ([], size);
        }

        var hops = ImmutableArray.CreateBuilder<HopInput>(answer.Hops.Length);
        foreach (var raw in answer.Hops)
        {
            var (hop, refusal) = Hop(raw);
            if (hop is null)
            {
                return ([], refusal!.At($"hops[{hops.Count}]"));
            }

            hops.Add(hop);
        }

        return (hops.MoveToImmutable(), null);
    }

    /// <summary>The slices parsed, or the first that is not one.</summary>
    internal static (ImmutableArray<Parsed<Slice>> Slices, Refusal? Refusal) Slices(UnverifiedAnswer answer)
    {
        var slices = ImmutableArray.CreateBuilder<Parsed<Slice>>(answer.Slices.Length);
        foreach (var raw in answer.Slices)
        {
            if (!Document.TryParse<Slice>(raw, out var slice, out var refusal))
            {
                return ([], refusal.At($"slices[{slices.Count}]"));
            }

            slices.Add(slice);
        }

        return (slices.MoveToImmutable(), null);
    }

    private static (HopInput? Hop, Refusal? Refusal) Hop(UnverifiedHop raw)
    {
        var epochs = ImmutableArray.CreateBuilder<ParsedEpochDocument>(raw.Epochs.Length);
        foreach (var document in raw.Epochs)
        {
            if (!ParsedEpochDocument.TryParse(document, raw.Genesis, out var epoch, out var refusal))
            {
                return (null, refusal.At($"epochs[{epochs.Count}]"));
            }

            epochs.Add(epoch);
        }

        Parsed<Seal>? seal = null;
        if (raw.Seal is not null)
        {
            if (!Document.TryParse<Seal>(raw.Seal.Payload, out seal, out var refusal))
            {
                return (null, refusal.At("seal"));
            }

            if (seal.Value.Segment != raw.Genesis)
            {
                return (null, new Refusal(WrongSegment, "seal", $"a seal of {seal.Value.Segment}"));
            }
        }

        var (leaves, badLeaf) = Leaves(raw);
        var (attests, badAttest) = badLeaf is null ? Attests(raw) : ([], badLeaf);
        return badAttest is null
            ? (new HopInput(raw, epochs.MoveToImmutable(), seal, leaves, attests), null)
            : (null, badAttest);
    }

    private static (ImmutableArray<HopLeaf> Leaves, Refusal? Refusal) Leaves(UnverifiedHop raw)
    {
        var leaves = ImmutableArray.CreateBuilder<HopLeaf>(raw.Proofs.Length);
        foreach (var proof in raw.Proofs)
        {
            var (leaf, refusal) = LeafParser.Parse(proof);
            if (leaf is null)
            {
                return ([], refusal!.At($"proofs[{leaves.Count}]"));
            }

            leaves.Add(leaf);
        }

        return (leaves.MoveToImmutable(), null);
    }

    private static (ImmutableArray<HopAttest> Attests, Refusal? Refusal) Attests(UnverifiedHop raw)
    {
        var attests = ImmutableArray.CreateBuilder<HopAttest>(raw.Attests.Length);
        foreach (var envelope in raw.Attests)
        {
            var where = $"attests[{attests.Count}]";
            if (!Document.TryParse<Attest>(envelope.Payload, out var attest, out var refusal))
            {
                return ([], refusal.At(where));
            }

            if (attest.Value.Segment != raw.Genesis)
            {
                return ([], new Refusal(WrongSegment, where, $"an attest of {attest.Value.Segment}"));
            }

            attests.Add(new HopAttest(envelope, attest));
        }

        return (attests.MoveToImmutable(), null);
    }

    // V1: parts first, so that the error says which one is too large; then the whole without its slices.
    private static Refusal? Size(UnverifiedAnswer answer)
    {
        if (answer.Hops.Length > Limits.ListItems || answer.Slices.Length > Limits.ListItems)
        {
            return new Refusal(TooLarge, "", $"{answer.Hops.Length} hops, {answer.Slices.Length} slices");
        }

        long total = answer.Query.Length;
        foreach (var hop in answer.Hops)
        {
            if (AnswerSize.Check(hop, ref total) is { } refusal)
            {
                return refusal;
            }
        }

        foreach (var slice in answer.Slices)
        {
            if (slice.Length > Limits.SliceBytes)
            {
                return new Refusal(TooLarge, "slices", $"a slice of {slice.Length} bytes");
            }
        }

        return total > Limits.AnswerBytes ? new Refusal(TooLarge, "", $"{total} bytes without slices") : null;
    }
}
