using System.Globalization;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver;
using Fairlead.TestKit.Answers;

namespace Fairlead.Simulator.Consumers;

/// <summary>
/// A consumer under a seeded schedule on virtual time: a verifier and its cache before four anchors of its home, of
/// which one at a time is silent, behind or lies, while segments seal, change, deny, are renewed, go away or are taken,
/// the paths are cut and the consumer starts anew. Used on one thread.
/// </summary>
public sealed class ConsumerSimulation
{
    private const int Relays = 4;
    private const string Node = "consumer";

    private readonly ConsumerOptions _options;
    private readonly Random _random;
    private readonly ConsumerWorld _world;
    private readonly ConsumerChecker _checker;
    private readonly ConsumerRelay[] _relays;
    private readonly PriorityQueue<Action, (long At, int Order)> _due = new();
    private readonly Dictionary<string, (long Id, int Anchor)> _asked = [];
    private readonly Dictionary<Digest, long> _learned = [];
    private readonly HashSet<(Digest Segment, long Epoch)> _ofOthers = [];
    private readonly Queue<(long At, byte[] State)> _disk = new();
    private readonly List<string> _transcript = [];
    private VerifierState _state;
    private VerifiedCache _verified = new();
    private NameCache _cache;
    private long _now = PeerWorld.Start;
    private bool _isCut;
    private int _order;
    private int _accepted;
    private int _refused;

    private ConsumerSimulation(ConsumerOptions options)
    {
        _options = options;
        _random = new Random(options.Seed);
        _world = new ConsumerWorld(PeerWorld.Start) { TellsExistence = options.Bug == ConsumerBug.TellingDenials };
        var thief = new ConsumerThief(
            _world, new Random(options.Seed + Relays), options.Bug == ConsumerBug.StolenQuorum ? 3 : 1);
        _checker = new ConsumerChecker(_world, thief);
        _relays =
        [
            .. Enumerable.Range(0, Relays).Select(i => new ConsumerRelay(_world, thief, new Random(options.Seed + i))),
        ];
        _state = _world.Met(_now);
        _cache = NewCache();
    }

    private HomePin Home => new(_world.Eu1.Genesis, _world.Eu1.Name);

    private long Monotonic => 1_000_000
        + ((_now - PeerWorld.Start) / (_options.Bug == ConsumerBug.SlowClock ? 4 : 1));

    private long Judged => _now - (_options.Bug == ConsumerBug.LateClock ? 5_000 : 0);

    /// <summary>Runs one seed to its end, or to the invariant that breaks.</summary>
    public static ConsumerResult Run(ConsumerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var run = new ConsumerSimulation(options);
        try
        {
            run.Go();
            return run.End(null, "");
        }
        catch (ViolationException violation)
        {
            return run.End(violation.Invariant, $"at {run._now - PeerWorld.Start} ms: {violation.Message}");
        }
    }

    private ConsumerResult End(string? invariant, string detail) =>
        new(invariant, detail, _transcript) { Accepted = _accepted, Refused = _refused };

    private void Go()
    {
        foreach (var segment in _world.Segments)
        {
            Every(4_000, 6_000, () => _world.Seal(segment, _now));
        }

        Every(1_000, 5_000, Happen);
        ConsumerWorld.Names.ToList().ForEach(name => Step(new CacheInput.Want(name)));
        var end = PeerWorld.Start + (_options.Seconds * 1_000L);
        while (_now < end)
        {
            var tick = _cache.NextDue() is { } due ? _now + Math.Max(0, due - Monotonic) : end;
            if (_due.TryPeek(out _, out var next) && next.At <= tick)
            {
                _now = Math.Max(_now, next.At);
                _due.Dequeue()();
            }
            else
            {
                _now = Math.Min(Math.Max(tick, _now), end);
                if (_options.Bug == ConsumerBug.SlowClock)
                {
                    _now++;
                }

                Step(CacheInput.Tick.Instance);
            }

            Look();
        }
    }

