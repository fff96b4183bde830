using Fairlead.Anchor.Home;
using Fairlead.Resolver;

namespace Fairlead.Anchor.Tests.Home;

/// <summary>When a name that waits on a silent stream is asked of another anchor, exactly.</summary>
public sealed class HedgeTurnsTests
{
    private const long Delay = HedgeTurns.DelayMax;

    private readonly AnswerLatencies _latencies = new(HedgeTurns.DelayMin, HedgeTurns.DelayMax);
    private readonly HedgeTurns _turns;

    public HedgeTurnsTests() => _turns = new HedgeTurns(_latencies);

    [Fact]
    public void Name_ThatWaits_HasItsTurnOnceAfterTheDelay()
    {
        _turns.Asked(1, 1_000);
        _turns.Asked(2, 1_010);
        Assert.Equal(1_000 + Delay, _turns.NextAt(0));
        Assert.Null(_turns.Take(1_000 + Delay - 1, 0));
        Assert.Equal(1UL, _turns.Take(1_000 + Delay, 0));
        Assert.Null(_turns.Take(1_000 + Delay, 1));
        Assert.Equal(2UL, _turns.Take(1_010 + Delay, 1));

        // Asked for again while nothing came: it had its turn.
        _turns.Asked(1, 1_300);
        Assert.Null(_turns.NextAt(0));
        _turns.Heard(1, 1_400);
        _turns.Asked(1, 1_500);
        Assert.Equal(1_500 + Delay, _turns.NextAt(0));
    }

    [Fact]
    public void Name_ThatIsAskedForAgainAndAgain_WaitsNoLonger()
    {
        _turns.Asked(1, 1_000);
        _turns.Asked(1, 1_000 + Delay - 1);
        Assert.Equal(1UL, _turns.Take(1_000 + Delay, 0));
    }

    [Fact]
    public void Name_ThatSomethingCameFor_HasNoTurn()
    {
        _turns.Asked(1, 1_000);
        _turns.Asked(2, 1_000);
        _turns.Asked(3, 1_001);
        _turns.Heard(1, 1_000 + Delay - 1);
        _turns.Forget(2);
        Assert.Equal(1_001 + Delay, _turns.NextAt(0));
        _turns.Heard(3, 1_002);
        Assert.Null(_turns.NextAt(0));
        Assert.Null(_turns.Take(9_000, 0));
    }

    [Fact]
    public void Names_BeyondTheMost_WaitUntilOneEnds()
    {
        for (var id = 1UL; id <= HedgeTurns.Most + 1; id++)
        {
            _turns.Asked(id, 1_000);
        }

        var running = 0;
        while (_turns.Take(1_000 + Delay, running) is not null)
        {
            running++;
        }

        Assert.Equal(HedgeTurns.Most, running);
        Assert.Null(_turns.NextAt(running));
        Assert.Equal(HedgeTurns.Most + 1UL, _turns.Take(1_000 + Delay, running - 1));
    }

    /// <summary>Also what comes late is timed.</summary>
    [Fact]
    public void Delay_IsTheNinetyFifthPercentileOfFirstAnswers()
    {
        for (var id = 1UL; id <= 40; id++)
        {
            _turns.Asked(id, 1_000);
            _turns.Heard(id, id <= 36 ? 1_030 : 1_060);
        }

        _turns.Asked(50, 2_000);
        Assert.Equal(2_060, _turns.NextAt(0));
        Assert.Equal(50UL, _turns.Take(2_060, 0));
        for (var i = 0; i < 128; i++)
        {
            _turns.Heard(50, 2_500);
            _turns.Asked(50, 2_000);
        }

        Assert.Equal(2_000 + HedgeTurns.DelayMax, _turns.NextAt(0));
    }
}
