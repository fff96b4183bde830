using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Home.Introductions;

/// <summary>
/// Walks to another segment: asks each transit in turn for its hop, at any of its anchors that answers well (4.9), or
/// has the transit before it ask, where none of a transit's anchors can be reached from here. Thread-safe.
/// </summary>
internal sealed partial class Introducing(ServingContext context, HomeVerifier verifier, ChainBook chains)
{
    private static readonly TimeSpan DirectPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly VerifiedCache _cache = context.Verified;
    private int _turn;

    /// <summary>Walks the whole way.</summary>
    /// <returns>The way, or why it could not be walked now.</returns>
    internal async Task<(Way? Way, Refusal? Refusal)> WalkAsync(
        SegmentView view, SegmentName target, CancellationToken cancellationToken)
    {
        if (view.Towards(target) is not { } first)
        {
            return (null, new Refusal(
                VerificationFailure.NotSealed, view.Name.Text, $"no way leads from here to {target} any more"));
        }

        var step = new WayStep(view, target, first);
        while (true)
        {
            if (step.CheckNext(verifier.Pins) is { } refusal)
            {
                return (null, refusal);
            }

            if (step.HasArrived)
            {
                return (step.Made(AnswerResult.Record), null);
            }

            var (result, failed) = await AskAsync(view, target, step, cancellationToken).ConfigureAwait(false);
            if (failed is not null)
            {
                return (null, failed);
            }

            if (result != AnswerResult.Record)
            {
                return (step.Made(result), null);
            }
        }
    }

    /// <summary>Walks a way whose hops are at hand, as after a restart.</summary>
    internal async Task<(Way? Way, Refusal? Refusal)> RepeatAsync(
        SegmentView view, SegmentName target, IEnumerable<UnverifiedHop> hops, CancellationToken cancellationToken)
    {
        if (view.Towards(target) is not { } first)
        {
            return (null, new Refusal(VerificationFailure.LinkNotAccepted, view.Name.Text, $"no way to {target}"));
        }

        var step = new WayStep(view, target, first) { IsHeld = true };
        foreach (var hop in hops)
        {
            if (chains.Lacks(step.Next.Genesis, step.Next.Floor) && hop.Epochs.Length <= step.Next.Floor.Epoch)
            {
                await AskOwnAsync(view, step, cancellationToken).ConfigureAwait(false);
            }

            var refusal = step.CheckNext(verifier.Pins)
                ?? await TakeAsync(step, hop, AnswerResult.Record).ConfigureAwait(false);
            if (refusal is not null)
            {
                return (null, refusal);
            }
        }

        return step.HasArrived && step.CheckNext(verifier.Pins) is null
            ? (step.Made(AnswerResult.Record), null)
            : (null, new Refusal(VerificationFailure.PathBroken, target.Text, "the hops do not lead there"));
    }

    // Any anchor will do; one that lies or is away costs one try.
    private async Task<(AnswerResult Result, Refusal? Refusal)> AskAsync(
        SegmentView view, SegmentName target, WayStep step, CancellationToken cancellationToken)
    {
        var endpoints = verifier.Chain(step.Next.Genesis) is { } chain
            ? [.. chain.Newest.Value.Anchors.SelectMany(anchor => anchor.Endpoints)]
            : step.Next.Endpoints;
        var turn = (Interlocked.Increment(ref _turn) & int.MaxValue) % Math.Max(1, endpoints.Length);
        var meetings = new Meetings<AnchorClient>(
            [.. endpoints[turn..], .. endpoints[..turn]],
            endpoints.Length,
            (place, token) => chains.MeetAsync(
                place, step.Next.Genesis, step.Neighbour, step.Next.Floor, view, token),
            context.Time,
            cancellationToken);
        Refusal? last;
        await using (meetings.ConfigureAwait(false))
        {
            (var result, last) = await AskInTurnAsync(meetings, endpoints.Length, view, target, step, cancellationToken)
                .ConfigureAwait(false);
            if (last is null)
            {
                return (result, null);
            }
        }

        // No introduction comes of it, but what was introduced before goes on under a floor that was raised (V30).
        if (chains.Lacks(step.Next.Genesis, step.Next.Floor) && !cancellationToken.IsCancellationRequested)
        {
            await AskOwnAsync(view, step, cancellationToken).ConfigureAwait(false);
        }

        return (default, last);
    }

    // Where nobody of it is there for a while, or a few failed, the transit before is asked as well: from here there
    // may be no route.
    private async Task<(AnswerResult Result, Refusal? Refusal)> AskInTurnAsync(
        Meetings<AnchorClient> meetings,
        int count,
        SegmentView view,
        SegmentName target,
        WayStep step,
        CancellationToken cancellationToken)
    {
        var (failed, mayRelay) = (0, true);
        Refusal? last = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            var met = await meetings.NextAsync(mayRelay ? DirectPatience : Patience).ConfigureAwait(false);
            if (met is null && !mayRelay)
            {
                break;
            }

            if (met is not null)
            {
                var (result, refusal) = met.There is { } client
                    ? await AskOneAsync(client, view, target, step, cancellationToken).ConfigureAwait(false)
                    : (default, met.Refusal);
                if (refusal is null)
                {
                    return (result, null);
                }

                Note(step.Next.Name, target, refusal);
                last = refusal;
                failed++;
            }

            if (mayRelay && (met is null || failed >= Math.Min(DirectTries, count)))
            {
                mayRelay = false;
                if (last is null or { Failure: VerificationFailure.Behind }
                    && await AskRelayedAsync(view, target, step, cancellationToken).ConfigureAwait(false)
                        is { } relayed)
                {
                    return (relayed, null);
                }
            }
        }

