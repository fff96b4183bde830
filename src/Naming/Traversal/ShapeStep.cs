using System.Collections.Immutable;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>The shape of an answer before any signature is verified: V25, V31-V33 as far as kinds and counts
/// tell.</summary>
internal static class ShapeStep
{
    internal static Refusal? Check(VerificationContext context, UnverifiedAnswer answer, ImmutableArray<HopInput> hops)
    {
        var epochs = 0;
        foreach (var hop in hops)
        {
            epochs += NewEpochs(context.State, hop);
        }

        return epochs > Limits.NewEpochs
            ? new Refusal(BudgetExceeded, "", $"{epochs} new epochs, at most {Limits.NewEpochs}")
            : Repeats(hops) ?? Kinds(context, hops) ?? Result(answer.Result) ?? Contents(answer, hops);
    }

    private static int NewEpochs(VerifierState state, HopInput hop)
    {
        var held = state.Segments.GetValueOrDefault(hop.Raw.Genesis);
        var count = 0;
        foreach (var epoch in hop.Epochs)
        {
            count += held?.DigestOf(epoch.Epoch.Value.Number) == epoch.Epoch.Digest ? 0 : 1;
        }

        return count;
    }

    private static Refusal? Repeats(ImmutableArray<HopInput> hops)
    {
        for (var i = 0; i < hops.Length; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (hops[i].Raw.Genesis != hops[j].Raw.Genesis)
                {
                    continue;
                }

                return hops[i].Seal is { } seal && hops[j].Seal is { } other && seal.Digest != other.Digest
                    ? new Refusal(MixedSeals, $"hops[{i}]", $"another seal of the segment of hop {j}")
                    : new Refusal(LoopDetected, $"hops[{i}]", $"the segment of hop {j} again");
            }
        }

        return hops.Length > Limits.Hops
            ? new Refusal(TooManyHops, "hops", $"{hops.Length} hops, at most {Limits.Hops}")
            : null;
    }

    private static Refusal? Kinds(VerificationContext context, ImmutableArray<HopInput> hops)
    {
        if (hops.IsEmpty || hops[0].Raw.Kind != HopKind.Home || hops[0].Raw.Genesis != context.State.Home.Genesis)
        {
            return new Refusal(PathBroken, "hops[0]", "the first hop is not the home");
        }

        for (var i = 1; i < hops.Length; i++)
        {
            // Home, up*, peer?, down*: the kinds are numbered in that order.
            var before = hops[i - 1].Raw.Kind;
            var kind = hops[i].Raw.Kind;
            if (kind is not (HopKind.Up or HopKind.Peer or HopKind.Down)
                || kind < before
                || (kind == HopKind.Peer && before == HopKind.Peer))
            {
                return new Refusal(PathBroken, $"hops[{i}]", $"{kind} after {before}");
            }
        }

        return null;
    }

    // Redirects are followed by a later version; until then nothing pretends to have checked them.
    private static Refusal? Result(AnswerResult result) => result switch
    {
        AnswerResult.Record or AnswerResult.Set or AnswerResult.Negative or AnswerResult.Denied => null,
        AnswerResult.Redirect => new Refusal(TooManyRedirects, "result", "this version follows no redirects"),
        _ => new Refusal(BadEnvelope, "result", "no result"),
    };

    private static Refusal? Contents(UnverifiedAnswer answer, ImmutableArray<HopInput> hops)
    {
        for (var i = 0; i < hops.Length; i++)
        {
            var hop = hops[i];
            var bare = answer.Result == AnswerResult.Denied && i == hops.Length - 1;
            if (bare
                && (hop.Seal is not null || !hop.Raw.Nodes.IsEmpty || !hop.Leaves.IsEmpty || !answer.Slices.IsEmpty))
            {
                return new Refusal(PolicyDenied, $"hops[{i}]", "a denial with data attached");
            }

            if (!bare && hop.Seal is null)
            {
                return new Refusal(BadEnvelope, $"hops[{i}]", "no seal");
            }
        }

        return null;
    }
}
