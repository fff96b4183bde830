using System.Threading.Channels;
using Fairlead.Naming;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;

namespace Fairlead.Resolver.Home;

/// <summary>One subscription stream to one home anchor, from first contact to its end. Thread-safe.</summary>
internal sealed class AnchorSession : IAsyncDisposable
{
    private const int RequestsMax = 20_000;

    private readonly HomeResolverOptions _options;
    private readonly VerifierMemory _memory;
    private readonly Action<ResolverEvent> _post;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<SubscribeRequest> _requests = Channel.CreateBounded<SubscribeRequest>(RequestsMax);
    private readonly Task _running;

    internal AnchorSession(int index, HomeResolverOptions options, VerifierMemory memory, Action<ResolverEvent> post)
    {
        Index = index;
        _options = options;
        _memory = memory;
        _post = post;
        _running = Task.Run(RunAsync);
    }

    /// <summary>The anchor's place in the configured order.</summary>
    internal int Index { get; }

    /// <summary>Where it listens.</summary>
    internal IpEndpoint Endpoint => _options.Anchors[Index];

    /// <summary>Sends a request as soon as the stream is open.</summary>
    internal void Send(SubscribeRequest request) => _requests.Writer.TryWrite(request);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var reason = new Refusal(VerificationFailure.Behind, Endpoint.Text, "the anchor ended the stream");
        var client = new AnchorClient(Endpoint, _options.Identity, _options.Time, _memory.State.HomeState);
        await using (client.ConfigureAwait(false))
        {
            try
            {
                reason = await HomeMeeting.MeetAsync(client, _memory, _options.Time, _stop.Token).ConfigureAwait(false)
                    ?? await StreamAsync(client, reason).ConfigureAwait(false);
            }
            catch (RpcException e)
            {
                reason = HomeMeeting.Describe(e, Endpoint);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }

        _post(new ResolverEvent.Broken(this, reason));
    }

    private async Task<Refusal> StreamAsync(AnchorClient client, Refusal ended)
    {
        using var call = client.Subscribe(_stop.Token);
        var writing = WriteAsync(call.RequestStream);
        while (await call.ResponseStream.MoveNext(_stop.Token).ConfigureAwait(false))
        {
            _post(new ResolverEvent.Heard(this, call.ResponseStream.Current));
        }

        _requests.Writer.TryComplete();
        await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return ended;
    }

    private async Task WriteAsync(IClientStreamWriter<SubscribeRequest> stream)
    {
        await foreach (var request in _requests.Reader.ReadAllAsync(_stop.Token).ConfigureAwait(false))
        {
            await stream.WriteAsync(request, _stop.Token).ConfigureAwait(false);
        }
    }
}