        return (default, last ?? new Refusal(VerificationFailure.Behind, step.Next.Name.Text, "nobody of it is there"));
    }

    private void Note(SegmentName asked, SegmentName target, Refusal refusal) => HomeLog.NotIntroduced(
        context.Loggers.CreateLogger(typeof(Introducing).FullName!), asked.Text, target.Text, refusal.Failure,
        refusal.Detail);

    private async Task AskOwnAsync(SegmentView view, WayStep step, CancellationToken cancellationToken)
    {
        var next = step.Next;
        var refusal = await chains.AskOwnAsync(next.Genesis, step.Neighbour, next.Floor, view, cancellationToken)
            .ConfigureAwait(false);
        HomeLog.AskedOwn(
            context.Loggers.CreateLogger(typeof(Introducing).FullName!), next.Name.Text, next.Floor.Epoch,
            refusal?.ToString() ?? "held now");
    }

    private async Task<(AnswerResult Result, Refusal? Refusal)> AskOneAsync(
        AnchorClient client, SegmentView view, SegmentName target, WayStep step, CancellationToken cancellationToken)
    {
        await using (client.ConfigureAwait(false))
        {
            try
            {
                var (showing, hidden) = await ChainShowing.ShowAsync(client, view, step.Hops, null, cancellationToken)
                    .ConfigureAwait(false);
                if (showing is null)
                {
                    return (default, hidden);
                }

                var response = await client.IntroduceAsync(
                    Request(view, target, step.Next.Genesis, step.Child, showing), cancellationToken)
                    .ConfigureAwait(false);
                if (!WireReader.TryRead(response.Answer, out var answer, out var malformed))
                {
                    return (default, malformed);
                }

                return answer.Hops is [var hop]
                    ? (answer.Result, await TakeAsync(step, hop, answer.Result).ConfigureAwait(false))
                    : (default, new Refusal(
                        VerificationFailure.PathBroken, client.Endpoint.Text,
                        $"{answer.Hops.Length} hops from a transit"));
            }
            catch (RpcException e)
            {
                return (default, RpcFailures.Read(e)
                    ?? new Refusal(VerificationFailure.Behind, client.Endpoint.Text, e.Status.Detail));
            }
            catch (OperationCanceledException)
            {
                return (default, new Refusal(VerificationFailure.Behind, client.Endpoint.Text, "stopped"));
            }
        }
    }

    private IntroduceRequest Request(
        SegmentView view, SegmentName target, Digest asked, string? child, ChainShowing showing)
    {
        var query = Document.Make(new Query { Home = view.Genesis, Name = FullName.Parse(target.Text) });
        var request = new IntroduceRequest
        {
            Query = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(query.Payload),
            Child = child ?? "",
        };
        request.HomeEpochs.AddRange(showing.Home.Select(WireWriter.ToMessage));
        request.Via.AddRange(showing.Via.Select(WireWriter.ToMessage));
        if (verifier.Chain(asked) is { } chain)
        {
            request.Known.Add(WireWriter.ToKnown(chain));
        }

        return request;
    }

    // What the hop taught of the segment's chain is durable before the hop is used (V39).
    private async Task<Refusal?> TakeAsync(WayStep step, UnverifiedHop hop, AnswerResult result)
    {
        var log = chains.LogOf(step.Next.Genesis);
        log.PutBehind(step.Neighbour);
        var held = verifier.Chain(step.Next.Genesis);
        var durable = held?.NewestNumber ?? -1;
        if (hop.Genesis == step.Next.Genesis && hop.Epochs.Length > Limits.PageEpochs)
        {
            (hop, held, var gap) = Paged(step, hop, held, log);
            if (gap is not null)
            {
                return gap;
            }
        }

        var refusal = step.Take(
            hop, result, verifier.Pins, held, log, context.Now(), _cache, out var chain);
        verifier.Find(step.Evidence);
        return refusal is null && chain!.NewestNumber > durable
            ? await verifier.AdoptAsync(chain).ConfigureAwait(false)
            : refusal;
    }

    // A chain that is kept as a whole, longer than a hop may be.
    private (UnverifiedHop Hop, SegmentState? Chain, Refusal? Refusal) Paged(
        WayStep step, UnverifiedHop hop, SegmentState? held, EpochLog log)
    {
        var chain = held;
        foreach (var page in hop.Epochs.Skip((int)(held?.NewestNumber ?? -1) + 1).Chunk(Limits.PageEpochs))
        {
            var verdict = EpochChain.Extend(
                chain, hop.Genesis, null, [.. page], context.Now(), step.ClockDelta, step.Refused, _cache);
            if (!verdict.IsAccepted)
            {
                return (hop, held, verdict.Refusal.At(step.Next.Name.Text));
            }

            chain = verdict.Segment;
        }

        // Documents of a chain that the verifier holds by its digests alone; each is that epoch or none is kept.
        log.Add(hop.Epochs.TakeWhile((epoch, i) => Document.TryParse<Naming.Epoch>(epoch.Payload, out var one, out _)
            && chain!.DigestOf(i) == one.Digest));
        return (new RelayedHop(hop with { Epochs = [] }, EpochLog.Of(hop.Epochs)).ForVerifier(), chain, null);
    }
}
