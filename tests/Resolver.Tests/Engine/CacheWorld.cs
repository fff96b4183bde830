using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Answers;

namespace Fairlead.Resolver.Tests.Engine;

/// <summary>A cache on virtual time, and real verified answers of the two clusters for it.</summary>
internal sealed class CacheWorld
{
    public const string Checkout = "checkout.shop.svc.us1.internal";
    public const string Nobody = "nobody.shop.svc.us1.internal";
    public const int Anchors = 4;

    private readonly PeerWorld _world = new();
    private VerifierState _state;

    public CacheWorld(
        int seed = 1,
        int namesMax = 100,
        int anchors = Anchors,
        long continuity = 0,
        long? ofRecord = null,
        long? ofHome = null,
        long bytesMax = long.MaxValue,
        long notice = 0,
        int bareMax = 1_000,
        int asksMax = 64,
        string[]? parts = null,
        params string[] kept)
    {
        Cache = new NameCache(
            new NameCacheOptions
            {
                Anchors = anchors,
                NamesMax = namesMax,
                BytesMax = bytesMax,
                BareMax = bareMax,
                AsksMax = asksMax,
                Notice = notice,
                IsKept = kept.ToHashSet().Contains,
                IsKeptPart = (parts ?? []).Contains,
            },
            new Random(seed));
        if (continuity > 0)
        {
            Allow(_world.Eu1, ofHome ?? continuity);
            Allow(_world.Us1, continuity);
            _world.Us1.Put(_world.Record with { Continuity = ofRecord });
            Reseal();
        }

        // Once the home's epochs are held, its clock tolerance counts.
        _state = Verify(_world.State, Ask(Checkout), ask => ask.Record(_world.East, _world.West)).Next;
    }

    public NameCache Cache { get; }

    /// <summary>Milliseconds since the test began.</summary>
    public long Elapsed { get; set; }

    private long Wall => PeerWorld.Start + Elapsed;

    public CachedName Held(string name = Checkout) => Cache.Find(name) ?? throw new InvalidOperationException(name);

    public IReadOnlyList<CacheOutput> Step(CacheInput input) =>
        Cache.Step(input, new CacheTime(1_000_000 + Elapsed, Wall));

    /// <summary>Moves to a moment and ticks there.</summary>
    public IReadOnlyList<CacheOutput> TickAt(long elapsed)
    {
        Elapsed = elapsed;
        return Step(CacheInput.Tick.Instance);
    }

    /// <summary>The next moment at which the cache wants to be woken, since the test began.</summary>
    public long Due() => (Cache.NextDue() ?? throw new InvalidOperationException("never")) - 1_000_000;

    /// <summary>Wants a name and returns the anchor that is asked.</summary>
    public int Want(string name = Checkout) => AskedAnchor(Step(new CacheInput.Want(name)));

    public IReadOnlyList<CacheOutput> Accept(
        VerifiedAnswer answer, int anchor = 0, string name = Checkout, long bytes = 0) =>
        Step(new CacheInput.Accepted(name, anchor, answer) { Bytes = bytes });

    /// <summary>Every anchor that is asked fails so, to the end of the round.</summary>
    public List<CacheOutput> FailEverywhere(VerificationFailure failure, string name = Checkout)
    {
        var outputs = new List<CacheOutput>();
        while (Cache.AnchorOf(name) is { } anchor && outputs.Count < 100)
        {
            var step = Step(new CacheInput.Failed(name, anchor, Why(failure)));
            outputs.AddRange(step);
            if (!step.OfType<CacheOutput.Ask>().Any())
            {
                break;
            }
        }

        return outputs;
    }

    /// <summary>Lets the time pass with every anchor failing so, and tells the states of the name that were seen, each
    /// with when.</summary>
    public List<(long At, NameState State)> RunFailing(
        long elapsed, VerificationFailure failure, string name = Checkout)
    {
        var seen = new List<(long, NameState)>();
        while (Cache.NextDue() is { } due && due - 1_000_000 <= elapsed)
        {
            var outputs = TickAt(Math.Max(Elapsed, due - 1_000_000)).ToList();
            if (outputs.OfType<CacheOutput.Ask>().Any())
            {
                outputs.AddRange(FailEverywhere(failure, name));
            }

            seen.AddRange(outputs.OfType<CacheOutput.Changed>().Select(changed => (Elapsed, changed.Name.State)));
        }

        Elapsed = elapsed;
        return seen;
    }

