namespace Fairlead.Simulator;

/// <summary>Events in the order of their time, then of their creation. Nothing ever waits.</summary>
internal sealed class VirtualTime
{
    /// <summary>When a run begins, unix milliseconds.</summary>
    internal const long Start = 1_750_000_000_000;

    private readonly PriorityQueue<Action, (long At, long Order)> _events = new();
    private long _order;

    internal long Now { get; private set; } = Start;

    internal long Steps { get; private set; }

    internal void After(long delay, Action action) => At(Now + delay, action);

    internal void At(long time, Action action) =>
        _events.Enqueue(action, (Math.Max(time, Now), _order++));

    /// <summary>Runs the next event that is due before the end; false when there is none.</summary>
    internal bool Step(long end)
    {
        if (!_events.TryPeek(out _, out var next) || next.At > end)
        {
            return false;
        }

        Now = next.At;
        Steps++;
        _events.Dequeue()();
        return true;
    }
}