    private void Look()
    {
        foreach (var name in ConsumerWorld.Names)
        {
            if (_cache.Find(name) is { } view)
            {
                _checker.Served(name, view, _asked.ContainsKey(name), _now);
            }
        }
    }

    private void At(long after, Action action) => _due.Enqueue(action, (_now + after, _order++));

    private void Every(int least, int most, Action action) => At(_random.Next(least, most), () =>
    {
        action();
        Every(least, most, action);
    });

    private void Happen()
    {
        var name = ConsumerWorld.Names[_random.Next(ConsumerWorld.Names.Count)];
        switch (_random.Next(12))
        {
            case 0 or 1:
                var relay = _relays[_random.Next(Relays)];
                Array.ForEach(_relays, one => one.Mood = RelayMood.Honest);
                relay.Mood = (RelayMood)_random.Next(4);
                break;
            case 2 or 3 when ConsumerWorld.IsOfCorp(name) ? !_world.IsCorpTaken : !_world.IsUs1Down:
                _world.Change(name, _now, _random.Next(4) == 0 ? null : $"10.1.0.{_random.Next(1, 200)}");
                Push(name);
                break;
            case 4 when !_world.IsUs1Down:
                _world.Decide(_now, !_world.IsDenied);
                ConsumerWorld.Names.ToList().ForEach(Push);
                break;
            case 5 or 6:
                var segment = _world.Segments[_random.Next(_world.Segments.Count)];
                if (_world.Seals(segment))
                {
                    _world.Strangers(_now, segment);
                    _ofOthers.Add((segment.Genesis, segment.Newest.Value.Number));
                }

                break;
            case 7:
                _isCut = !_isCut;
                break;
            case 8:
                _world.IsUs1Down = !_world.IsUs1Down;
                break;
            case 9:
                _world.IsAcmeGone = _random.Next(2) == 0;
                break;
            case 10:
                var isNear = _random.Next(2) == 0;
                _world.TakeCorp(
                    _now, isNear ? "127.0.0.1" : "10.9.9.9",
                    isNear ? null : $"spiffe://{ConsumerWorld.HomeDomain}/ns/shop/sa/frontend");
                Push(ConsumerWorld.Rates);
                break;
            case 11 when _random.Next(2) == 0:
                Restart();
                break;
            default:
                break;
        }
    }

    // An honest anchor tells its subscribers of what changed.
    private void Push(string name)
    {
        if (_cache.AnchorOf(name) is { } anchor)
        {
            Ask(name, anchor);
        }
    }

    private void Restart()
    {
        while (_options.Bug != ConsumerBug.OldDisk && _disk.Count > 1)
        {
            _disk.Dequeue();
        }

        if (!_disk.TryPeek(out var kept))
        {
            return;
        }

        Note($"restart after {_accepted}");
        if (!StateFile.TryRead(kept.State, Home, Node, out var state, out var error))
        {
            throw new ViolationException("I16", error!);
        }

        ConsumerChecker.Step(_state, state);
        (_state, _verified, _cache) = (state, new VerifiedCache(), NewCache());
        _asked.Clear();
        _learned.Clear();
        ConsumerWorld.Names.ToList().ForEach(name => Step(new CacheInput.Want(name)));
    }

    private NameCache NewCache() => new(
        new NameCacheOptions { Anchors = Relays, Notice = 0 }, new Random(_options.Seed));

    private void Ask(string name, int anchor)
    {
        var id = _order;
        _asked[name] = (id, anchor);
        At(_random.Next(5, 150), () =>
        {
            if (_asked.GetValueOrDefault(name) == (id, anchor) && Hear(name, anchor) is { } input)
            {
                _asked.Remove(name);
                Step(input);
            }
        });
    }

