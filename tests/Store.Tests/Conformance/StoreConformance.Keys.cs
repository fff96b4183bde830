using Xunit;

namespace Fairlead.Store.Tests.Conformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task Status_NewStore_HasRevisionOneAndRandomIdentity()
    {
        var status = await Store.GetStatusAsync(Token);
        Assert.Equal((1L, 0L), (status.Revision, status.CompactedRevision));
        Assert.Matches("^[0-9a-f]{32}$", status.Identity);
    }

    [Fact]
    public async Task Put_SameKeyTwice_CountsRevisionsAndVersions()
    {
        Assert.Equal(2, await Put("a", "1"));
        Assert.Equal(3, await Put("b", "1"));
        Assert.Equal(4, await Put("a", "2"));
        Assert.Equal("a=2 c2 m4 v2 l0", await Get("a"));
        Assert.Equal("b=1 c3 m3 v1 l0", await Get("b"));
        Assert.Null(await Get("c"));
    }

    [Fact]
    public async Task Put_AfterDelete_StartsANewLife()
    {
        await Put("a", "1");
        await Put("a", "2");
        Assert.Equal(1, await Delete("a"));
        Assert.Equal(0, await Delete("a"));
        Assert.Null(await Get("a"));
        Assert.Equal(5, await Put("a", "3"));
        Assert.Equal("a=3 c5 m5 v1 l0", await Get("a"));
    }

    [Fact]
    public async Task Put_EmptyValueAndBinaryKey_AreKeptAsTheyAre()
    {
        var key = new StoreKey([0x00, 0xFF, 0x00]);
        await Store.PutAsync(key, default, Token);
        var found = await Store.GetAsync(key, Token);
        Assert.NotNull(found);
        Assert.True(found.Value.IsEmpty);
        Assert.Equal(1, found.Version);
        Assert.Null(await Store.GetAsync(new StoreKey([0x00, 0xFF]), Token));
    }

    [Fact]
    public async Task Put_CallerChangesItsBufferAfterwards_StoreDoesNot()
    {
        var buffer = "one"u8.ToArray();
        await Store.PutAsync(K("a"), buffer, Token);
        buffer[0] = (byte)'X';
        Assert.Equal("a=one c2 m2 v1 l0", await Get("a"));
    }

    [Fact]
    public async Task Range_OfEveryShape_IsInByteOrder()
    {
        foreach (var key in new[] { "b", "a/2", "a", "a/10", "a0", "ä" })
        {
            await Put(key, "x");
        }

        Assert.Equal(["a", "a/10", "a/2", "a0", "b", @"\xc3\xa4"], await Keys(new(KeyRange.All)));
        Assert.Equal(["a/10", "a/2"], await Keys(new(KeyRange.Prefix("a/"))));
        Assert.Equal(["a"], await Keys(new(KeyRange.Single(K("a")))));
        Assert.Equal(["a/10", "a/2", "a0"], await Keys(new(KeyRange.Between(K("a/"), K("b")))));
        Assert.Equal(["b", @"\xc3\xa4"], await Keys(new(KeyRange.From(K("b")))));
        Assert.Empty(await Keys(new(KeyRange.Between(K("b"), K("a")))));
    }

    [Fact]
    public async Task Range_PrefixOfHighestBytes_HasNoEnd()
    {
        foreach (var key in new byte[][] { [0xFE], [0xFF], [0xFF, 0xFF], [0xFF, 0xFF, 0x01], [0xFE, 0xFF, 0x03] })
        {
            await Store.PutAsync(new StoreKey(key), V("x"), Token);
        }

        Assert.Equal(2, (await Store.RangeAsync(new(KeyRange.Prefix(new StoreKey([0xFF, 0xFF]))), Token)).Count);
        Assert.Equal(1, (await Store.RangeAsync(new(KeyRange.Prefix(new StoreKey([0xFE, 0xFF]))), Token)).Count);
    }

    [Fact]
    public async Task Range_AtRevision_ShowsThatRevision()
    {
        await Put("a", "1");
        await Put("a", "2");
        await Put("b", "1");
        await Delete("a");
        Assert.Empty(await Keys(new(KeyRange.All) { Revision = 1 }));
        var third = await Store.RangeAsync(new(KeyRange.All) { Revision = 3 }, Token);
        Assert.Equal("a=2 c2 m3 v2 l0", Text(Assert.Single(third.Entries)));
        Assert.Equal(5, third.Revision);
        Assert.Equal(["a", "b"], await Keys(new(KeyRange.All) { Revision = 4 }));
        Assert.Equal(["b"], await Keys(new(KeyRange.All) { Revision = 5 }));
        await Refused(StoreError.FutureRevision, () => Keys(new(KeyRange.All) { Revision = 6 }));
    }

    [Fact]
    public async Task Range_WithLimit_TellsMoreAndCount()
    {
        for (var i = 0; i < 5; i++)
        {
            await Put($"k{i}", "x");
        }

        var two = await Store.RangeAsync(new(KeyRange.All) { Limit = 2 }, Token);
        Assert.Equal((2, true, 5L), (two.Entries.Count, two.More, two.Count));
        var rest = KeyRange.From(two.Entries[1].Key.Next());
        var three = await Store.RangeAsync(new(rest) { Limit = 3, Revision = two.Revision }, Token);
        Assert.Equal((3, false, 3L), (three.Entries.Count, three.More, three.Count));
    }

    [Fact]
    public async Task Range_KeysOnlyAndCountOnly_LeaveOutTheRest()
    {
        await Put("a", "1");
        await Put("b", "2");
        await Delete("b");
        var keys = await Store.RangeAsync(new(KeyRange.All) { KeysOnly = true }, Token);
        Assert.Equal("a= c2 m2 v1 l0", Text(Assert.Single(keys.Entries)));
        var count = await Store.RangeAsync(new(KeyRange.All) { CountOnly = true }, Token);
        Assert.Equal((0, false, 1L), (count.Entries.Count, count.More, count.Count));
    }

    [Fact]
    public async Task Requests_NegativeNumbers_AreMisuse()
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Keys(new(KeyRange.All) { Revision = -1 }));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Keys(new(KeyRange.All) { Limit = -1 }));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Watch(KeyRange.All, 0).MoveNextAsync().AsTask());
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Store.GrantLeaseAsync(TimeSpan.FromSeconds(9), -1, Token).AsTask());
    }

    [Fact]
    public async Task Requests_Cancelled_ChangeNothing()
    {
        var cancelled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Store.PutAsync(K("a"), V("1"), cancelled).AsTask());
        Assert.Equal(1, await Revision());
    }

    [Fact]
    public async Task Requests_AfterDisposal_AreRefused()
    {
        await Store.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Put("a", "1").AsTask());
        await Store.DisposeAsync();
    }
}