    /// <summary>
    /// Certifies the next epoch of a segment and tells the cache that the verifier knows it, with its first seal or
    /// before that.
    /// </summary>
    public IReadOnlyList<CacheOutput> NextEpoch(bool ofHome, Func<Epoch, Epoch> change, bool isSealed = true)
    {
        var segment = ofHome ? _world.Eu1 : _world.Us1;
        segment.Next(Wall - 900, change);
        if (isSealed)
        {
            segment.SealAt(Wall - 800);
            _state = Verify(_state, Ask(Nobody), ask => ask.Negative()).Next;
        }
        else
        {
            var chain = EpochChain.Extend(
                _state.Segments[segment.Genesis],
                segment.Genesis,
                null,
                [.. segment.Documents],
                Wall,
                _state.ClockDelta);
            Assert.True(chain.IsAccepted, chain.Refusal?.ToString());
            _state = _state.With(chain.Segment!);
        }

        return Step(new CacheInput.Learned(_state.Segments[segment.Genesis]));
    }

    /// <summary>What the verifier holds of a segment.</summary>
    public SegmentState Segment(bool ofHome) => _state.Segments[(ofHome ? _world.Eu1 : _world.Us1).Genesis];

    /// <summary>The first seal under an epoch that was known before it.</summary>
    public IReadOnlyList<CacheOutput> FirstSeal(bool ofHome)
    {
        var segment = ofHome ? _world.Eu1 : _world.Us1;
        segment.SealAt(Wall - 800);
        _state = Verify(_state, Ask(Nobody), ask => ask.Negative()).Next;
        return Step(new CacheInput.Learned(_state.Segments[segment.Genesis]));
    }

    /// <summary>The anchors that names are asked at by these outputs.</summary>
    public static IEnumerable<(string Name, int Anchor)> Asked(IEnumerable<CacheOutput> outputs) =>
        outputs.OfType<CacheOutput.Ask>().Select(ask => (ask.Name, ask.Anchor));

    /// <summary>Lets the cache wake itself up to a moment; what it asks on the way is returned with when.</summary>
    public List<(long At, string Name, int Anchor)> RunTo(long elapsed)
    {
        var asked = new List<(long, string, int)>();
        while (Cache.NextDue() is { } due && due - 1_000_000 <= elapsed)
        {
            var at = Math.Max(Elapsed, due - 1_000_000);
            asked.AddRange(Asked(TickAt(at)).Select(ask => (at, ask.Name, ask.Anchor)));
        }

        Elapsed = elapsed;
        return asked;
    }

    public static int AskedAnchor(IEnumerable<CacheOutput> outputs) =>
        Assert.Single(outputs.OfType<CacheOutput.Ask>()).Anchor;

    public static Refusal Why(VerificationFailure failure) => new(failure, "test", "test");

    /// <summary>Seals both segments anew, now.</summary>
    public void Reseal()
    {
        _world.Eu1.SealAt(Wall - 1000);
        _world.Us1.SealAt(Wall - 1000);
    }

    /// <summary>The answer as it stands under the newest seals: 13 s of life right after a seal, bounded by
    /// it.</summary>
    public VerifiedAnswer Answer() => Verified(Ask(Checkout), ask => ask.Record(_world.East, _world.West));

    /// <summary>The answer after the other region's slice was withdrawn, under a new seal.</summary>
    public VerifiedAnswer AnswerOfEastOnly()
    {
        var record = AnswerLeaves.RecordOf(PeerWorld.Checkout, Wall - 900, _world.Us1.Publisher, _world.East);
        _world.Us1.Put(record with { Uid = _world.Record.Uid, Expires = record.Expires + 1 });
        _world.Us1.SealAt(Wall - 800);
        return Verified(Ask(Checkout), ask => ask.Record(_world.East));
    }

    public VerifiedAnswer Absent() => Verified(Ask(Nobody), ask => ask.Negative());

    public VerifiedAnswer Denied() => Verified(Ask(Checkout), ask => ask.Denied());

    private static void Allow(AnswerSegment segment, long continuity) => segment.Next(
        PeerWorld.Start - 45_000,
        epoch => epoch with { Policy = epoch.Policy with { ContinuityMax = continuity } });

    private TestAnswers Ask(string name) => new TestAnswers(_world.Eu1, name, Wall).Via(_world.Us1, HopKind.Peer);

    private VerifiedAnswer Verified(TestAnswers ask, Func<TestAnswers, UnverifiedAnswer> answer)
    {
        var accepted = Verify(_state, ask, answer);
        _state = accepted.Next;
        return accepted.Answer;
    }

    private Verdict.Accepted Verify(VerifierState state, TestAnswers ask, Func<TestAnswers, UnverifiedAnswer> answer) =>
        AnswerVerifier.Verify(state, ask.Query, answer(ask), Wall) as Verdict.Accepted
        ?? throw new InvalidOperationException("the world's own answer is refused");
}
