using Xunit;

namespace Fairlead.Store.Tests.Conformance;

public abstract partial class StoreConformance
{
    public static TheoryData<string, CompareTarget, CompareRelation, long, string, bool> Comparisons => new()
    {
        // a: version 2, created 2, modified 3, value "m". z: not alive.
        { "a", CompareTarget.Version, CompareRelation.Equal, 2, "", true },
        { "a", CompareTarget.Version, CompareRelation.Equal, 1, "", false },
        { "a", CompareTarget.Version, CompareRelation.NotEqual, 1, "", true },
        { "a", CompareTarget.Version, CompareRelation.Greater, 1, "", true },
        { "a", CompareTarget.Version, CompareRelation.Greater, 2, "", false },
        { "a", CompareTarget.Version, CompareRelation.Less, 3, "", true },
        { "a", CompareTarget.Version, CompareRelation.Less, 2, "", false },
        { "a", CompareTarget.CreateRevision, CompareRelation.Equal, 2, "", true },
        { "a", CompareTarget.CreateRevision, CompareRelation.Equal, 3, "", false },
        { "a", CompareTarget.ModRevision, CompareRelation.Equal, 3, "", true },
        { "a", CompareTarget.ModRevision, CompareRelation.Less, 3, "", false },
        { "a", CompareTarget.Value, CompareRelation.Equal, 0, "m", true },
        { "a", CompareTarget.Value, CompareRelation.Equal, 0, "mm", false },
        { "a", CompareTarget.Value, CompareRelation.NotEqual, 0, "n", true },
        { "a", CompareTarget.Value, CompareRelation.Less, 0, "mm", true },
        { "a", CompareTarget.Value, CompareRelation.Greater, 0, "lzz", true },
        { "z", CompareTarget.Version, CompareRelation.Equal, 0, "", true },
        { "z", CompareTarget.CreateRevision, CompareRelation.Equal, 0, "", true },
        { "z", CompareTarget.ModRevision, CompareRelation.Greater, 0, "", false },
        { "z", CompareTarget.Value, CompareRelation.Equal, 0, "", false },
        { "z", CompareTarget.Value, CompareRelation.NotEqual, 0, "m", false },
    };

