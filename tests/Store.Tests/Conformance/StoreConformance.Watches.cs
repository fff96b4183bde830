using Xunit;

namespace Fairlead.Store.Tests.Conformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task Watch_FromThePast_ReplaysThenFollows()
    {
        await Put("a", "1");
        await Put("other", "1");
        await Put("a", "2");
        await Delete("a");
        await using var watch = Watch(KeyRange.Prefix("a"), 2);
        Assert.Equal("2: put a=1", await Next(watch));
        Assert.Equal("4: put a=2", await Next(watch));
        Assert.Equal("5: del a", await Next(watch));
        var pending = Next(watch);
        Assert.False(pending.IsCompleted);
        await Put("other", "2");
        await Put("ab", "3");
        Assert.Equal("7: put ab=3", await pending);
    }

    [Fact]
    public async Task Watch_DeletionEvent_CarriesKeyAndRevisionOnly()
    {
        await Put("a", "1");
        await Delete("a");
        await using var watch = Watch(KeyRange.All, 3);
        await Next(watch);
        Assert.Equal(new StoreEntry(K("a"), default, 0, 3, 0, 0), Assert.Single(watch.Current.Events));
    }

    [Fact]
    public async Task Watch_StartInTheFuture_WaitsForIt()
    {
        await using var watch = Watch(KeyRange.All, 4);
        var pending = Next(watch);
        await Put("a", "2");
        await Put("a", "3");
        Assert.False(pending.IsCompleted);
        await Put("a", "4");
        Assert.Equal("4: put a=4", await pending);
    }

    [Fact]
    public async Task Watch_TransactionOfSeveralKeys_IsOneBatchInOrder()
    {
        await Put("a", "1");
        await Put("c", "1");
        await Do(
            new Operation.Put(K("z"), V("1")),
            new Operation.Delete(KeyRange.Between(K("a"), K("d"))),
            new Operation.Put(K("e"), V("2")));
        await using var watch = Watch(KeyRange.All, 4);
        Assert.Equal("4: put z=1; del a; del c; put e=2", await Next(watch));
        await using var part = Watch(KeyRange.Between(K("b"), K("f")), 4);
        Assert.Equal("4: del c; put e=2", await Next(part));
    }

    [Fact]
    public async Task Watch_ManyFollowersOfConcurrentWriters_SeeEveryRevisionOnce()
    {
        const int Writers = 4;
        const int Writes = 25;
        var followers = Enumerable.Range(0, 3).Select(_ => Task.Run(
            async () =>
            {
                var seen = new List<string>();
                await foreach (var batch in Store.WatchAsync(KeyRange.All, 2, Token))
                {
                    seen.Add(Text(batch));
                    if (seen.Count == Writers * Writes)
                    {
                        break;
                    }
                }

                return seen;
            },
            Token)).ToArray();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(w => Task.Run(
            async () =>
            {
                for (var i = 0; i < Writes; i++)
                {
                    await Put($"w{w}", $"{i}");
                }
            },
            Token)));
        var all = await Task.WhenAll(followers).WaitAsync(Bound, Token);
        Assert.Equal(Enumerable.Range(2, Writers * Writes), all[0].Select(t => int.Parse(t.Split(':')[0], null)));
        Assert.Equal(all[0], all[1]);
        Assert.Equal(all[0], all[2]);
        Assert.Equal(Enumerable.Range(0, Writes).Select(i => $"put w2={i}"),
            all[0].Select(t => t[(t.IndexOf(' ', StringComparison.Ordinal) + 1)..]).Where(t => t.Contains("w2=")));
    }

    [Fact]
    public async Task Watch_LongHistory_IsReplayedWhole()
    {
        const int Transactions = 30;
        for (var t = 0; t < Transactions; t++)
        {
            await Do([.. Enumerable.Range(0, 100).Select(i => new Operation.Put(K($"k{i:d3}"), V($"{t}")))]);
        }

        await using var watch = Watch(KeyRange.All, 2);
        for (var t = 0; t < Transactions; t++)
        {
            await Next(watch);
            Assert.Equal((t + 2L, 100), (watch.Current.Revision, watch.Current.Events.Count));
        }
    }

    [Fact]
    public async Task Watch_Cancelled_Ends()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using var watch = Store.WatchAsync(KeyRange.All, 1, cancel.Token).GetAsyncEnumerator(Token);
        var pending = watch.MoveNextAsync().AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending.WaitAsync(Bound, Token));
        Assert.Equal(2, await Put("a", "1"));
    }

    [Fact]
    public async Task Watch_StoreDisposed_Ends()
    {
        await using var watch = Watch(KeyRange.All, 1);
        var pending = watch.MoveNextAsync().AsTask();
        await Store.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => pending.WaitAsync(Bound, Token));
    }

    [Fact]
    public async Task Compact_HidesOldRevisionsAndKeepsTheRest()
    {
        await Put("a", "1");
        await Put("a", "2");
        await Put("b", "1");
        await Delete("b");
        await Put("c", "1");
        await Store.CompactAsync(4, Token);
        var status = await Store.GetStatusAsync(Token);
        Assert.Equal((6L, 4L), (status.Revision, status.CompactedRevision));
        var error = await Refused(StoreError.Compacted, () => Keys(new(KeyRange.All) { Revision = 3 }));
        Assert.Equal(4, error.CompactedRevision);
        Assert.Equal(["a", "b"], await Keys(new(KeyRange.All) { Revision = 4 }));
        Assert.Equal(["a"], await Keys(new(KeyRange.All) { Revision = 5 }));
        Assert.Equal("a=2 c2 m3 v2 l0", await Get("a"));
        Assert.Equal(7, await Put("a", "3"));
        Assert.Equal("a=3 c2 m7 v3 l0", await Get("a"));
    }

    [Fact]
    public async Task Compact_OutOfOrderOrAhead_IsRefused()
    {
        await Put("a", "1");
        await Put("a", "2");
        await Refused(StoreError.FutureRevision, () => Store.CompactAsync(4, Token).AsTask());
        await Store.CompactAsync(2, Token);
        await Refused(StoreError.Compacted, () => Store.CompactAsync(2, Token).AsTask());
        await Refused(StoreError.Compacted, () => Store.CompactAsync(1, Token).AsTask());
        await Store.CompactAsync(3, Token);
    }

    [Fact]
    public async Task Watch_FromBelowTheCompaction_IsRefusedByName()
    {
        await Put("a", "1");
        await Put("a", "2");
        await Delete("a");
        await Put("b", "1");
        await Store.CompactAsync(4, Token);
        await using var below = Watch(KeyRange.All, 3);
        var error = await Refused(StoreError.Compacted, () => Next(below));
        Assert.Equal(4, error.CompactedRevision);

        // At the compacted revision nothing is missing, not even a deletion.
        await using var at = Watch(KeyRange.All, 4);
        Assert.Equal("4: del a", await Next(at));
        Assert.Equal("5: put b=1", await Next(at));
    }

    [Fact]
    public async Task Watch_OvertakenByCompaction_IsToldSo()
    {
        await Put("a", "1");
        await using var watch = Watch(KeyRange.All, 2);
        await Next(watch);
        await Put("a", "2");
        await Put("a", "3");
        await Store.CompactAsync(4, Token);
        await Refused(StoreError.Compacted, () => Next(watch));
    }

    [Fact]
    public async Task Compact_DeletedKey_IsForgotten()
    {
        await Put("a", "1");
        await Delete("a");
        await Put("b", "1");
        await Store.CompactAsync(4, Token);
        Assert.Equal(5, await Put("a", "2"));
        Assert.Equal("a=2 c5 m5 v1 l0", await Get("a"));
        await Refused(
            StoreError.Compacted, () => Do(new Operation.Get(new(KeyRange.All) { Revision = 3 })).AsTask());
    }
}
