using Fairlead.Controller.Publishing;
using Fairlead.Naming;

namespace Fairlead.Controller.Tests;

public sealed class RecordPlannerTests
{
    private const long Now = 1_000_000;
    private const long Life = 90_000;
    private const string Name = "a.shop.svc";
    private static readonly Hex16 Fresh = FakeMaker.Uid(7);
    private static readonly Hex16 Old = FakeMaker.Uid(0);
    private readonly RecordPlanner _planner = new(TimeSpan.FromMilliseconds(Life));

    [Fact]
    public void Next_NewName_DrawsUidAndTakesTheClock()
    {
        var plan = Next("x", null);
        Assert.Equal((Fresh, Now, Now + Life, Now), (plan!.Uid, plan.Version, plan.Expires, plan.Issued));
    }

    [Theory]
    [InlineData(Now - 5, Now)]
    [InlineData(Now, Now + 1)]
    [InlineData(Now + 700, Now + 701)]
    public void Next_Change_RisesAboveClockAndLastVersion(long last, long version)
    {
        var plan = Next("y", Leaf("x", last));
        Assert.Equal((Old, version, version), (plan!.Uid, plan.Version, plan.Issued));
    }

    /// <summary>What ends at or before its issue is refused.</summary>
    [Fact]
    public void Next_WithdrawalBehindTheEnd_IsIssuedBeforeIt()
    {
        var plan = Next(null, Leaf("x", Now + 3, Now + 2));
        Assert.Equal((Now + 4, Now + 1, Now + 2), (plan!.Version, plan.Issued, plan.Expires));
    }

    [Fact]
    public void Next_SameContent_IsLeftAlone() => Assert.Null(Next("x", Leaf("x", 1)));

    [Theory]
    [InlineData((Life / 3) + 1, false)]
    [InlineData(Life / 3, true)]
    [InlineData(1, true)]
    [InlineData(0, true)]
    [InlineData(-50_000, true)]
    public void Next_SameContent_IsRenewedWithAThirdLeft(long left, bool isRenewed)
    {
        var plan = Next("x", Leaf("x", 1, Now + left));
        Assert.Equal(isRenewed, plan is not null);
        Assert.True(plan is null || plan.Expires == Now + Life && plan.Uid == Old);
    }

    /// <summary>What was signed lives no longer than that, whatever one anchor says.</summary>
    [Fact]
    public void Next_AClaimOfALongLife_IsRenewedALifeAfterItsVersion()
    {
        var claim = Leaf("x", Now - Life + 30_000, Now + (50 * Life)) with { IsClaimed = true };
        Assert.NotNull(Next("x", claim));
        Assert.Null(Next("x", claim with { Version = claim.Version + 1 }));
    }

    [Fact]
    public void Next_ShorterLifeThanBefore_KeepsTheExpiry() =>
        Assert.Equal(Now + (5 * Life), Next("y", Leaf("x", 1, Now + (5 * Life)))!.Expires);

    [Fact]
    public void Next_Unwanted_IsWithdrawnOnceWithItsUid()
    {
        var plan = Next(null, Leaf("x", Now + 3));
        Assert.Equal((null, Old, Now + 4), (plan!.Content, plan.Uid, plan.Version));
        Assert.Null(Next(null, plan.Leaf));
        Assert.Null(Next(null, null));
        Assert.Null(Next(null, Leaf("x", 1, Now - 1)));
    }

    /// <summary>No policy and no Credential stands against an end that its name has already, and what it withdraws is
    /// over with it.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(Life)]
    [InlineData(5 * Life)]
    public void Next_Withdrawal_EndsWhenWhatItWithdrawsDoes(long left) =>
        Assert.Equal(Now + left, Next(null, Leaf("x", 1, Now + left))!.Expires);

    [Fact]
    public void Next_WantedAfterWithdrawal_KeepsUidAndRises()
    {
        var withdrawn = Next(null, Leaf("x", Now + 3))!.Leaf;
        var plan = Next("x", withdrawn);
        Assert.Equal((Old, Now + 5), (plan!.Uid, plan.Version));
    }

    [Fact]
    public void Next_Kept_IsNeitherChangedNorWithdrawnButRenewed()
    {
        Assert.Null(Next(null, Leaf("x", 1), isKept: true));
        var plan = Next(null, Leaf("x", 1, Now + 10), isKept: true);
        Assert.Equal("x", ((TextContent)plan!.Content!).Text);
    }

    [Fact]
    public void RenewalOf_Names_AreSpreadOverATenthOfLife()
    {
        var times = Enumerable.Range(0, 256).Select(first =>
        {
            var uid = new byte[16];
            uid[0] = (byte)first;
            return _planner.RenewalOf(Leaf("x", 1, Now) with { Uid = Hex16.FromBytes(uid) });
        }).ToList();
        Assert.Equal(256, times.Distinct().Count());
        Assert.InRange(times.Max() - times.Min(), Life / 11, Life / 10);
    }

    /// <summary>No anchor takes what outlives its publisher's Credential.</summary>
    [Fact]
    public void Next_BeyondTheCredential_EndsWithIt_AndIsNotRenewedForNothing()
    {
        _planner.End = Now + 20_000;
        var plan = Next("x", null)!;
        Assert.Equal(_planner.End, plan.Expires);
        Assert.Null(Next("x", plan.Leaf));
        Assert.Null(Next(null, plan.Leaf, isKept: true));
        Assert.Equal(_planner.End, Next("y", plan.Leaf)!.Expires);
        _planner.End += Life;
        Assert.Equal(Now + Life, Next("x", plan.Leaf)!.Expires);
    }

    [Fact]
    public void Next_AfterTheCredential_OnlyWithdraws()
    {
        _planner.End = Now;
        Assert.Null(Next("x", null));
        Assert.Null(Next("y", Leaf("x", 1, Now + 10)));
        Assert.Null(Next(null, Leaf("x", 1, Now + 10), isKept: true));
        Assert.Equal(Now + 10, Next(null, Leaf("x", 1, Now + 10))!.Expires);
    }

    /// <summary>What one anchor says of an end does not keep a name from its renewal.</summary>
    [Fact]
    public void Next_AClaimOfTheCredentialsEnd_IsRenewedALifeAfterItsVersion()
    {
        _planner.End = Now + (50 * Life);
        Assert.NotNull(Next("x", Leaf("x", Now - Life + 30_000, Now + (50 * Life)) with { IsClaimed = true }));
    }

    private static KnownLeaf Leaf(string text, long version, long expires = Now + Life) =>
        new(Name, Old, version, expires, new TextContent(Name, text));

    private Plan? Next(string? desired, KnownLeaf? last, bool isKept = false) => _planner.Next(
        Name, desired is null ? null : new TextContent(Name, desired), isKept, last, Now, () => Fresh);
}
