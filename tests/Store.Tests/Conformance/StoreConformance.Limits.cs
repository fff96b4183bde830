using Xunit;

namespace Fairlead.Store.Tests.Conformance;

public abstract partial class StoreConformance
{
    private static readonly StoreLimits Small = new()
    {
        KeyBytesMax = 8,
        ValueBytesMax = 16,
        OperationsMax = 3,
        RequestBytesMax = 40,
        DeletedKeysMax = 4,
        RangeEntriesMax = 3,
        RangeBytesMax = 20,
    };

    [Fact]
    public async Task Limits_OfKeysAndValues_AreExact()
    {
        await ReopenWithAsync(Small);
        var longest = new string('k', 8);
        Assert.Equal(2, await Put(longest, new string('v', 16)));
        Assert.Equal([longest], await Keys(new(KeyRange.Single(K(longest)))));
        await Refused(StoreError.KeyTooLarge, () => Put(longest + "k", "").AsTask());
        await Refused(StoreError.KeyTooLarge, () => Keys(new(KeyRange.Prefix(longest + "k"))));
        await Refused(StoreError.KeyTooLarge, () => Delete(longest + "k").AsTask());
        await Refused(StoreError.KeyTooLarge, () => Next(Watch(KeyRange.Prefix(longest + "k"), 1)));
        await Refused(StoreError.ValueTooLarge, () => Put("a", new string('v', 17)).AsTask());
        await Refused(StoreError.EmptyKey, () => Put("", "x").AsTask());
        await Refused(
            StoreError.EmptyKey,
            () => Store.CommitAsync(new Transaction { Compares = [Compare.Absent(default)] }, Token).AsTask());
        Assert.Equal(2, await Revision());
    }

    [Fact]
    public async Task Limits_OfTransactions_AreExact()
    {
        await ReopenWithAsync(Small);
        var puts = Enumerable.Range(0, 4).Select(i => new Operation.Put(K($"{i}"), V("v"))).ToArray();
        await Refused(StoreError.TooManyOperations, () => Do(puts).AsTask());
        await Refused(
            StoreError.TooManyOperations,
            () => Store.CommitAsync(new Transaction { Failure = puts }, Token).AsTask());
        await Refused(
            StoreError.TooManyOperations,
            () => Store.CommitAsync(
                new Transaction { Compares = [.. puts.Select(p => Compare.Absent(p.Key))] }, Token).AsTask());
        Assert.Equal(2, (await Do(puts[..3])).Revision);
        var bytes = V(new string('v', 16));
        var full = new[] { new Operation.Put(K("1234"), bytes), new Operation.Put(K("5678"), bytes) };
        Assert.Equal(3, (await Do(full)).Revision);
        await Refused(
            StoreError.RequestTooLarge,
            () => Do(full[0], full[1], new Operation.Put(K("0"), default)).AsTask());
        Assert.Equal(3, await Revision());
    }

    [Fact]
    public async Task Limits_OfDeletions_UndoTheTransaction()
    {
        await ReopenWithAsync(Small);
        for (var i = 0; i < 5; i++)
        {
            await Put($"k{i}", "v");
        }

        await Refused(StoreError.TooManyDeletions, () => Do(new Operation.Delete(KeyRange.All)).AsTask());
        await Refused(
            StoreError.TooManyDeletions,
            () => Do(
                new Operation.Put(K("new"), V("v")),
                new Operation.Delete(KeyRange.Between(K("k0"), K("k3"))),
                new Operation.Delete(KeyRange.Between(K("k2"), K("k9")))).AsTask());
        Assert.Equal(6, await Revision());
        Assert.Null(await Get("new"));
        await Do(
            new Operation.Delete(KeyRange.Between(K("k0"), K("k3"))),
            new Operation.Delete(KeyRange.Between(K("k2"), K("k4"))));
        Assert.Equal(["k4"], await Keys(new(KeyRange.All)));
    }

    [Fact]
    public async Task Limits_OfReads_CutAndSaySo()
    {
        await ReopenWithAsync(Small);
        for (var i = 0; i < 4; i++)
        {
            await Put($"k{i}", "v");
        }

        foreach (var limit in new[] { 0, 4, 9 })
        {
            var cut = await Store.RangeAsync(new(KeyRange.All) { Limit = limit }, Token);
            Assert.Equal((3, true, 4L), (cut.Entries.Count, cut.More, cut.Count));
        }

        var exact = await Store.RangeAsync(new(KeyRange.Between(K("k0"), K("k3"))) { Limit = 9 }, Token);
        Assert.Equal((3, false, 3L), (exact.Entries.Count, exact.More, exact.Count));
        await Put("k0", new string('v', 16));
        await Put("k1", new string('v', 16));
        var bytes = await Store.RangeAsync(new(KeyRange.All), Token);
        Assert.Equal((1, true, 4L), (bytes.Entries.Count, bytes.More, bytes.Count));
        Assert.Equal(["k0", "k1", "k2"], await Keys(new(KeyRange.All) { KeysOnly = true }));
    }
}
