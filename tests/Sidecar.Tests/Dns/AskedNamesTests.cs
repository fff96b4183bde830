using Fairlead.Resolver;
using Fairlead.Sidecar.Dns;
using Fairlead.TestKit;

namespace Fairlead.Sidecar.Tests.Dns;

public sealed class AskedNamesTests
{
    private const string Checkout = "checkout.shop.svc.us1.internal";

    private readonly ManualTimeProvider _time = new();
    private readonly FakeNames _source = new();
    private readonly AskedNames _names;

    public AskedNamesTests() => _names = new AskedNames(
        _source, new AskedNamesOptions { ProvenMax = 20, OthersMax = 10, Idle = TimeSpan.FromMinutes(1) }, _time);

    [Fact]
    public async Task Get_TheFirstTime_StartsTheTraversal_AndWaitsForItsOutcome()
    {
        var first = _names.GetAsync(Checkout, default).AsTask();
        var second = _names.GetAsync(Checkout, default).AsTask();
        Assert.Equal([Checkout], _source.Wanted);
        Assert.False(first.IsCompleted);
        var view = Decide(Checkout, NameState.Fresh);
        Assert.Equal(view, await first);
        Assert.Equal(view, await second);
        Assert.True(_names.TryGet(Checkout, out var known));
        Assert.Equal(view, known);
    }

    /// <summary>The resolver hears once in a minute that a name is asked for.</summary>
    [Fact]
    public void Get_OfANameThatIsKept_SaysOnceAMinuteThatItIsWanted()
    {
        var names = new AskedNames(_source, new AskedNamesOptions(), _time);
        names.TryGet(Checkout, out _);
        for (var second = 0; second < 150; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            names.TryGet(Checkout, out _);
        }

        Assert.Equal([Checkout, Checkout], _source.Renewed);
        Assert.Equal([Checkout], _source.Wanted);
    }

    [Fact]
    public async Task Get_WhenTheBudgetEnds_IsPending()
    {
        var waiting = _names.GetAsync(Checkout, default).AsTask();
        _time.Advance(TimeSpan.FromSeconds(1.499));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.001));
        Assert.Equal(NameState.Pending, (await waiting).State);
        Assert.Equal([Checkout], _source.Wanted); // the traversal goes on
    }

    [Fact]
    public async Task Get_ANameThatAnotherKeepsAlready_NeedsNoChangeToBeHeard()
    {
        _source.Want(Checkout);
        _source.Decide(new NameView(Checkout, NameState.Absent, 1));
        Assert.Equal(NameState.Absent, (await _names.GetAsync(Checkout, default)).State);
    }

    [Fact]
    public void Get_MadeUpNames_CostBoundedMemory_AndLeaveTheGoodOnes()
    {
        for (var i = 0; i < 20; i++)
        {
            Assert.False(_names.TryGet(Good(i), out _));
            Decide(Good(i), NameState.Fresh);
        }

        for (var i = 0; i < 10_000; i++)
        {
            _ = _names.TryGet($"x{i}.shop.svc.us1.internal", out _);
            Decide($"x{i}.shop.svc.us1.internal", NameState.Absent);
            Assert.True(_names.Count <= 30);
        }

        for (var i = 0; i < 20; i++)
        {
            Assert.Contains(Good(i), _source.Wanted);
            Assert.True(_names.TryGet(Good(i), out _));
        }

        Assert.Equal(30, _source.Wanted.Count());
    }

    [Fact]
    public void Get_MoreGoodNamesThanAreKept_GivesUpTheOneUnusedLongest()
    {
        for (var i = 0; i < 20; i++)
        {
            _ = _names.TryGet(Good(i), out _);
            Decide(Good(i), NameState.Fresh);
        }

        _ = _names.TryGet(Good(0), out _);
        _ = _names.TryGet(Good(20), out _);
        Decide(Good(20), NameState.Fresh);
        Assert.DoesNotContain(Good(1), _source.Wanted);
        Assert.Contains(Good(0), _source.Wanted);
    }

    [Fact]
    public void Get_ANameThatNobodyAskedForInAWhile_IsGivenUp()
    {
        _ = _names.TryGet(Checkout, out _);
        Decide(Checkout, NameState.Fresh);
        _time.Advance(TimeSpan.FromSeconds(61));
        _ = _names.TryGet(Good(1), out _);
        Assert.Equal([Good(1)], _source.Wanted);
    }

    [Fact]
    public async Task Get_ANameThatIsGivenUpWhileItIsWaitedFor_EndsTheWait()
    {
        var waiting = _names.GetAsync(Checkout, default).AsTask();
        for (var i = 0; i < 10; i++)
        {
            _ = _names.TryGet(Good(i), out _);
        }

        Assert.Equal(NameState.Pending, (await waiting).State);
    }

    private static string Good(int i) => $"good{i}.shop.svc.us1.internal";

    private NameView Decide(string name, NameState state)
    {
        var service = state == NameState.Fresh ? FakeNames.ClusterIp(new ServicePort(null, 80)) : null;
        var view = _source.Decide(new NameView(name, state, long.MaxValue, service));
        _names.Publish(view);
        return view;
    }
}
