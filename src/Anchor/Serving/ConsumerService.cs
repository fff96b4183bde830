using System.Collections.Immutable;
using Fairlead.Anchor.Home;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Resolve and Subscribe: for the pods of the own segment, and for home anchors of others by Grant. Thread-safe.
/// </summary>
internal sealed class ConsumerService : IAsyncDisposable
{
    private static readonly TimeSpan ResolvePatience = TimeSpan.FromSeconds(3);

    // V64: an anchor that is behind waits a moment; another one need not be.
    private static readonly TimeSpan BehindPatience = TimeSpan.FromMilliseconds(500);

    private readonly ServingContext _context;
    private readonly Doorman _doorman;
    private readonly Answerer _answerer;
    private readonly HomeRelay _relay;

    internal ConsumerService(ServingContext context)
    {
        var mint = new AttestMint(context.SealKey);
        _context = context;
        _doorman = new Doorman(context);
        _answerer = new Answerer(context, mint);
        _relay = new HomeRelay(context, new HomeVerifier(context, mint));
    }

    /// <summary>Ends the upstream sessions.</summary>
    public ValueTask DisposeAsync() => _relay.DisposeAsync();

    /// <summary>Adds both methods to a service.</summary>
    internal ServerServiceDefinition.Builder AddTo(ServerServiceDefinition.Builder builder) => builder
        .AddMethod(AnchorMethods.Resolve, ResolveAsync)
        .AddMethod(AnchorMethods.Subscribe, SubscribeAsync);

    private Task SubscribeAsync(
        IAsyncStreamReader<SubscribeRequest> requests, IServerStreamWriter<SubscribeResponse> responses, ServerCallContext call) =>
        new ConsumerStream(_context, _doorman, _answerer, _relay, KidOf(call)).RunAsync(requests, responses, call.CancellationToken);

    private async Task<ResolveResponse> ResolveAsync(ResolveRequest request, ServerCallContext call)
    {
        var view = _context.Views.Current
            ?? throw RpcFailures.ToException(new Refusal(VerificationFailure.NotSealed, "", "no certified seal is held yet"));
        if (_doorman.Judge(request, KidOf(call), view, out var question) is { } refusal)
        {
            throw RpcFailures.ToException(refusal);
        }

        var known = question!.Known.ToImmutableDictionary(pair => pair.Key, pair => pair.Value.Epoch);
        if (Answerer.Leads(question, view) is not { } peer)
        {
            return Respond(_answerer.Compose(question, view, null, known, out refusal), refusal);
        }

        var (upstream, full) = _relay.Use(question, peer);
        if (upstream is null)
        {
            throw RpcFailures.ToException(full!);
        }

        try
        {
            upstream.AskAgain();
            return await RelayAsync(question, upstream, known, call.CancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _relay.Release(upstream);
        }
    }

    private async Task<ResolveResponse> RelayAsync(
        AskedQuestion question, RelayedName upstream, ImmutableDictionary<Digest, long> known, CancellationToken cancellationToken)
    {
        var wakeup = new Wakeup(_context.Time);
        upstream.Changed += wakeup.Signal;
        try
        {
            var start = _context.Time.GetTimestamp();
            while (true)
            {
                var (relayed, failure) = upstream.Read();
                var composed = _answerer.Compose(question, _context.Views.Current!, relayed, known, out var refusal);
                var patience = refusal?.Failure == VerificationFailure.Behind ? BehindPatience : ResolvePatience;
                var left = patience - _context.Time.GetElapsedTime(start);
                if (composed is not null || left <= TimeSpan.Zero)
                {
                    return Respond(composed, relayed is null ? failure ?? refusal : refusal);
                }

                await wakeup.WaitAsync(left, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            upstream.Changed -= wakeup.Signal;
        }
    }

    private static ResolveResponse Respond(Answerer.Composed? composed, Refusal? refusal) => composed is not null
        ? new ResolveResponse { Answer = WireWriter.ToMessage(composed.Answer) }
        : throw RpcFailures.ToException(refusal!);

    private static Digest? KidOf(ServerCallContext call) =>
        call.PeerKey is { } point && PublicKey.TryFromPoint(point, out var key, out _) ? key.Kid : null;
}
