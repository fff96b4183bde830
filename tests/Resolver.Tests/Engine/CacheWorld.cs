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
    private readonly VerifierState _state;

    public CacheWorld(int seed = 1, int namesMax = 100, int anchors = Anchors)
    {
        Cache = new NameCache(new NameCacheOptions { Anchors = anchors, NamesMax = namesMax }, new Random(seed));

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

    public IReadOnlyList<CacheOutput> Accept(VerifiedAnswer answer, int anchor = 0, string name = Checkout) =>
        Step(new CacheInput.Accepted(name, anchor, answer));

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

    public VerifiedAnswer Absent() => Verified(Ask(Nobody), ask => ask.Negative());

    public VerifiedAnswer Denied() => Verified(Ask(Checkout), ask => ask.Denied());

    private TestAnswers Ask(string name) => new TestAnswers(_world.Eu1, name, Wall).Via(_world.Us1, HopKind.Peer);

    private VerifiedAnswer Verified(TestAnswers ask, Func<TestAnswers, UnverifiedAnswer> answer) =>
        Verify(_state, ask, answer).Answer;

    private Verdict.Accepted Verify(VerifierState state, TestAnswers ask, Func<TestAnswers, UnverifiedAnswer> answer) =>
        AnswerVerifier.Verify(state, ask.Query, answer(ask), Wall) as Verdict.Accepted
        ?? throw new InvalidOperationException("the world's own answer is refused");
}
