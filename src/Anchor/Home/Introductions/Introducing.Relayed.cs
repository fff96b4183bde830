using System.Collections.Immutable;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Resolver.Anchors;
using Fairlead.Resolver.Home;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Home.Introductions;

/// <content>Through a transit, where there is no direct route to the next one (4.9).</content>
internal sealed partial class Introducing
{
    // A network without a route may let every try wait for its end.
    private const int DirectTries = 2;

    private const int TransitTries = 3;

    // As far as the path leads: who cannot be reached from here is mostly not the last one that cannot.
    private async Task<AnswerResult?> AskRelayedAsync(
        SegmentView view, SegmentName target, WayStep step, CancellationToken cancellationToken)
    {
        if (step.Last is not var (transit, child) || verifier.Chain(transit.Genesis) is not { } chain)
        {
            return null;
        }

        ImmutableArray<RelayedHop> before = [.. step.Hops.SkipLast(1)];
        var left = Math.Min(Limits.Hops, (int)view.Epoch.Value.Policy.MaxHops) - 3 - before.Length;
        if (left <= 0)
        {
            return null;
        }

        var (anchors, turn) = (chain.Newest.Value.Anchors, Interlocked.Increment(ref _turn) & int.MaxValue);
        for (var i = 0; i < Math.Min(TransitTries, anchors.Length); i++)
        {
            var places = anchors[(turn + i) % anchors.Length].Endpoints;
            var place = places[turn / anchors.Length % places.Length];
            var client = new AnchorClient(place, context.Transport, context.Time, chain);
            await using (client.ConfigureAwait(false))
            {
                Refusal? refusal;
                try
                {
                    (var answer, refusal) = await AskThroughAsync(
                        client, view, target, transit, child, before, left, step, cancellationToken)
                        .ConfigureAwait(false);
                    if (answer is not null)
                    {
                        await FillAsync(client, view, step, answer, cancellationToken).ConfigureAwait(false);
                        (var result, refusal) = await TakeAllAsync(step, answer).ConfigureAwait(false);
                        if (result is not null)
                        {
                            return result;
                        }
                    }
                }
                catch (RpcException e) when (!cancellationToken.IsCancellationRequested)
                {
                    refusal = HomeMeeting.Describe(e, place);
                }

                Note(transit.Name, target, refusal!);
                if (step.Hops.Count > before.Length + 1)
                {
                    return AnswerResult.Record; // As far as it holds; the next one may be reached from here again.
                }
            }
        }

        return null;
    }

    private async Task<(UnverifiedAnswer? Answer, Refusal? Refusal)> AskThroughAsync(
        AnchorClient client,
        SegmentView view,
        SegmentName target,
        Onward transit,
        string? child,
        ImmutableArray<RelayedHop> before,
        int left,
        WayStep step,
        CancellationToken cancellationToken)
    {
        var (showing, hidden) = await ChainShowing.ShowAsync(
            client, view, before, step.Next.Genesis, cancellationToken).ConfigureAwait(false);
        if (showing is null)
        {
            return (null, hidden);
        }

        var request = Request(view, target, transit.Genesis, child, showing);
        request.HopsLeft = (uint)left;
        if (verifier.Chain(step.Next.Genesis) is { } next)
        {
            request.Known.Add(WireWriter.ToKnown(next));
        }

        var response = await client.IntroduceAsync(request, cancellationToken).ConfigureAwait(false);
        return WireReader.TryRead(response.Answer, out var answer, out var malformed)
            ? answer.Hops.Length >= 2 && answer.Hops[0].Genesis == transit.Genesis
                ? (answer, null)
                : (null, new Refusal(VerificationFailure.Behind, client.Endpoint.Text, "it does not relay"))
            : (null, malformed);
    }

    // A chain that is longer than a hop may bring (V36): the transit met the segment, and shows what it relays. Where
    // it does not, the hop's own check says what is missing.
    private async Task FillAsync(
        AnchorClient client, SegmentView view, WayStep step, UnverifiedAnswer answer,
        CancellationToken cancellationToken)
    {
        var held = verifier.Chain(step.Next.Genesis)?.NewestNumber ?? -1;
        if (answer.Hops[1] is { Epochs: [var first, ..] } hop && hop.Genesis == step.Next.Genesis
            && Document.TryParse<Naming.Epoch>(first.Payload, out var epoch, out _) && epoch.Value.Number > held + 1
            && await chains.AskRelayAsync(
                client, hop.Genesis, step.Neighbour, step.Next.Floor, view, cancellationToken)
                .ConfigureAwait(false) is { } refusal)
        {
            Note(step.Next.Name, step.Next.Name, refusal);
        }
    }

    // Each as if its own segment had been asked. What the transit says of itself is known already.
    private async Task<(AnswerResult? Result, Refusal? Refusal)> TakeAllAsync(WayStep step, UnverifiedAnswer answer)
    {
        for (var i = 1; i < answer.Hops.Length; i++)
        {
            var result = i == answer.Hops.Length - 1 ? answer.Result : AnswerResult.Record;
            var refusal = (i > 1 ? step.CheckNext(verifier.Pins) : null)
                ?? (step.HasArrived ? TooFar(step) : null)
                ?? await TakeAsync(step, answer.Hops[i], result).ConfigureAwait(false);
            if (refusal is not null)
            {
                return (null, refusal);
            }
        }

        return (answer.Result, null);
    }

    private static Refusal TooFar(WayStep step) =>
        new(VerificationFailure.PathBroken, step.Next.Name.Text, "a hop of the target among its introducers");
}
