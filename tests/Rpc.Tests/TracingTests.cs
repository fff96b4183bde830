using System.Collections.Concurrent;
using System.Diagnostics;
using Fairlead.TestKit.Processes;

namespace Fairlead.Rpc.Tests;

/// <summary>Spans of calls, and their context on the wire (W3C Trace Context).</summary>
[Collection(nameof(TracingTests))]
[CollectionDefinition(nameof(TracingTests), DisableParallelization = true)]
public sealed class TracingTests : IDisposable
{
    private const string Foreign = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private readonly ConcurrentQueue<Activity> _ended = new();
    private readonly ActivityListener _listener;
    private bool _clientsToo = true;

    public TracingTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Fairlead.Rpc",
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                _clientsToo || options.Kind == ActivityKind.Server
                    ? ActivitySamplingResult.AllDataAndRecorded
                    : ActivitySamplingResult.None,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Unary_IsAClientsSpanWithTheServersUnderIt()
    {
        await using var server = await Servers.StartAsync();
        await using var channel = Servers.Connect(server);
        using var outer = new Activity("outer").Start();
        Assert.Equal([1], await channel.CreateCallInvoker().AsyncUnaryCall(EchoService.Unary, null, default, [1]));
        Assert.Same(outer, Activity.Current);
        var (client, answered) = (await EndedAsync(ActivityKind.Client), await EndedAsync(ActivityKind.Server));
        Assert.Equal(outer.SpanId, client.ParentSpanId);
        Assert.Equal((client.TraceId, client.SpanId), (answered.TraceId, answered.ParentSpanId));
        Assert.Equal(EchoService.Unary.FullName[1..], client.OperationName);
        Assert.Equal("grpc", answered.GetTagItem("rpc.system"));
        Assert.Equal(0, answered.GetTagItem("rpc.grpc.status_code"));
    }

    [Fact]
    public async Task Failure_IsTheStatusOfBothSpans()
    {
        await using var server = await Servers.StartAsync();
        await using var channel = Servers.Connect(server);
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(EchoService.Fail, null, default, [65]);
        await Servers.FailsAsync(call.ResponseAsync);
        foreach (var kind in new[] { ActivityKind.Client, ActivityKind.Server })
        {
            var span = await EndedAsync(kind);
            Assert.Equal(
                (ActivityStatusCode.Error, (int)StatusCode.FailedPrecondition),
                (span.Status, span.GetTagItem("rpc.grpc.status_code")));
        }
    }

    [Theory]
    [InlineData(Foreign, "b7ad6b7169203331")]
    [InlineData("00-nonsense", "0000000000000000")]
    [InlineData("", "0000000000000000")]
    public async Task Header_OfAnotherProgram_IsTheServersParentIfItIsOne(string header, string parent)
    {
        _clientsToo = false;
        await using var server = await Servers.StartAsync();
        await using var channel = Servers.Connect(server);
        var options = new CallOptions(new Metadata { { "traceparent", header } });
        await channel.CreateCallInvoker().AsyncUnaryCall(EchoService.Unary, null, options, [1]);
        Assert.Equal(parent, (await EndedAsync(ActivityKind.Server)).ParentSpanId.ToString());
    }

    [Fact]
    public async Task Stream_HasNoSpan()
    {
        await using var server = await Servers.StartAsync();
        await using var channel = Servers.Connect(server);
        using var chat = channel.CreateCallInvoker().AsyncDuplexStreamingCall(EchoService.Chat, null, default);
        await chat.RequestStream.CompleteAsync();
        Assert.False(await chat.ResponseStream.MoveNext(Servers.Token));
        Assert.Empty(_ended);
    }

    private async Task<Activity> EndedAsync(ActivityKind kind) => (await Eventually.HoldsAsync(
        () => Task.FromResult(_ended.FirstOrDefault(span => span.Kind == kind)),
        found => found is not null, TimeSpan.FromMinutes(1), Servers.Token))!;
}