    private CacheInput? Hear(string name, int anchor)
    {
        if (_isCut)
        {
            return new CacheInput.Failed(name, anchor, new Refusal(VerificationFailure.Behind, name, "cut off"));
        }

        var (raw, failure, isHonest) = _relays[anchor].Say(name, _now);
        if (failure is not null)
        {
            if (failure.Failure != VerificationFailure.NotSealed)
            {
                ConsumerChecker.Refused(name, failure, isHonest);
                _checker.Doubted(name);
            }

            return new CacheInput.Failed(name, anchor, failure);
        }

        return raw is null ? null : Judge(name, anchor, raw, isHonest);
    }

    private CacheInput Judge(string name, int anchor, UnverifiedAnswer raw, bool isHonest)
    {
        var options = new VerifierOptions
        {
            UnsafeAllowLoopbackEndpoints = _options.Bug == ConsumerBug.AdmitsAnyAddress,
        };
        var verdict = AnswerVerifier.Verify(
            _state, _world.Query(name, _now), raw, Judged, options, _verified);
        if (verdict is Verdict.Refused { Refusal: var refusal })
        {
            _refused++;
            Note($"{name} {refusal.Failure}");
            ConsumerChecker.Refused(name, refusal, isHonest && _options.Bug == ConsumerBug.None);
            _checker.Doubted(name);
            return _options.Bug == ConsumerBug.ForgivesLies
                ? new CacheInput.Failed(name, anchor, new Refusal(VerificationFailure.Behind, name, "forgiven"))
                : new CacheInput.Refused(name, anchor, refusal);
        }

        var accepted = (Verdict.Accepted)verdict;
        _accepted++;
        ConsumerChecker.Step(_state, accepted.Next);
        _checker.Accepted(name, accepted.Answer, raw, _now);
        _state = accepted.Next;
        _disk.Enqueue((_now, StateFile.Write(_state, Node)));
        Learn();
        return new CacheInput.Accepted(name, anchor, accepted.Answer);
    }

    // As the resolver does: who knows a newer epoch looks at what was verified under the one before.
    private void Learn()
    {
        foreach (var (genesis, segment) in _state.Segments)
        {
            var before = _learned.GetValueOrDefault(genesis, -1);
            if (before == segment.NewestNumber)
            {
                continue;
            }

            _learned[genesis] = segment.NewestNumber;
            var isOfOthers = before >= 0 && Enumerable.Range((int)before + 1, (int)(segment.NewestNumber - before))
                .All(number => _ofOthers.Contains((genesis, number)));
            ConsumerChecker.Learned(Step(new CacheInput.Learned(segment)), isOfOthers);
        }
    }

    private IReadOnlyList<CacheOutput> Step(CacheInput input)
    {
        var outputs = _cache.Step(input, new CacheTime(Monotonic, _now));
        foreach (var output in outputs)
        {
            switch (output)
            {
                case CacheOutput.Ask ask:
                    Ask(ask.Name, ask.Anchor);
                    break;
                case CacheOutput.Leave leave:
                    foreach (var name in _asked.Where(one => one.Value.Anchor == leave.Anchor).Select(one => one.Key)
                        .ToList())
                    {
                        _asked.Remove(name);
                    }

                    break;
                case CacheOutput.Hedge hedge:
                    Hedge(hedge);
                    break;
                case CacheOutput.Changed changed:
                    Note($"{changed.Name.Name} {changed.Name.State} {changed.Name.Answer?.Slices.FirstOrDefault()?
                        .Endpoints[0].Address}");
                    break;
                default:
                    break;
            }
        }

        return outputs;
    }

    private void Hedge(CacheOutput.Hedge hedge) => At(_random.Next(5, 150), () =>
    {
        var other = (hedge.Anchor + 1) % Relays;
        Step(new CacheInput.Hedged(hedge.Name, (Hear(hedge.Name, other) as CacheInput.Accepted)?.Answer));
    });

    private void Note(string what) => _transcript.Add(
        string.Create(CultureInfo.InvariantCulture, $"{_now - PeerWorld.Start} {what}"));
}
