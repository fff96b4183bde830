using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Home;

/// <summary>
/// What an anchor of a target said of a name, checked as a whole behind the own hop, however it came. Thread-safe.
/// </summary>
/// <param name="context">The anchor.</param>
/// <param name="verifier">The verifier.</param>
/// <param name="attests">The decisions of the own segment.</param>
/// <param name="epochs">The target's epochs as documents.</param>
internal sealed class TargetCheck(
    ServingContext context, HomeVerifier verifier, AttestBook attests, EpochLog epochs)
{
    /// <summary>The own hop before a target's; null where this home denies the question, or with why it cannot say
    /// it.</summary>
    internal async Task<(BuiltAnswer? Own, Refusal? Missing)> OwnAsync(
        SegmentView view, RelayedName name, Digest target)
    {
        var segment = name.Query.Value.Name.Segment!;
        var own = HomeAnswers.Build(
            view, attests, name.Consumer, segment, target, null, context.Now(), out var missing, target);
        if (own is null)
        {
            await attests.SettledAsync(view, AttestTerms.OfHome(view, name.Consumer, segment)).ConfigureAwait(false);
            own = HomeAnswers.Build(
                view, attests, name.Consumer, segment, target, null, context.Now(), out missing, target);
        }

        return own is { Result: not AnswerResult.Denied } ? (own, null) : (null, missing);
    }

    /// <summary>Checks an answer of one hop.</summary>
    /// <param name="own">The own hop.</param>
    /// <param name="way">The way to the target.</param>
    /// <param name="name">The name.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="settled">
    /// Told the answer once what follows from it is durable, or why it is lost. In the order of the checks, so that no
    /// older seal comes after a newer one (V18); must not block.
    /// </param>
    /// <param name="passed">Called where every check passed, before anybody else is checked against what follows from
    /// it; must not block. Null for nobody.</param>
    /// <returns>The first error, or null; and whether the epochs that came with it, if any, are kept.</returns>
    internal (Refusal? Refusal, bool IsWhole) Check(
        BuiltAnswer own, Way way, RelayedName name, UnverifiedAnswer answer, Action<Relayed?, Refusal?> settled,
        Action? passed = null)
    {
        // The epochs that came are the chain's next ones where the check says so; they are kept only then.
        Relayed? relayed = null;
        var isWhole = answer.Hops[0].Epochs.IsEmpty;
        var placed = answer with { Hops = [answer.Hops[0] with { Kind = way.Target.Kind }] };
        var refusal = verifier.Check(
            own.Hop, way.Hops, name, placed,
            lost => settled(lost is null ? Volatile.Read(ref relayed) : null, lost),
            () =>
            {
                epochs.Add(answer.Hops[0].Epochs);
                isWhole = true;
            },
            () =>
            {
                Volatile.Write(ref relayed, Relay(way, answer));
                passed?.Invoke();
            });
        return (refusal, isWhole);
    }

    private Relayed Relay(Way way, UnverifiedAnswer answer)
    {
        var hop = answer.Hops[0];
        var (expiry, seal) = Relayed.EndOf(hop);
        var last = new RelayedHop(hop with { Epochs = [], Kind = way.Target.Kind }, EpochLog.Of(epochs.All));
        return new Relayed(
            [.. way.Hops, last], answer.Result, answer.Slices, Math.Min(expiry, way.Until), LeafEnd.Of(hop), seal);
    }
}
