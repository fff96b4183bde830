using Fairlead.Naming;
using Fairlead.Resolver.Home;

namespace Fairlead.Resolver.Tests.Home;

/// <summary>When an anchor that is behind another one is a trouble.</summary>
public sealed class LagBookTests
{
    private const string Anchor = "192.0.2.1:16443";
    private const long Validity = 60_000;
    private const long Now = 1_000_000;

    private static readonly Digest Us1 = Digest.Sha256("us1"u8);

    private readonly LagBook _book = new();

    [Fact]
    public void Lag_WhoseSealStands_IsNoTrouble() => Assert.False(Late(Now, Now + 1));

    [Fact]
    public void Lag_WhoseSealIsOver_IsATroubleAtOnce() => Assert.True(Late(Now, Now));

    /// <summary>One that stays a few seconds behind shows seals that stand, each time.</summary>
    [Fact]
    public void Lag_ThatLastsLongerThanTheSealItBeganWith_IsATrouble()
    {
        Assert.False(Late(Now, Now + 40_000));
        Assert.False(Late(Now + 39_999, Now + 80_000));
        Assert.True(Late(Now + 40_000, Now + 80_000));
    }

    [Fact]
    public void Lag_OfAnAnchorThatCaughtUp_BeginsAnew()
    {
        Assert.False(Late(Now, Now + 40_000));
        _book.Clear(Anchor, Us1);
        Assert.False(Late(Now + 40_000, Now + 80_000));
    }

    /// <summary>What an anchor was behind with an hour ago says nothing of a push that is on its way now.</summary>
    [Fact]
    public void Lag_LongAfterTheOneBefore_BeginsAnew()
    {
        Assert.False(Late(Now, Now + 40_000));
        Assert.False(Late(Now + Validity + 1, Now + Validity + 40_000));
    }

    [Fact]
    public void Lag_OfAnotherAnchorOrSegment_IsItsOwn()
    {
        Assert.False(Late(Now, Now + 40_000));
        Assert.False(_book.IsTrouble("192.0.2.2:16443", Us1, Now + 80_000, Validity, Now + 50_000));
        Assert.False(_book.IsTrouble(Anchor, Digest.Sha256("eu1"u8), Now + 80_000, Validity, Now + 50_000));
    }

    /// <summary>The end of a seal that nobody certified is whatever a liar says.</summary>
    [Fact]
    public void End_ThatIsFurtherAwayThanASealLives_IsNotBelieved()
    {
        Assert.False(Late(Now, long.MaxValue));
        Assert.False(Late(Now + Validity - 1, long.MaxValue));
        Assert.True(Late(Now + Validity, long.MaxValue));
    }

    private bool Late(long now, long until) => _book.IsTrouble(Anchor, Us1, until, Validity, now);
}
