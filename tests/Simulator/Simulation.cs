using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Fairlead.Simulator;

/// <summary>
/// One seeded run: a storm (loss, delay, cuts, crashes, liars) while publishers publish, then calm with the liars
/// still there. Every invariant is checked at every step; at the end every promise must be kept.
/// </summary>
public sealed class Simulation
{
    private const long Publishing = 20_000;
    private const long LeapMax = 3_600_000;

    private readonly SimulationOptions _options;
    private readonly long _storm;
    private readonly long _length;
    private readonly VirtualTime _time = new();
    private readonly Random _random;
    private readonly Checker _checker;
    private readonly EpochChecker _epochs;
    private readonly Operator _operator;
    private readonly Network _network;
    private readonly Publisher _publisher;
    private readonly List<HonestAnchor> _honest = [];
    private readonly List<LyingAnchor> _liars = [];
    private readonly IncrementalHash _transcript = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _tokens;
    private int _leaps;

    private Simulation(SimulationOptions options)
    {
        _options = options;
        (_storm, _length) = options.Rounds ? (45_000, 45_000) : (15_000, 150_000);
        _random = new Random(options.Seed);
        var world = new World(options);
        var liars = _random.Next(4) == 0 && !options.Rounds ? 0 : options.Faults;
        _checker = new Checker(world, _time, liars);
        _epochs = new EpochChecker(world, liars);
        _operator = new Operator(world, _random);
        _checker.Begin(world.Segment.Handover.Digest);
        _network = new Network(_time, _random, VirtualTime.Start + _storm);
        _publisher = new Publisher(world, _time, _random, _checker);
        var ids = world.Ids.ToArray();
        _random.Shuffle(ids);
        foreach (var id in ids.Take(liars))
        {
            _liars.Add(new LyingAnchor(id, world, _time, _random, _network));
            _network.Join(_liars[^1]);
        }

        foreach (var id in ids.Skip(liars))
        {
            _honest.Add(new HonestAnchor(id, world, _time, _random, _network, _checker, _epochs));
            _epochs.Trust(id);
            _network.Join(_honest[^1]);
        }
    }

    /// <summary>Runs a seed to its end or to the first broken invariant.</summary>
    /// <param name="options">The run.</param>
    public static SimulationResult Run(SimulationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new Simulation(options).Run();
    }

    private SimulationResult Run()
    {
        _liars.ForEach(l => l.StartUp());
        _honest.ForEach(h => _time.After(_random.Next(100), h.StartUp));
        if (!_options.Rounds)
        {
            _time.After(50 + _random.Next(200), Publish);
        }

        _time.After(_random.Next(4000), Trouble);
        for (var i = 0; i < _options.Operations && _options.Bug != PlantedBug.LowThreshold; i++)
        {
            _time.After(500 + _random.Next((int)_storm), Propose);
        }

        if (_options.Clocks)
        {
            _time.After(_random.Next(2000), LeapAhead);
        }

        Violation? violation = null;
        try
        {
            while (_time.Step(VirtualTime.Start + _length))
            {
                Record();
            }

            End();
        }
        catch (ViolationException broken)
        {
            violation = new Violation(broken.Invariant, _time.Steps, broken.Message);
        }

        return new SimulationResult(
            _options,
            violation,
            _time.Steps,
            _checker.Certified,
            _checker.Accepted,
            _checker.Settled,
            _epochs.Decisions,
            _checker.Witnessed,
            _leaps,
            Convert.ToHexStringLower(_transcript.GetHashAndReset()));
    }

    /// <summary>A publisher offers to F+1 anchors, as it would over the wire; then waits a little.</summary>
    private void Publish()
    {
        foreach (var entry in _publisher.Next())
        {
            var targets = _honest.OrderBy(_ => _random.Next()).Take(_options.Faults + 1).ToList();
            foreach (var anchor in targets)
            {
                var token = ++_tokens;
                _time.After(_random.Next(30), () => anchor.Publish(token, entry));
            }
        }

        if (_time.Now < VirtualTime.Start + Publishing)
        {
            _time.After(_random.Next(5) == 0 ? 2000 : 10 + _random.Next(400), Publish);
        }
    }

    /// <summary>Operators propose to the anchors they happen to run, one or two at a time.</summary>
    private void Propose()
    {
        for (var i = 1 + _random.Next(2); i > 0; i--)
        {
            _honest[_random.Next(_honest.Count)].Propose(++_tokens, _operator.Next());
        }
    }

    /// <summary>Crashes, power losses and cuts, until the storm ends; then everyone honest comes back.</summary>
    private void Trouble()
    {
        if (_time.Now >= VirtualTime.Start + _storm)
        {
            return;
        }

        if (_options.Rounds)
        {
            CutOff(_honest[_random.Next(_honest.Count)].Id);
            _time.After(1000 + _random.Next(5000), Trouble);
            return;
        }

        switch (_random.Next(6))
        {
            case 0:
                _honest.ForEach(CrashFor);
                break;
            case 1 or 2:
                CrashFor(_honest[_random.Next(_honest.Count)]);
                break;
            default:
                var ids = _network.Ids.ToList();
                _network.Cut(ids[_random.Next(ids.Count)], ids[_random.Next(ids.Count)], 500 + _random.Next(3000));
                break;
        }

        _time.After(200 + _random.Next(3000), Trouble);
    }

    /// <summary>Longer than the first round: the others go on without it.</summary>
    private void CutOff(string anchor)
    {
        var length = 2000 + _random.Next(6000);
        foreach (var other in _network.Ids.Where(i => i != anchor))
        {
            _network.Cut(anchor, other, length);
            _network.Cut(other, anchor, length);
        }
    }

    /// <summary>Clocks of some or all leap ahead, each by a time of its own, for a step or for seconds.</summary>
    private void LeapAhead()
    {
        if (_time.Now >= VirtualTime.Start + _storm)
        {
            return;
        }

        const long apart = 3 * WorldDocuments.Delta;
        var width = LeapMax / _honest.Count;
        var chance = _random.Next(1, 4);
        for (var i = 0; i < _honest.Count; i++)
        {
            if (_random.Next(3) < chance)
            {
                var anchor = _honest[i];
                anchor.Leap((i * width) + apart + _random.NextInt64(width - (2 * apart)));
                _leaps++;
                _time.After(_random.Next(2) == 0 ? _random.Next(30) : _random.Next(4000), () => anchor.Leap(0));
            }
        }

        _time.After(500 + _random.Next(4000), LeapAhead);
    }

    private void CrashFor(HonestAnchor anchor)
    {
        if (anchor.IsUp)
        {
            anchor.Crash();
            _time.After(50 + _random.Next(1500), anchor.StartUp);
        }
    }

    private void End()
    {
        // A storm without an end promises nothing but safety.
        if (_options.Rounds || _honest.Exists(h => h.HasHalted))
        {
            return;
        }

        _checker.End();
        _epochs.End(_honest);
        foreach (var anchor in _honest)
        {
            if (anchor.Engine?.Seals.Newest is not { } newest
                || _time.Now - newest.Seal.Issued > WorldDocuments.Heartbeat + 5_000)
            {
                throw new ViolationException("I25", $"{anchor.Id} holds no fresh seal at the end");
            }
        }
    }

    private void Record()
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{_time.Now}");
        foreach (var (id, at) in _honest.Select(h => (h.Id, h.Engine)))
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $" {id}:{at?.Seals.Term}:{at?.Seals.LastSigned}:{at?.Newest?.Digest}:{at?.Epochs.Slot}");
        }

        _transcript.AppendData(Encoding.ASCII.GetBytes(text.ToString()));
    }
}
