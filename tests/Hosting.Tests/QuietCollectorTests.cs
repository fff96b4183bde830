using Fairlead.Hosting.Memory;
using Fairlead.TestKit;

namespace Fairlead.Hosting.Tests;

public sealed class QuietCollectorTests : IDisposable
{
    private const long Burst = 100 << 20;

    private readonly ManualTimeProvider _time = new();
    private readonly QuietCollector _collector;
    private long _allocated = 1 << 20;
    private int _collections;

    public QuietCollectorTests() => _collector = new(_time, () => _allocated, () => _collections++);

    public void Dispose() => _collector.Dispose();

    [Fact]
    public void Look_InTheMiddleOfABurst_CollectsNothing()
    {
        for (var second = 0; second < 60; second++)
        {
            for (var part = 0; part < 4; part++)
            {
                _allocated += Burst;
                _time.Advance(TimeSpan.FromMilliseconds(250));
            }
        }

        Assert.Equal(0, _collections);
    }

    [Fact]
    public void Look_QuietAfterABurst_CollectsOnce()
    {
        _allocated += Burst;
        Pass(seconds: 600);

        Assert.Equal(1, _collections);
    }

    [Fact]
    public void Look_LittleSinceTheLastCollection_CollectsNothing()
    {
        _allocated += Burst;
        Pass(seconds: 2);
        for (var second = 0; second < 60; second++)
        {
            _allocated += 64 << 10;
            Pass(seconds: 1);
        }

        Assert.Equal(1, _collections);
    }

    [Fact]
    public void Look_BurstsThatFollowEachOther_CollectsOnceAMinuteAtMost()
    {
        for (var second = 0; second < 150; second++)
        {
            _allocated += second % 2 == 0 ? Burst : 0;
            Pass(seconds: 1);
        }

        Assert.Equal(3, _collections);
    }

    [Fact]
    public void Look_ShortPauseOfABurst_Collects()
    {
        _allocated += Burst;
        Pass(seconds: 1);
        _allocated += Burst;
        _time.Advance(TimeSpan.FromMilliseconds(250));
        Assert.Equal(0, _collections);
        _time.Advance(TimeSpan.FromMilliseconds(250));

        Assert.Equal(1, _collections);
    }

    [Fact]
    public void Dispose_QuietAfterABurst_CollectsNothing()
    {
        _allocated += Burst;
        _collector.Dispose();
        Pass(seconds: 600);

        Assert.Equal(0, _collections);
    }

    private void Pass(int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }
}
