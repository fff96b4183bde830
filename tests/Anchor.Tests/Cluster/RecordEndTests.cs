using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Google.Protobuf;
using Record = Fairlead.Naming.Record;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>
/// A record that its publisher does not renew (V26): between its end and the seal that drops it there is nothing that a
/// verifier would take. That is said of its name, as what will be better later, and costs no other name anything.
/// </summary>
public sealed class RecordEndTests : IAsyncLifetime
{
    private const string Checkout = "checkout.shop.svc";
    private const string Cart = "cart.shop.svc";

    private readonly Streams _streams = new();
    private readonly ClusterClient _client = new();
    private readonly Moves _moves = new();
    private readonly AnchorCluster _home;
    private readonly AnchorCluster _target;
    private readonly CancellationTokenSource _bounded =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    public RecordEndTests()
    {
        _home = new AnchorCluster("eu1.internal", 100, ClusterClient.Subjects, anchors: 1) { Loggers = _moves };
        _target = new AnchorCluster("us1.internal", 200, anchors: 1)
        {
            Decorate = service => service.Intercept(_streams),
        };
        _home.Segment.PeerWith(_target.Segment);
        _target.Segment.PeerWith(_home.Segment);
    }

    private CancellationToken Token => _bounded.Token;

    public async ValueTask InitializeAsync()
    {
        _bounded.CancelAfter(TimeSpan.FromMinutes(4));
        await Task.WhenAll(_home.StartAllAsync(), _target.StartAllAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await _home.DisposeAsync();
        await _target.DisposeAsync();
        await _client.DisposeAsync();
        _bounded.Dispose();
    }

    [Fact]
    public async Task Record_ThatEnds_EndsForItsNameAlone()
    {
        await _client.SealAsync(_target, 0, Cart, Token);
        await using var anchor = _client.AsPod(_home, 0);
        using var call = anchor.Subscribe(Token);
        await OpenAsync(call, 1, Cart);

        // Asked for again and again, so that it is looked at in each moment around its end.
        for (var (id, last) = (await ShowAsync(call), Result.Record); last != Result.Negative; id++)
        {
            await OpenAsync(call, id, Checkout);
            last = await NextAsync(call, id);
            await Task.Delay(50, Token);
        }

        // It is alone in that: the other name goes on where it is.
        var (cart, of) = ClusterClient.Make(_target, Cart);
        await _client.PublishAsync(_target, 0, cart, of, cancellationToken: Token);
        while (!await ShowsAsync(call, cart))
        {
            // What was on its way before.
        }

        // Whatever else an anchor that is slow is left for.
        var failures = _moves.Failures.ToList();
        Assert.DoesNotContain(VerificationFailure.RecordExpired, failures);
        Assert.InRange(_streams.Count, 1, 1 + failures.Count);
    }

    // Publishes it with a life that is long enough for this machine to show it, as short as that may be.
    private async Task<ulong> ShowAsync(AsyncDuplexStreamingCall<SubscribeRequest, SubscribeResponse> call)
    {
        var id = 2ul;
        for (var life = 3_000; ; life *= 4)
        {
            var (whole, slice) = ClusterClient.Make(_target, Checkout);
            await _client.PublishAsync(
                _target, 0, Document.Make(whole.Value with { Expires = ClusterClient.Now + life }), slice,
                cancellationToken: Token);
            await OpenAsync(call, id, Checkout);
            if (await NextAsync(call, id++) == Result.Record)
            {
                return id;
            }
        }
    }

    private async Task OpenAsync(
        AsyncDuplexStreamingCall<SubscribeRequest, SubscribeResponse> call, ulong id, string name)
    {
        var query = ClusterClient.Ask(_home, $"{name}.us1.internal");
        var request = new ResolveRequest { Query = UnsafeByteOperations.UnsafeWrap(query.Payload) };
        await call.RequestStream.WriteAsync(
            new SubscribeRequest { Open = new Open { Id = id, Request = request } }, Token);
    }

    /// <summary>What is said of a subscription next; of no other one anything but "later" is said.</summary>
    private async Task<Result> NextAsync(
        AsyncDuplexStreamingCall<SubscribeRequest, SubscribeResponse> call, ulong id)
    {
        while (true)
        {
            var response = await ReadAsync(call);
            if (response.Update?.Ids.Contains(id) == true)
            {
                return response.Update.Answer.Result;
            }

            if (response.Failed?.Id == id)
            {
                return Result.Unspecified;
            }
        }
    }

    private async Task<bool> ShowsAsync(
        AsyncDuplexStreamingCall<SubscribeRequest, SubscribeResponse> call, Parsed<Record> record) =>
        (await ReadAsync(call)).Update?.Answer.Hops[^1].Proofs.Any(
            leaf => leaf.Leaf.Span.SequenceEqual(record.Payload.Span)) == true;

    private async Task<SubscribeResponse> ReadAsync(
        AsyncDuplexStreamingCall<SubscribeRequest, SubscribeResponse> call)
    {
        Assert.True(await call.ResponseStream.MoveNext(Token));
        var response = call.ResponseStream.Current;
        Assert.True(
            response.Failed is null || (RpcFailures.TryParse(response.Failed.Failure, out var failure)
                && RpcFailures.IsRetriable(failure)), response.ToString());
        return response;
    }

    /// <summary>Counts the subscription streams.</summary>
    private sealed class Streams : ServerInterceptor
    {
        private int _count;

        internal int Count => Volatile.Read(ref _count);

        public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            DuplexStreamingServerMethod<TRequest, TResponse> continuation)
        {
            if (typeof(TRequest) == typeof(SubscribeRequest))
            {
                Interlocked.Increment(ref _count);
            }

            return continuation(requestStream, responseStream, context);
        }
    }
}
