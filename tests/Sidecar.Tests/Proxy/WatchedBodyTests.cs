using Fairlead.Sidecar.Proxy.Forwarding;
using Fairlead.TestKit;

namespace Fairlead.Sidecar.Tests.Proxy;

/// <summary>Whose time runs while a body is on its way.</summary>
public sealed class WatchedBodyTests : IDisposable
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(15);

    private readonly ManualTimeProvider _time = new();
    private readonly RequestBudget _budget;

    public WatchedBodyTests() => _budget = new RequestBudget(Length, _time);

    public void Dispose() => _budget.Dispose();

    [Fact]
    public async Task Client_ThatIsSlow_UsesNothing()
    {
        using var client = new Client();
        await using var body = new WatchedBody(client, _budget, isGrpc: false);
        _time.Advance(TimeSpan.FromSeconds(5));
        var reading = body.ReadAsync(new byte[8], Token);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(TimeSpan.FromSeconds(10), _budget.Left);
        client.Sends(8);
        Assert.Equal(8, await reading);
        _time.Advance(TimeSpan.FromSeconds(10) - TimeSpan.FromTicks(1));
        Assert.False(_budget.IsOver);
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.True(_budget.IsOver);
    }

    /// <summary>What it took for a part is not counted once it wants the next.</summary>
    [Fact]
    public async Task Endpoint_ThatTakesTheBodySlowly_UsesNothing_UntilItTakesNoMore()
    {
        using var client = new Client();
        await using var body = new WatchedBody(client, _budget, isGrpc: false);
        for (var part = 0; part < 10; part++)
        {
            client.Sends(8);
            Assert.Equal(8, await body.ReadAsync(new byte[8], Token));
            _time.Advance(TimeSpan.FromSeconds(14));
        }

        client.Sends(0);
        Assert.Equal(0, await body.ReadAsync(new byte[8], Token));
        Assert.Equal(Length, _budget.Left);
        _time.Advance(Length);
        Assert.True(_budget.IsOver);
    }

    [Fact]
    public async Task Grpc_IsBoundedByItsOwnDeadline()
    {
        using var client = new Client();
        await using var body = new WatchedBody(client, _budget, isGrpc: true);
        client.Sends(8);
        Assert.Equal(8, await body.ReadAsync(new byte[8], Token));
        _time.Advance(TimeSpan.FromHours(1));
        client.Sends(0);
        Assert.Equal(0, await body.ReadAsync(new byte[8], Token));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(_budget.IsOver);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Says when a part has come.</summary>
    private sealed class Client : MemoryStream
    {
        private TaskCompletionSource<int> _next = new();

        internal void Sends(int count) => _next.SetResult(count);

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await _next.Task;
            _next = new TaskCompletionSource<int>();
            return count;
        }
    }
}
