using Fairlead.Naming;
using Fairlead.Simulator;

namespace Fairlead.Governance.Tests.Epochs;

/// <summary>
/// Four anchors that decide one epoch and seal nothing, so that hours of virtual time are cheap. The network keeps
/// everything and takes a millisecond; who is away neither sends nor hears.
/// </summary>
internal sealed class EpochMesh
{
    private readonly PriorityQueue<(string To, EpochInput Input), (long At, long Order)> _mail = new();
    private readonly Dictionary<string, long> _timers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _away = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _ahead = new(StringComparer.Ordinal);
    private readonly EpochBench _maker = new();
    private long _order;

    internal EpochMesh(Func<string, EpochEngineOptions, EpochEngineOptions>? change = null)
    {
        foreach (var id in _maker.World.Ids)
        {
            var options = _maker.Options with { Self = id, Signer = _maker.World.Signer($"gov {id}") };
            options = change?.Invoke(id, options) ?? options;
            Engines.Add(id, new EpochEngine(options, Now));
            Give(id, new EpochInput.Tick());
        }

        Run(1_000);
    }

    internal long Now { get; private set; } = VirtualTime.Start;

    internal Dictionary<string, EpochEngine> Engines { get; } = new(StringComparer.Ordinal);

    /// <summary>Who prepared or committed something.</summary>
    internal HashSet<string> Voted { get; } = new(StringComparer.Ordinal);

    internal IEnumerable<string> Decided => Engines.Where(e => e.Value.Decision is not null).Select(e => e.Key);

    internal void Away(string id) => _away.Add(id);

    internal void Return(string id) => _away.Remove(id);

    /// <summary>The first anchor's operator proposes.</summary>
    internal Digest Submit(long maxTtl = 1_000)
    {
        var proposal = _maker.Policy(maxTtl);
        Give("a0", new EpochInput.Submit(1, proposal));
        Run(10);
        return EpochBench.DigestOf(proposal);
    }

    internal void Approve(Digest digest, params string[] anchors)
    {
        foreach (var id in anchors)
        {
            Give(id, new EpochInput.Approve(digest));
        }

        Run(10);
    }

    /// <summary>Runs for a while of virtual time.</summary>
    internal void Run(long milliseconds)
    {
        for (var end = Now + milliseconds; ;)
        {
            var (timer, at) = _timers.MinBy(t => t.Value);
            if (_mail.TryPeek(out _, out var next) && next.At <= Math.Min(at, end))
            {
                Now = Math.Max(Now, next.At);
                var (to, input) = _mail.Dequeue();
                Give(to, input);
            }
            else if (at <= end)
            {
                Now = Math.Max(Now, at);
                _timers[timer] = long.MaxValue;
                Give(timer, new EpochInput.Tick());
            }
            else
            {
                Now = end;
                return;
            }
        }
    }

    /// <summary>An anchor's clock leaps ahead for one step, and is set right.</summary>
    internal void LeapForAStep(string id, long milliseconds)
    {
        _ahead[id] = milliseconds;
        Give(id, new EpochInput.Tick());
        _ahead.Remove(id);
    }

    internal IReadOnlyList<EpochOutput> Give(string id, EpochInput input)
    {
        var clock = Now + _ahead.GetValueOrDefault(id);
        var outputs = Engines[id].Step(input, clock);
        foreach (var output in outputs)
        {
            switch (output)
            {
                case EpochOutput.Send send:
                    Mail(id, send.To, send.Message);
                    break;
                case EpochOutput.Broadcast broadcast:
                    foreach (var to in Engines.Keys.Where(i => i != id))
                    {
                        Mail(id, to, broadcast.Message);
                    }

                    break;
                case EpochOutput.SetTimer timer:
                    _timers[id] = Now + (timer.At - clock);
                    break;
                case EpochOutput.Journal:
                    Voted.Add(id);
                    break;
            }
        }

        return outputs;
    }

    private void Mail(string from, string to, EpochMessage message)
    {
        if (!_away.Contains(from) && !_away.Contains(to))
        {
            _mail.Enqueue((to, new EpochInput.Receive(from, message)), (Now + 1, _order++));
        }
    }
}
