using Fairlead.Governance;

namespace Fairlead.Bench;

/// <summary>
/// Engines of one segment that hear each other at once, on one thread and on a clock of their own, with the CPU time
/// and the allocation of each engine counted apart.
/// </summary>
internal sealed class SealBus
{
    private const int StepsMax = 100_000;

    private readonly IReadOnlyList<SealEngine> _engines;
    private readonly IReadOnlyList<string> _ids;
    private readonly Queue<(int To, SealInput Input)> _queue = new();
    private readonly long[] _timers;

    public SealBus(IReadOnlyList<SealEngine> engines, IReadOnlyList<string> ids, long now)
    {
        (_engines, _ids, Now) = (engines, ids, now);
        _timers = [.. engines.Select(_ => long.MaxValue)];
        CpuMicroseconds = new double[engines.Count];
        AllocatedBytes = new long[engines.Count];
        for (var i = 0; i < engines.Count; i++)
        {
            _queue.Enqueue((i, new SealInput.Tick()));
        }

        for (var i = 0; i < engines.Count; i++)
        {
            foreach (var other in ids.Where(id => id != ids[i]))
            {
                _queue.Enqueue((i, new SealInput.Connected(other)));
            }
        }
    }

    public long Now { get; private set; }

    public double[] CpuMicroseconds { get; }

    public long[] AllocatedBytes { get; }

    /// <summary>Moves the clock.</summary>
    public void Advance(long milliseconds) => Now += milliseconds;

    public void Publish(int anchor, SignedEntry entry) => _queue.Enqueue((anchor, new SealInput.Publish(1, entry)));

    /// <summary>Lets messages and, where they do not suffice, time go on until the condition holds.</summary>
    /// <exception cref="InvalidOperationException">It does not come to hold.</exception>
    public void RunUntil(Func<bool> condition)
    {
        for (var steps = 0; steps < StepsMax; steps++)
        {
            if (_queue.TryDequeue(out var next))
            {
                Step(next.To, next.Input);
            }
            else if (condition())
            {
                return;
            }
            else
            {
                Wake();
            }
        }

        throw new InvalidOperationException("the engines do not come to an end");
    }

    private void Wake()
    {
        Now = Math.Max(Now, _timers.Min());
        for (var i = 0; i < _timers.Length; i++)
        {
            if (_timers[i] <= Now)
            {
                _timers[i] = long.MaxValue;
                _queue.Enqueue((i, new SealInput.Tick()));
            }
        }
    }

    private void Step(int engine, SealInput input)
    {
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        var start = Machine.ThreadMicroseconds();
        var outputs = _engines[engine].Step(input, Now);
        CpuMicroseconds[engine] += Machine.ThreadMicroseconds() - start;
        AllocatedBytes[engine] += GC.GetAllocatedBytesForCurrentThread() - bytes;
        foreach (var output in outputs)
        {
            Take(engine, output);
        }
    }

    private void Take(int from, SealOutput output)
    {
        switch (output)
        {
            case SealOutput.SetTimer timer:
                _timers[from] = timer.At;
                break;
            case SealOutput.Send send:
                Deliver(from, to => _ids[to] == send.To, send.Message);
                break;
            case SealOutput.Broadcast broadcast:
                Deliver(from, to => to != from, broadcast.Message);
                break;
            case SealOutput.Refused refused:
                throw new InvalidOperationException($"a good record is refused: {refused.Refusal}");
            case SealOutput.Halted halted:
                throw new InvalidOperationException($"an engine halted: {halted.Refusal}");
            default:
                break; // Journal, archive and publishers are measured elsewhere.
        }
    }

    private void Deliver(int from, Func<int, bool> to, SealMessage message)
    {
        for (var i = 0; i < _engines.Count; i++)
        {
            if (to(i))
            {
                _queue.Enqueue((i, new SealInput.Receive(_ids[from], message)));
            }
        }
    }
}
