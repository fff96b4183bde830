using Xunit;

namespace Fairlead.Store.Tests.Conformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task Lease_Ended_DeletesItsKeysInOneRevision()
    {
        var lease = await Store.GrantLeaseAsync(TimeSpan.FromSeconds(10), 7, Token);
        Assert.Equal(7, lease);
        await Do(new Operation.Put(K("b"), V("1"), 7), new Operation.Put(K("a"), V("1"), 7));
        await Put("c", "1");
        Assert.Equal("a=1 c2 m2 v1 l7", await Get("a"));
        Time.Advance(TimeSpan.FromSeconds(10) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(["a", "b", "c"], await Keys(new(KeyRange.All)));
        await using var watch = Watch(KeyRange.All, 4);
        var pending = Next(watch);

        // Nobody asks: the store's own timer must end it.
        Time.Advance(TimeSpan.FromMilliseconds(3));
        Assert.Equal("4: del a; del b", await pending);
        Assert.Equal(["c"], await Keys(new(KeyRange.All)));
        await Refused(StoreError.LeaseNotFound, () => Store.GetLeaseAsync(7, Token).AsTask());
        await Refused(StoreError.LeaseNotFound, () => Store.KeepLeaseAliveAsync(7, Token).AsTask());
    }

    [Fact]
    public async Task Lease_KeptAlive_StartsItsLifeAnew()
    {
        await Store.GrantLeaseAsync(TimeSpan.FromSeconds(10), 7, Token);
        await Do(new Operation.Put(K("a"), V("1"), 7));
        Time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(TimeSpan.FromSeconds(4), (await Store.GetLeaseAsync(7, Token)).Remaining);
        Assert.Equal(TimeSpan.FromSeconds(10), await Store.KeepLeaseAliveAsync(7, Token));
        Time.Advance(TimeSpan.FromSeconds(6));
        var status = await Store.GetLeaseAsync(7, Token);
        Assert.Equal((TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(4)), (status.Ttl, status.Remaining));
        Assert.Equal([K("a")], status.Keys);
        Time.Advance(TimeSpan.FromSeconds(4));
        Assert.Null(await Get("a"));
    }

    [Fact]
    public async Task Lease_KeyWrittenAgain_BelongsToTheLastLease()
    {
        await Store.GrantLeaseAsync(TimeSpan.FromSeconds(10), 1, Token);
        await Store.GrantLeaseAsync(TimeSpan.FromSeconds(20), 2, Token);
        await Do(new Operation.Put(K("moved"), V("1"), 1), new Operation.Put(K("freed"), V("1"), 1));
        await Do(new Operation.Put(K("moved"), V("2"), 2), new Operation.Put(K("freed"), V("2")));
        Assert.Empty((await Store.GetLeaseAsync(1, Token)).Keys);
        Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(["freed", "moved"], await Keys(new(KeyRange.All)));
        Assert.Equal(3, await Revision());
        Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(["freed"], await Keys(new(KeyRange.All)));
        Assert.Equal(4, await Revision());
    }

    [Fact]
    public async Task Lease_Revoked_DeletesItsKeysAtOnce()
    {
        await Store.GrantLeaseAsync(TimeSpan.FromSeconds(10), 1, Token);
        await Do(new Operation.Put(K("a"), V("1"), 1));
        await Delete("a");
        await Do(new Operation.Put(K("b"), V("1"), 1));
        await Store.RevokeLeaseAsync(1, Token);
        Assert.Equal(5, await Revision());
        Assert.Empty(await Keys(new(KeyRange.All)));
        await Refused(StoreError.LeaseNotFound, () => Store.RevokeLeaseAsync(1, Token).AsTask());
        await Store.GrantLeaseAsync(TimeSpan.FromSeconds(10), 1, Token);
        Assert.Empty((await Store.GetLeaseAsync(1, Token)).Keys);
    }

    [Fact]
    public async Task Lease_DrawnNumbers_AreAboveZeroAndDiffer()
    {
        var first = await Store.GrantLeaseAsync(TimeSpan.FromMilliseconds(1), 0, Token);
        var second = await Store.GrantLeaseAsync(TimeSpan.FromSeconds(1.5), 0, Token);
        Assert.True(first > 0 && second > 0 && first != second);
        Assert.Equal(TimeSpan.FromSeconds(1), (await Store.GetLeaseAsync(first, Token)).Ttl);
        Assert.Equal(TimeSpan.FromSeconds(2), (await Store.GetLeaseAsync(second, Token)).Ttl);
        await Refused(
            StoreError.LeaseExists, () => Store.GrantLeaseAsync(TimeSpan.FromSeconds(1), first, Token).AsTask());
    }

    [Fact]
    public async Task Lease_LifeOutOfRangeOrTooMany_IsRefused()
    {
        await ReopenWithAsync(new StoreLimits { LeasesMax = 1, LeaseTtlMax = TimeSpan.FromSeconds(9) });
        foreach (var ttl in new[] { TimeSpan.Zero, TimeSpan.FromSeconds(-1), TimeSpan.FromSeconds(9.001) })
        {
            await Refused(StoreError.LeaseTtlOutOfRange, () => Store.GrantLeaseAsync(ttl, 0, Token).AsTask());
        }

        await Store.GrantLeaseAsync(TimeSpan.FromSeconds(9), 5, Token);
        await Refused(
            StoreError.TooManyLeases, () => Store.GrantLeaseAsync(TimeSpan.FromSeconds(9), 6, Token).AsTask());
        await Refused(StoreError.LeaseNotFound, () => Store.GetLeaseAsync(6, Token).AsTask());
    }

    [Fact]
    public async Task Lease_LongerThanAnyTimer_Lives()
    {
        await Store.GrantLeaseAsync(TimeSpan.FromDays(60), 1, Token);
        await Do(new Operation.Put(K("a"), V("1"), 1));
        Time.Advance(TimeSpan.FromDays(59));
        Assert.NotNull(await Get("a"));
        Time.Advance(TimeSpan.FromDays(1));
        Assert.Null(await Get("a"));
    }
}
