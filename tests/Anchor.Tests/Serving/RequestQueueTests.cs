using Fairlead.Anchor.Serving;
using Fairlead.Protocol.V1;
using Google.Protobuf;

namespace Fairlead.Anchor.Tests.Serving;

/// <summary>What one stream whose reader is stalled may have wait here.</summary>
public sealed class RequestQueueTests
{
    private readonly RequestQueue _queue = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_OverTheBytes_WaitAtTheirSender()
    {
        await AddAsync(1, 1_000_000);
        await AddAsync(2, 1_000_000);
        var third = AddAsync(3, 1_000_000);
        Assert.False(third.IsCompleted);
        Assert.Equal(2, _queue.Count);

        Take(1);
        await third.WaitAsync(TimeSpan.FromMinutes(2), Token);
        Take(2);
        Take(3);
        Assert.False(_queue.TryTake(out _));

        // The largest of all has all the room.
        await AddAsync(4, RequestQueue.BytesMax);
        var small = AddAsync(5, 1);
        Assert.False(small.IsCompleted);
        Take(4);
        await small.WaitAsync(TimeSpan.FromMinutes(2), Token);
    }

    [Fact]
    public async Task Requests_OverTheirNumber_WaitAtTheirSender()
    {
        for (ulong i = 0; i < RequestQueue.RequestsMax; i++)
        {
            await AddAsync(i, 1);
        }

        using var given = new CancellationTokenSource();
        var more = _queue.AddAsync(Request(99, 1), given.Token);
        Assert.False(more.IsCompleted);
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => more);
        for (ulong i = 0; i < RequestQueue.RequestsMax; i++)
        {
            Take(i);
        }

        Assert.Equal(0, _queue.Count);
    }

    private static SubscribeRequest Request(ulong id, int bytes) => new()
    {
        Open = new Open { Id = id, Request = new ResolveRequest { Query = ByteString.CopyFrom(new byte[bytes]) } },
    };

    private Task AddAsync(ulong id, int bytes) => _queue.AddAsync(Request(id, bytes), Token);

    private void Take(ulong id)
    {
        Assert.True(_queue.TryTake(out var request));
        Assert.Equal(id, request.Open.Id);
    }
}
