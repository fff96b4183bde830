using System.Collections.Concurrent;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Home;

/// <summary>
/// Names of a segment to which no way leads: the transit that denies it, or proves that there is none, answers each of
/// them, until the way is to be looked at again. Used by one task.
/// </summary>
internal sealed class EndedWay(
    ServingContext context,
    HomeVerifier verifier,
    AttestBook attests,
    IntroductionBook introductions,
    SegmentName target,
    ConcurrentDictionary<ulong, RelayedName> names,
    Wakeup wakeup)
{
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(250);

    private readonly HashSet<ulong> _answered = [];

    /// <summary>Answers until the way is another one; a refusal where what the transit said does not hold.</summary>
    internal async Task<Refusal?> RunAsync(Way way, CancellationToken cancellationToken)
    {
        while (ReferenceEquals(introductions.Current(target), way))
        {
            foreach (var name in names.Values)
            {
                if ((name.TakeRefresh() | _answered.Add(name.Id))
                    && await AnswerAsync(way, name).ConfigureAwait(false) is { } refusal)
                {
                    return refusal;
                }
            }

            await wakeup.WaitAsync(Turn, cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }

        return null;
    }

    private async Task<Refusal?> AnswerAsync(Way way, RelayedName name)
    {
        if (context.Views.Current is not { } view)
        {
            return new Refusal(VerificationFailure.NotSealed, "home", "the own segment is not sealed");
        }

        var own = HomeAnswers.Build(
            view, attests, name.Consumer, target, null, null, context.Now(), out var missing);
        if (own is null)
        {
            await attests.SettledAsync(view, AttestTerms.OfHome(view, name.Consumer, target)).ConfigureAwait(false);
            own = HomeAnswers.Build(view, attests, name.Consumer, target, null, null, context.Now(), out missing);
        }

        // What this home cannot say or denies is its own affair, and no fault of the transit.
        if (own is not { Result: not AnswerResult.Denied })
        {
            name.Fail(missing ?? TargetStream.DeniedByHome(target));
            if (own is null)
            {
                _answered.Remove(name.Id);
            }

            return null;
        }

        var last = way.Hops[^1];
        var (expiry, seal) = Relayed.EndOf(last.Hop);
        var relayed = new Relayed(way.Hops, way.Result, [], Math.Min(expiry, way.Until), long.MaxValue, seal)
        {
            IsOfTarget = false,
        };
        var said = new UnverifiedAnswer(name.Query.Payload, [last.ForVerifier()], way.Result, []);
        return verifier.Check(
            own.Hop, way.Hops[..^1], name, said,
            lost =>
            {
                if (lost is null)
                {
                    name.Accept(relayed);
                }
                else
                {
                    name.Fail(lost);
                }
            },
            static () => { },
            static () => { });
    }
}
