using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using Fairlead.TestKit.Processes;

namespace Fairlead.Resolver.Tests.Anchors;

/// <summary>First contact over a chain of four pages, by anchors that give a stranger some of them (V52).</summary>
public sealed class ChainPagesTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly ManualTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private readonly AnswerSegment _segment;
    private readonly List<ulong> _asked = [];
    private readonly BegunChains _begun = new(keepsDocuments: true);
    private Func<int, Refusal?> _refuses = static _ => null;
    private EpochsServer? _server;

    public ChainPagesTests()
    {
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        _segment = AnswerSegment.Create("us1.internal", now - 60_000);
        for (var i = 1; i < 100; i++)
        {
            _segment.Next(now - 5000);
        }
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await EpochsServer.StartAsync(
        request =>
        {
            int count;
            lock (_asked)
            {
                _asked.Add(request.From);
                count = _asked.Count;
            }

            return _refuses(count) is { } refusal
                ? throw RpcFailures.ToException(refusal)
                : _segment.Documents.Skip((int)request.From).Take((int)request.Limit);
        },
        Token);

    public ValueTask DisposeAsync() => _server!.DisposeAsync();

    [Fact]
    public async Task Limit_BehindTheFirstPage_IsWaitedForAndTheRestFollows()
    {
        _refuses = count => count is 3 or 4 or 6 ? Limited() : null;
        var (fetched, refusal) = await WhileTimePassesAsync(RunAsync());
        Assert.Equal(VerificationFailure.TransportKeyMismatch, refusal?.Failure);
        Assert.Null(fetched);
        Assert.Equal([0ul, 32, 64, 64, 64, 96, 96, 100], _asked);
    }

    [Fact]
    public async Task Limit_AtTheFirstPage_IsAnotherAnchorsTurnAtOnce()
    {
        _refuses = static _ => Limited();
        await Assert.ThrowsAsync<RpcException>(RunAsync);
        Assert.Single(_asked);
    }

    [Fact]
    public async Task Limit_WithoutEnd_EndsAndKeepsWhatIsVerified()
    {
        _refuses = static count => count > 2 ? Limited() : null;
        await Assert.ThrowsAsync<RpcException>(() => WhileTimePassesAsync(RunAsync()));
        Assert.Equal([0ul, 32, 64], _asked.Distinct());
        Assert.InRange(_asked.Count, 4, 10);

        _refuses = static _ => null;
        _asked.Clear();
        Assert.Equal(VerificationFailure.TransportKeyMismatch, (await RunAsync()).Refusal?.Failure);
        Assert.Equal([64ul, 96, 100], _asked);
    }

    /// <summary>What is known of the chain is no longer the same: the beginning is another's.</summary>
    [Fact]
    public async Task Beginning_BehindSomethingElse_IsNotGoneOnWith()
    {
        _refuses = static count => count > 2 ? new Refusal(VerificationFailure.NotSealed, "", "ends") : null;
        await Assert.ThrowsAsync<RpcException>(RunAsync);
        _refuses = static _ => null;
        _asked.Clear();
        var held = EpochChain.Extend(
            null, _segment.Genesis, null, [.. _segment.Documents.Take(10)], Now).Segment;
        await RunAsync(held);
        Assert.Equal(10ul, _asked[0]);
    }

    /// <summary>The oldest make room, and more than all may have is not kept.</summary>
    [Fact]
    public void Beginnings_AreBounded()
    {
        var now = Now;
        var segments = Enumerable.Range(0, BegunChains.ChainsMax + 1)
            .Select(i => AnswerSegment.Create($"n{i}.internal", now - 60_000)).ToList();
        var states = segments.ConvertAll(one =>
            EpochChain.Extend(null, one.Genesis, null, [.. one.Documents], now).Segment!);
        foreach (var (segment, state) in segments.Zip(states))
        {
            _begun.Keep(null, state, [.. segment.Documents]);
        }

        Assert.Null(_begun.Find(segments[0].Genesis, null));
        Assert.All(segments.Skip(1), one => Assert.NotNull(_begun.Find(one.Genesis, null)));
        var large = segments[0].Documents[0] with { Payload = new byte[BegunChains.BytesMax + 1] };
        _begun.Keep(null, states[0], [large]);
        Assert.Null(_begun.Find(segments[0].Genesis, null));
        _begun.Keep(null, states[0], [large with { Payload = new byte[BegunChains.BytesMax] }]);
        Assert.NotNull(_begun.Find(segments[0].Genesis, null));
        Assert.Null(_begun.Find(segments[1].Genesis, null));
    }

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private static Refusal Limited() => new(VerificationFailure.RateLimited, "", "later");

    private Task<(ChainFetch.Fetched? Fetched, Refusal? Refusal)> RunAsync() => RunAsync(null);

    // The server's key is none of the chain's: a chain that is whole ends with that.
    private async Task<(ChainFetch.Fetched? Fetched, Refusal? Refusal)> RunAsync(SegmentState? held)
    {
        var client = _server!.Client();
        await using (client)
        {
            return await ChainFetch.RunAsync(
                client, _segment.Genesis, held, null, null, _begun, _time, Limits.DefaultClockDelta, Token);
        }
    }

    private async Task<T> WhileTimePassesAsync<T>(Task<T> task)
    {
        await Eventually.HoldsAsync(
            () =>
            {
                if (_time.Armed > 0)
                {
                    _time.Advance(TimeSpan.FromSeconds(1));
                }

                return Task.FromResult(task.IsCompleted);
            },
            isDone => isDone, Patience, Token);
        return await task;
    }
}
