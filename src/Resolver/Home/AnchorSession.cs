using System.Collections.Immutable;
using System.Threading.Channels;
using Fairlead.Identities;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;

namespace Fairlead.Resolver.Home;

/// <summary>One subscription stream to one home anchor, from first contact to its end. Thread-safe.</summary>
internal sealed class AnchorSession : IAsyncDisposable
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);

    private readonly HomeResolverOptions _options;
    private readonly VerifierMemory _memory;
    private readonly Action<ResolverEvent> _post;
    private readonly AnchorClient _client;
    private readonly ConsumerProof? _proof;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _room;
    private readonly Channel<SubscribeRequest> _requests;
    private readonly Task _running;
    private readonly AheadChecks _ahead;

    internal AnchorSession(
        int index, IpEndpoint endpoint, HomeResolverOptions options, VerifierMemory memory, Action<ResolverEvent> post)
    {
        Index = index;
        Endpoint = endpoint;
        _options = options;
        _memory = memory;
        _post = post;
        _requests = Channel.CreateBounded<SubscribeRequest>(options.UnsentMax);
        _room = new SemaphoreSlim(options.UnhandledMax, options.UnhandledMax);
        _proof = options.Proof?.Current;
        _client = options.Connect(endpoint, _proof, memory.State.HomeState);
        _ahead = new AheadChecks(memory.Prepare);
        _running = Task.Run(RunAsync);
    }

    /// <summary>The anchor's place in the order.</summary>
    internal int Index { get; }

    /// <summary>The connection, for a question beside the stream. It ends with the session.</summary>
    internal AnchorClient Client => _client;

    /// <summary>Where it listens.</summary>
    internal IpEndpoint Endpoint { get; }

    /// <summary>The subscriptions on this stream by number. Owned by the resolver's task.</summary>
    internal Dictionary<ulong, OpenName> Open { get; } = [];

    /// <summary>The newest home seal that it showed in an accepted answer. Owned by the resolver's task.</summary>
    internal SealPosition? ShownHome { get; set; }

    /// <summary>How many pieces of evidence it told. Owned by the resolver's task.</summary>
    internal int Told { get; set; }

    /// <summary>Sends a request as soon as the stream is open.</summary>
    /// <returns>False where too many wait already: the anchor reads none.</returns>
    internal bool Send(SubscribeRequest request) => _requests.Writer.TryWrite(request);

    /// <summary>A response was handled; there is room for another one.</summary>
    internal void Handled() => _room.Release();

    /// <summary>Holds the connection to the newest epoch of the home (V63).</summary>
    /// <returns><c>TransportKeyMismatch</c> where the anchor that is connected is no longer one of the
    /// home's.</returns>
    internal Refusal? Hold(SegmentState home) => _client.Require(home);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _room.Dispose();
    }

    private async Task RunAsync()
    {
        var reason = new Refusal(VerificationFailure.Behind, Endpoint.Text, "the anchor ended the stream");
        await using (_client.ConfigureAwait(false))
        {
            try
            {
                var met = await HomeMeeting.MeetAsync(_client, _memory, _options.Time, _stop.Token)
                    .ConfigureAwait(false);
                _post(new ResolverEvent.Met(this));
                reason = met ?? await StreamAsync(reason).ConfigureAwait(false);
            }
            catch (RpcException e)
            {
                reason = HomeMeeting.Describe(e, Endpoint);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e)
            {
                // Whatever an anchor can bring about here ends its own stream and nothing else.
                reason = Refusal.Unforeseen(Endpoint.Text, e);
            }
        }

        _post(new ResolverEvent.Broken(this, reason));
    }

    private async Task<Refusal> StreamAsync(Refusal ended)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var reading = ReadAsync(ended, over.Token);
        var watching = WatchAsync(over.Token);
        await Task.WhenAny(reading, watching).ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(reading, watching).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return watching.IsCompletedSuccessfully
            ? new Refusal(VerificationFailure.Behind, Endpoint.Text, "the pod has a newer proof of who it is")
            : await reading.ConfigureAwait(false);
    }

    // Ends when the pod proves itself by something newer than what this stream was opened with.
    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        while (_options.Proof is not { } proof || proof.Current == _proof)
        {
            await Task.Delay(
                _options.Proof is null ? Timeout.InfiniteTimeSpan : BetweenLooks, _options.Time, cancellationToken)
                .ConfigureAwait(false);
        }
    }

    private async Task<Refusal> ReadAsync(Refusal ended, CancellationToken cancellationToken)
    {
        using var call = _client.Subscribe(cancellationToken);
        var writing = WriteAsync(call.RequestStream, cancellationToken);

        // What is not handled yet is bounded: no more is read, and the transport's window stops the anchor.
        await _room.WaitAsync(cancellationToken).ConfigureAwait(false);
        while (await call.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false))
        {
            if (call.ResponseStream.Current is { KindCase: SubscribeResponse.KindOneofCase.Ahead } told)
            {
                _ = _ahead.Take(told.Ahead);
                continue;
            }

            // Before it waits to be handled: each number of a subscription is one byte on the way and eight here.
            if (call.ResponseStream.Current.Update is { } update && WireReader.CheckIds(update) is { } malformed)
            {
                return malformed;
            }

            var (chains, refusal) = await CatchUpAsync(call.ResponseStream.Current, cancellationToken)
                .ConfigureAwait(false);
            if (refusal is not null)
            {
                return refusal;
            }

            _post(new ResolverEvent.Heard(this, call.ResponseStream.Current) { Chains = chains });
            await _room.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        _requests.Writer.TryComplete();
        await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return ended;
    }

    // An answer that brings no epoch has no gap, and most bring none.
    private async ValueTask<(ImmutableArray<SegmentState> Chains, Refusal? Refusal)> CatchUpAsync(
        SubscribeResponse response, CancellationToken cancellationToken)
    {
        if (response.Update?.Answer is not { } said || said.Hops.All(hop => hop.Epochs.Count == 0)
            || !WireReader.TryRead(said, out var answer, out _))
        {
            return ([], null);
        }

        return await _memory.CatchUpAsync(_client, answer, _options.Time, cancellationToken).ConfigureAwait(false);
    }

    private async Task WriteAsync(IClientStreamWriter<SubscribeRequest> stream, CancellationToken cancellationToken)
    {
        await foreach (var request in _requests.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            await stream.WriteAsync(request, cancellationToken).ConfigureAwait(false);
        }
    }
}
