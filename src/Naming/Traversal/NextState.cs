using System.Collections.Immutable;

namespace Fairlead.Naming.Traversal;

/// <summary>What a verifier remembers after an accepted answer. Each segment's part changes by its own hop only
/// (V40).</summary>
internal static class NextState
{
    internal static VerifierState After(VerificationContext context)
    {
        var draft = new StateDraft(context.State);
        foreach (var hop in context.Hops)
        {
            // Each hop's chain, seal and leaves are signed by that segment: signer and subject are one.
            draft.Write(hop.Genesis, Segment(context, hop));
            if (hop.By is { } by && by.Name != context.Hops[hop.Index - 1].Name)
            {
                draft.Pin(by.Name, by.Genesis, context.Hops[hop.Index - 1].Genesis);
            }
        }

        foreach (var domain in context.Domains)
        {
            // The home's own are told by its epoch, and need no memory.
            if (context.Last.Genesis != context.State.Home.Genesis && context.State.MayBind(context.Last.Genesis))
            {
                draft.Bind(domain, context.Last.Genesis);
            }
        }

        draft.RaiseTime(context.Home.Seal?.Issued ?? 0);
        return draft.State;
    }

    private static SegmentState Segment(VerificationContext context, HopFacts hop)
    {
        var segment = hop.Segment;
        if (hop.Seal is { } seal && (segment.Seal is not { } held || seal.Position.Order(held) > 0
            || (seal.Position == held && segment.SealCertificate is null)))
        {
            segment = segment with { Seal = seal.Position, SealCertificate = hop.Input.Raw.Seal };
        }

        segment = segment with { Floors = Floors(segment.Floors, hop, context.Now + context.Delta) };
        return segment with { Epochs = Kept(segment, hop) };
    }

    // The newest epochs, and the one that the seal in use stands under.
    private static ImmutableArray<Parsed<Epoch>> Kept(SegmentState segment, HopFacts hop)
    {
        if (segment.Epochs.Length <= SegmentState.MaxDocuments)
        {
            return segment.Epochs;
        }

        var newest = segment.Epochs[^(SegmentState.MaxDocuments - 1)..];
        return newest[0].Value.Number <= hop.Under.Value.Number
            ? segment.Epochs[^SegmentState.MaxDocuments..]
            : newest.Insert(0, hop.Under);
    }

    private static ImmutableSortedDictionary<LeafName, LeafFloor> Floors(
        ImmutableSortedDictionary<LeafName, LeafFloor> floors, HopFacts hop, long now)
    {
        foreach (var leaf in hop.Leaves)
        {
            if (leaf.Document is null || LeafRules.FloorOf(leaf) is not { } floor)
            {
                continue;
            }

            floors = floors.GetValueOrDefault(leaf.Name) == floor ? floors : floors.SetItem(leaf.Name, floor);
        }

        if (floors.Count <= SegmentState.MaxFloors)
        {
            return floors;
        }

        // A floor protects until its document expires; beyond the bound those with the least left go.
        var expired = floors.RemoveRange(floors.Where(floor => floor.Value.Expires <= now).Select(floor => floor.Key));
        var surplus = Math.Max(0, expired.Count - SegmentState.MaxFloors);
        return expired.RemoveRange(
            [.. expired.OrderBy(floor => floor.Value.Expires).Take(surplus).Select(floor => floor.Key)]);
    }
}