    [Theory]
    [MemberData(nameof(Comparisons))]
    public async Task Transaction_Comparison_ChoosesTheBranch(
        string key, CompareTarget target, CompareRelation relation, long number, string value, bool holds)
    {
        await Put("a", "l");
        await Put("a", "m");
        await Put("z", "gone");
        await Delete("z");
        var result = await Store.CommitAsync(
            new Transaction
            {
                Compares = [new Compare(K(key), target, relation, number, V(value))],
                Success = [new Operation.Put(K("branch"), V("success"))],
                Failure = [new Operation.Put(K("branch"), V("failure"))],
            },
            Token);
        Assert.Equal(holds, result.Succeeded);
        Assert.StartsWith(holds ? "branch=success" : "branch=failure", await Get("branch"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Transaction_OneComparisonOfTwoFails_RunsTheFailureBranch()
    {
        await Put("a", "1");
        var result = await Store.CommitAsync(
            new Transaction
            {
                Compares = [Compare.ModRevision(K("a"), 2), Compare.ValueEquals(K("a"), V("2"))],
                Success = [new Operation.Put(K("a"), V("3"))],
            },
            Token);
        Assert.Equal((false, 2L, 0), (result.Succeeded, result.Revision, result.Results.Count));
        Assert.Equal("a=1 c2 m2 v1 l0", await Get("a"));
    }

    [Fact]
    public async Task Transaction_SeveralOperations_ShareOneRevision()
    {
        await Put("a", "1");
        var result = await Do(
            new Operation.Put(K("b"), V("2")),
            new Operation.Get(new RangeRequest(KeyRange.All)),
            new Operation.Delete(KeyRange.Single(K("a"))),
            new Operation.Put(K("c"), V("3")),
            new Operation.Get(new RangeRequest(KeyRange.All)),
            new Operation.Get(new RangeRequest(KeyRange.All) { Revision = 2 }));
        Assert.Equal((true, 3L), (result.Succeeded, result.Revision));
        Assert.Equal(new OperationResult.Delete(1), result.Results[2]);
        Assert.Equal(
            ["a@2 b@3", "b@3 c@3", "a@2"],
            result.Results.OfType<OperationResult.Get>().Select(
                g => string.Join(' ', g.Result.Entries.Select(e => $"{e.Key}@{e.ModRevision}"))));
        Assert.Equal(3, ((OperationResult.Get)result.Results[1]).Result.Revision);
        Assert.Equal("b=2 c3 m3 v1 l0", await Get("b"));
        Assert.Equal("c=3 c3 m3 v1 l0", await Get("c"));
    }

    [Fact]
    public async Task Transaction_WithoutAChange_KeepsTheRevision()
    {
        await Put("a", "1");
        var result = await Do(
            new Operation.Get(new RangeRequest(KeyRange.All)), new Operation.Delete(KeyRange.Single(K("none"))));
        Assert.Equal(2, result.Revision);
        Assert.Equal(2, (await Store.CommitAsync(new Transaction(), Token)).Revision);
        Assert.Equal(2, await Revision());
    }

    [Fact]
    public async Task Transaction_SeesStateBeforeItInComparisonsOnly()
    {
        var result = await Store.CommitAsync(
            new Transaction
            {
                Compares = [Compare.Absent(K("a"))],
                Success = [new Operation.Put(K("a"), V("1")), new Operation.Get(new(KeyRange.Single(K("a"))))],
            },
            Token);
        Assert.True(result.Succeeded);
        Assert.Equal(1, ((OperationResult.Get)result.Results[1]).Result.Count);
    }

    [Fact]
    public async Task Transaction_WritesAKeyTwice_IsRefusedWhole()
    {
        await Put("a/1", "1");
        await Refused(
            StoreError.DuplicateKey,
            () => Do(new Operation.Put(K("b"), V("1")), new Operation.Put(K("b"), V("2"))).AsTask());
        await Refused(
            StoreError.DuplicateKey,
            () => Do(new Operation.Put(K("a/2"), V("1")), new Operation.Delete(KeyRange.Prefix("a/"))).AsTask());
        await Refused(
            StoreError.DuplicateKey,
            () => Do(new Operation.Delete(KeyRange.Prefix("a/")), new Operation.Put(K("a/2"), V("1"))).AsTask());
        Assert.Equal((2L, 1), (await Revision(), (await Keys(new(KeyRange.All))).Length));
    }

    [Fact]
    public async Task Transaction_OverlappingDeletes_DeleteOnce()
    {
        await Put("a/1", "1");
        await Put("a/2", "1");
        var result = await Do(
            new Operation.Delete(KeyRange.Single(K("a/2"))), new Operation.Delete(KeyRange.Prefix("a/")));
        Assert.Equal([1L, 1L], result.Results.Cast<OperationResult.Delete>().Select(d => d.Count));
        Assert.Equal("4: del a/2; del a/1", await Next(Watch(KeyRange.All, 4)));
    }

    [Fact]
    public async Task Transaction_LateOperationRefused_UndoesTheEarlierOnes()
    {
        await Put("a", "1");
        await Refused(
            StoreError.FutureRevision,
            () => Do(
                new Operation.Put(K("b"), V("1")),
                new Operation.Get(new RangeRequest(KeyRange.All) { Revision = 3 })).AsTask());
        await Refused(
            StoreError.LeaseNotFound,
            () => Do(new Operation.Put(K("b"), V("1")), new Operation.Put(K("c"), V("1"), Lease: 77)).AsTask());
        Assert.Equal(2, await Revision());
        Assert.Null(await Get("b"));
        Assert.Equal(3, await Put("b", "2"));
        Assert.Equal("b=2 c3 m3 v1 l0", await Get("b"));
    }

    [Fact]
    public async Task TryPut_ManyWritersOfOneCounter_LosesNone()
    {
        await Put("counter", "0");
        var writers = Enumerable.Range(0, 4).Select(_ => Task.Run(
            async () =>
            {
                for (var done = 0; done < 10;)
                {
                    var seen = (await Store.GetAsync(K("counter"), Token))!;
                    var next = int.Parse(System.Text.Encoding.UTF8.GetString(seen.Value.Span), null) + 1;
                    var revision = await Store.TryPutAsync(K("counter"), V($"{next}"), seen.ModRevision, Token);
                    done += revision is null ? 0 : 1;
                }
            },
            Token));
        await Task.WhenAll(writers);
        Assert.Equal("counter=40 c2 m42 v41 l0", await Get("counter"));
    }
}
