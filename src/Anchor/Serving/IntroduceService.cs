using Fairlead.Anchor.Identities;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Introduce: the anchors of a home ask for this segment's hop on the way to another one (4.9). They show a tls key of
/// their home's newest epoch; what they ask for is a segment's name, and no service's is heard here. Thread-safe.
/// </summary>
internal sealed class IntroduceService(ServingContext context, AttestBook attests, HomeBook homes)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

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

        if (Judge(request, call, view, out var query) is { } refusal)
        {
            throw RpcFailures.ToException(refusal);
        }

        var built = await BuildAsync(query!.Value, request, call.CancellationToken).ConfigureAwait(false);
        Interlocked.Increment(ref _given);
        return new IntroduceResponse
        {
            Answer = WireWriter.ToMessage(
                EpochRoom.Fit(new UnverifiedAnswer(query.Payload, [built.Hop], built.Result, []))),
        };
    }

    private Refusal? Judge(
        IntroduceRequest request, ServerCallContext call, SegmentView view, out Parsed<Query>? query)
    {
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

        if (Caller.Of(call).Kid is not { } kid)
        {
            return new Refusal(VerificationFailure.TransportKeyMismatch, "tls", "the connection shows no key");
        }

        return homes.Learn(kid, query.Value.Home, target, request.HomeEpochs, request.Via, view, out var home)
            ?? EpochChain.CheckNewest(
                home!.Chain, home.Floor, context.Now(), view.Epoch.Value.Policy.ClockDelta)?.At("home")
            ?? AnchorOf(home!, call)
            ?? homes.Rates.Take(query.Value.Home);
    }

    private static Refusal? AnchorOf(HomeBook.Home home, ServerCallContext call) =>
        call.PeerKey is { } point && PublicKey.TryFromPoint(point, out var key, out _)
        && home.Chain.HasTransportKey(key)
            ? null
            : new Refusal(VerificationFailure.TransportKeyMismatch, "tls", "no anchor of the home's newest epoch");

    private async Task<BuiltAnswer> BuildAsync(
        Query query, IntroduceRequest request, CancellationToken cancellationToken)
    {
        var known = Doorman.ReadKnown(request.Known, out var all) is null ? all : [];
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
