using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Identities;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Introduce: the anchors of a home ask for this segment's hop on the way to another one (4.9). They show a tls key of
/// their home's newest epoch; what they ask for is a segment's name, and no service's is heard here. Where a home has
/// no route to the segments behind this one, they are asked from here (V48). Thread-safe.
/// </summary>
internal sealed class IntroduceService(
    ServingContext context, AttestBook attests, HomeBook homes, IntroductionRelay relay)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    // What an answer needs from here to whoever waits for it.
    private static readonly TimeSpan WayBack = TimeSpan.FromMilliseconds(500);

    private long _given;

    /// <summary>How many hops were given, denials and absences included.</summary>
    internal long Given => Interlocked.Read(ref _given);

    /// <summary>Adds the method to a service.</summary>
    internal ServerServiceDefinition.Builder AddTo(ServerServiceDefinition.Builder builder) =>
        builder.AddMethod(AnchorMethods.Introduce, IntroduceAsync);

    private async Task<IntroduceResponse> IntroduceAsync(IntroduceRequest request, ServerCallContext call)
    {
        var view = context.Views.Current;
        if (view is null || !view.IsValid(context.Now()))
        {
            throw RpcFailures.ToException(
                new Refusal(VerificationFailure.NotSealed, "", "no valid certified seal is held"));
        }

        if (Judge(request, call, view, out var query, out var ask) is { } refusal)
        {
            throw RpcFailures.ToException(refusal);
        }

        var span = ServingTracing.StartTransit(query!.Value, view);
        UnverifiedAnswer answer;
        try
        {
            var built = await BuildAsync(query.Value, request, call.CancellationToken).ConfigureAwait(false);
            answer = new UnverifiedAnswer(query.Payload, [built.Hop], built.Result, []);
            if (ask.HopsLeft > 0 && built.Result == AnswerResult.Record)
            {
                answer = await RelayAsync(answer, query.Value, request, ask, call).ConfigureAwait(false);
            }
        }
        catch (RpcException e) when (span is not null)
        {
            Spans.End(span, RpcFailures.Read(e) ?? new Refusal(VerificationFailure.Behind, "", e.Status.Detail));
            throw;
        }
        catch (OperationCanceledException)
        {
            span?.SetStatus(System.Diagnostics.ActivityStatusCode.Error, "given up").Stop();
            throw;
        }

        ServingTracing.EndTransit(span, answer);
        Interlocked.Increment(ref _given);
        return new IntroduceResponse { Answer = WireWriter.ToMessage(EpochRoom.Fit(answer)) };
    }

    // The target itself is no transit, and a path that came down or over a peer goes down only (V32).
    private async Task<UnverifiedAnswer> RelayAsync(
        UnverifiedAnswer answer, Query query, IntroduceRequest request, RelayedAsk ask, ServerCallContext call)
    {
        var view = context.Views.Current!;
        var target = query.Name.Segment!;
        if (view.Towards(target) is not { } next || next.Name == target
            || (request.Child.Length == 0 && next.Kind != HopKind.Down))
        {
            return answer;
        }

        var visited = RelayedAsk.WithOwn(query.Home, Genesis(request.Via), view.Genesis);
        if (homes.CountOnward(ask.Asker(query.Home)) is { } often)
        {
            throw RpcFailures.ToException(often);
        }

        // As the segment behind this one has to read it: by which of this one's own words it came here.
        var own = answer.Hops[0] with
        {
            Kind = request.Child.Length > 0 ? HopKind.Up
                : view.Epoch.Value.Peers.Contains(visited[^2]) ? HopKind.Peer
                : HopKind.Down,
        };
        var left = call.Deadline == DateTime.MaxValue
            ? TimeSpan.MaxValue
            : call.Deadline - context.Time.GetUtcNow().UtcDateTime - WayBack;
        var (behind, refusal) = await relay.AskAsync(
            ask.Asker(query.Home), view, request, own, visited, next, left, call.CancellationToken)
            .ConfigureAwait(false);
        return behind is null
            ? throw RpcFailures.ToException(Outward.Of(refusal!))
            : answer with { Hops = [.. answer.Hops, .. behind.Hops], Result = behind.Result };
    }

    private static IEnumerable<Digest> Genesis(IEnumerable<Hop> hops) => hops.Select(
        hop => WireReader.TryRead(hop.Genesis, out Digest genesis, out var refusal)
            ? genesis
            : throw RpcFailures.ToException(refusal));

    private Refusal? Judge(
        IntroduceRequest request, ServerCallContext call, SegmentView view, out Parsed<Query>? query,
        out RelayedAsk ask)
    {
        ask = new RelayedAsk([], 0);
        if (!Document.TryParse<Query>(request.Query.Memory, out query, out var refusal))
        {
            return refusal.At("query");
        }

        if (query.Value.Name is not { Service: null, Segment: { } target } || query.Value.Subject is not null)
        {
            return new Refusal(
                VerificationFailure.QueryMismatch, "query", "an introduction is to a segment, and for no subject");
        }

        if (target == view.Name)
        {
            return new Refusal(VerificationFailure.QueryMismatch, "query.name", $"{target} is this segment itself");
        }

        if (Doorman.ReadKnown(request.Known, out var known) is { } malformed)
        {
            return malformed;
        }

        if (known.TryGetValue(view.Genesis, out var asker) && asker.Epoch > view.Epoch.Value.Number)
        {
            return new Refusal(VerificationFailure.Behind, view.Name.Text, "the asker holds a later epoch");
        }

        var caller = Caller.Of(call);
        if (caller.Kid is not { } kid)
        {
            return new Refusal(VerificationFailure.TransportKeyMismatch, "tls", "the connection shows no key");
        }

        if (RelayedAsk.Read(request, query.Value.Home, view.Genesis, out ask) is { } loop)
        {
            return loop;
        }

        var refused = homes.Learn(
            kid, query.Value.Home, target, request.HomeEpochs, request.Via, view, out var home, caller.From)
            ?? EpochChain.CheckNewest(
                home!.Chain, home.Floor, context.Now(), view.Epoch.Value.Policy.ClockDelta)?.At("home")
            ?? AnchorOf(ask.IsRelayed ? home.Introducer : home.Chain, kid, ask.IsRelayed ? "last transit" : "home");
        if (refused is not null)
        {
            return refused;
        }

        caller.Accept();
        return homes.Count(ask, query.Value.Home);
    }

    private static Refusal? AnchorOf(SegmentState? segment, Digest kid, string whose) =>
        segment?.HasTransportKey(kid) == true
            ? null
            : new Refusal(
                VerificationFailure.TransportKeyMismatch, "tls", $"no anchor of the {whose}'s newest epoch");

    private async Task<BuiltAnswer> BuildAsync(
        Query query, IntroduceRequest request, CancellationToken cancellationToken)
    {
        var known = Doorman.InCommon(
            Doorman.ReadKnown(request.Known, out var all) is null ? all : [], context.Views.Current!, homes.OfOthers);
        var wakeup = new Wakeup(context.Time);
        attests.Changed += wakeup.Signal;
        try
        {
            var start = context.Time.GetTimestamp();
            while (true)
            {
                var view = context.Views.Current!;
                var built = TransitAnswers.Build(
                    view, attests, query.Home, query.Name.Segment!,
                    request.Child.Length == 0 ? null : request.Child,
                    known.GetValueOrDefault(view.Genesis)?.Epoch, context.Now(), out var refusal);
                var left = Patience - context.Time.GetElapsedTime(start);
                if (built is not null || left <= TimeSpan.Zero)
                {
                    return built ?? throw RpcFailures.ToException(Outward.Of(refusal!));
                }

                await wakeup.WaitAsync(left, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            attests.Changed -= wakeup.Signal;
        }
    }
}
