using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// What the proofs of one hop say: that documents carry their names and are of this time (V26), that the last hop may
/// answer (V24, V31), and that the others name the next hop (V28, V29, V32).
/// </summary>
internal static class NameStep
{
    internal static Refusal? Check(VerificationContext context, HopFacts hop, AnswerResult result, Refusal? path)
    {
        if (hop.IsLast && result == AnswerResult.Denied)
        {
            return Length(context, hop);
        }

        var first = hop.IsLast && result == AnswerResult.Negative ? DenialRules.Check(hop, context.Query.Value) : null;
        return first
            ?? Documents(context, hop)
            ?? FarSideUp(context, hop)
            ?? Repointed(context, hop)
            ?? Length(context, hop)
            ?? (hop.IsLast ? Occluded(context, hop) ?? Stands(context, hop, result) : path);
    }

    private static Refusal? Length(VerificationContext context, HopFacts hop) =>
        hop.Newest.Policy.MaxHops < context.HopCount
            ? new Refusal(TooManyHops, "", $"{context.HopCount} hops; {hop.Name} allows {hop.Newest.Policy.MaxHops}")
            : null;

    // V29. A split's child shares its parent's name and is not what that name is pinned to.
    private static Refusal? Repointed(VerificationContext context, HopFacts hop) =>
        hop.Leads is { } to
        && to.Name != hop.Name
        && context.State.Pins.GetValueOrDefault(to.Name) is { } pin
        && pin.Genesis != to.Genesis
            ? new Refusal(LinkRepointed, "", $"{to.Name} is pinned to {pin.Genesis}, not {to.Genesis}")
            : null;

    // V28 upwards: the parent must name the child as well, which its own proofs show.
    private static Refusal? FarSideUp(VerificationContext context, HopFacts hop)
    {
        if (hop.Input.Raw.Kind != HopKind.Up)
        {
            return null;
        }

        var child = context.Hops[hop.Index - 1];
        return hop.Included<Link>(LeafClass.Link, child.Name.Label)?.Genesis == child.Genesis
            ? null
            : new Refusal(LinkNotAccepted, "", $"{hop.Name} shows no Link back to {child.Name}");
    }

    // A record is its segment's to give, a Set the home's, and that for names under clusterset.local alone.
    private static Refusal? Stands(VerificationContext context, HopFacts hop, AnswerResult result)
    {
        var stands = result switch
        {
            AnswerResult.Record => hop.Name == context.TargetSegment,
            AnswerResult.Set => context.TargetSegment is null,
            _ => true,
        };
        return stands
            ? null
            : new Refusal(PathBroken, "", $"{hop.Name} answers {context.Query.Value.Name} with a {result}");
    }

    // V31: what lies at or under a Link is the child's to say.
    private static Refusal? Occluded(VerificationContext context, HopFacts hop)
    {
        if (hop.Name == context.TargetSegment)
        {
            foreach (var at in context.Service.WithoutHost.LinkPoints)
            {
                if (hop.Included<Link>(LeafClass.Link, at) is not null)
                {
                    return new Refusal(OccludedByLink, "", $"there is a Link at {at}");
                }
            }
        }
        else if (context.TargetSegment is { } target
            && PathRules.ChildTowards(hop.Name, target) is { } child
            && target.IsAtOrUnder(hop.Name)
            && hop.Included<Link>(LeafClass.Link, child.Label) is not null)
        {
            return new Refusal(OccludedByLink, "", $"there is a Link at {child.Label}");
        }

        return null;
    }

    private static Refusal? Documents(VerificationContext context, HopFacts hop)
    {
        var floors = hop.Segment.Floors;
        foreach (var leaf in hop.Leaves)
        {
            if (leaf.Document is not null && LeafRules.Check(leaf, floors, context.Now + context.Delta) is { } refusal)
            {
                return refusal.At($"{leaf.Name.Class} {leaf.Name.Name}");
            }
        }

        return null;
    }
}
