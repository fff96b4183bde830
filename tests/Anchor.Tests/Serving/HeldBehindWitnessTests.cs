using System.Collections.Immutable;
using Fairlead.Anchor.Home;
using Fairlead.Anchor.Serving;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Verdict = Fairlead.Naming.Traversal.Verdict;

namespace Fairlead.Anchor.Tests.Serving;

/// <summary>
/// V42 among honest ones, in virtual time: two names of one segment are held and renewed on their own, so that what the
/// home witnesses by the answers to one is later than what it holds for the other. Nobody who asks is given the two
/// together, and nobody's answer is refused.
/// </summary>
public sealed class HeldBehindWitnessTests : IAsyncDisposable
{
    private const long Step = 500;
    private const long Length = 45_000;
    private const long Beat = 5_000;

    private static readonly ImmutableDictionary<Digest, (long Epoch, long Seq)> Shown =
        ImmutableDictionary<Digest, (long Epoch, long Seq)>.Empty;

    private static readonly Subject Pod = new() { Namespace = "shop", Account = "frontend" };

    private readonly ManualTimeProvider _time = new(DateTimeOffset.FromUnixTimeMilliseconds(
        TestSegmentOptions.Start + 60_000));

    private readonly TestSegment _own = new(new TestSegmentOptions { Name = "eu1.internal", FirstKey = 300 });
    private readonly VerifiedCache _cache = new();
    private readonly AttestBook _attests;
    private readonly Holder[] _names;
    private TestSegment _target = null!;
    private AttestBook _targetAttests = null!;
    private SegmentState _chain = null!;
    private Answerer _answerer = null!;
    private SegmentView? _home;
    private SeenSeal? _seen;
    private long _seq;
    private VerifierState _pod = null!;
    private int _asked;

    public HeldBehindWitnessTests()
    {
        _attests = Book(_own);
        _names = [new Holder("cart.shop.svc", 50, 0), new Holder("checkout.shop.svc", 80, 3_500)];
    }

    public async ValueTask DisposeAsync()
    {
        await _attests.DisposeAsync();
        await _targetAttests.DisposeAsync();
    }

    /// <summary>The policy's heartbeat may be far below a third of the validity that held answers live by.</summary>
    [Theory]
    [InlineData(5_000, false)]
    [InlineData(1_000, true)]
    public void Holders_OfTwoNames_NeverSeeWhatIsBehindTheWitness(long heartbeat, bool isNeeded)
    {
        Begin(heartbeat);
        var start = Now;
        for (var end = Now + Length; Now < end; _time.Advance(TimeSpan.FromMilliseconds(Step)))
        {
            SealHome();
            foreach (var name in _names.Where(name => Now >= start + name.From))
            {
                Push(name);
                Accepted(VerifierState.Start(new HomePin(_own.Genesis, _own.Name)), name, Compose(name, null));
                Hold(name);
            }
        }

        Assert.True(!isNeeded || _asked > 0, "no answer that was held was behind the witness: nothing was tried");
    }

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    // By its heartbeat, and with what was seen until then.
    private void SealHome()
    {
        var issued = Now - ((Now - TestSegmentOptions.Start - 2_000) % Beat);
        if (_home?.Certified.Seal.Issued != issued)
        {
            _home = View(_own, issued, _seen);
        }
    }

    private void Begin(long heartbeat)
    {
        _target = new TestSegment(new TestSegmentOptions
        {
            Genesis = epoch => epoch with { Policy = epoch.Policy with { Heartbeat = heartbeat } },
        });
        _target.PeerWith(_own);
        _own.PeerWith(_target);
        _targetAttests = Book(_target);
        _chain = EpochChain.Extend(null, _target.Genesis, null, [.. _target.Chain], Now, 1_000, [], _cache).Segment!;
        _pod = VerifierState.Start(new HomePin(_own.Genesis, _own.Name));
        var world = new ServingContext
        {
            Views = new ViewSource(),
            SealKey = _own.Seal(0),
            Transport = null!,
            TransportKid = default,
            Subjects = null!,
            UnsafeAllowLoopbackEndpoints = false,
            Time = _time,
            Loggers = NullLoggerFactory.Instance,
        };
        _answerer = new Answerer(world, _attests, genesis => genesis == _target.Genesis ? _chain : null);
    }

    // What the target's anchor says on its own: when half of what it said last is gone.
    private void Push(Holder name)
    {
        if (name.Held is null || Now >= name.PushAt)
        {
            Renew(name);
        }
    }

    private void Renew(Holder name)
    {
        var beat = _target.Newest.Value.Policy.Heartbeat;
        var view = View(_target, Now - ((Now - TestSegmentOptions.Start) % beat), null);
        var built = TargetAnswers.Build(
            view, _targetAttests, new Consumer(_own.Genesis, Pod), ServicePart.Parse(name.Service), null, HopKind.Peer,
            null, Now, out var refusal);
        Assert.True(built is not null, refusal?.ToString());
        var (expiry, seal) = Relayed.EndOf(built.Hop);
        var hop = new RelayedHop(built.Hop with { Epochs = [] }, EpochLog.Of([.. _target.Chain]));
        name.Held = new Relayed([hop], built.Result, built.Slices, expiry, built.LeavesEnd, seal);
        name.PushAt = Now + ((expiry - Now) / 2);
        if (_seq < seal!.Value.Seq)
        {
            (_seq, _seen) = (seal.Value.Seq, new SeenSeal(built.Hop.Seal!, Now, default));
        }
    }

    // A pod holds what it got until some part of its time is over, and knows the seals that it accepted.
    private void Hold(Holder name)
    {
        if (Now < name.RenewAt)
        {
            return;
        }

        var known = _pod.Segments.ToImmutableDictionary(
            one => one.Key,
            one => new KnownSegment(
                one.Value.NewestNumber, one.Value.Newest.Digest, one.Value.Seal!.Epoch, one.Value.Seal.Seq));
        var accepted = Accepted(_pod, name, Compose(name, known));
        _pod = accepted.Next;
        name.RenewAt = Now + (Math.Max(0, accepted.Answer.Ttl.EndsAt - Now) * name.Percent / 100);
    }

    // As a stream does: who is behind asks the target anew, and then has what everybody takes.
    private UnverifiedAnswer Compose(Holder name, ImmutableDictionary<Digest, KnownSegment>? known)
    {
        var question = new AskedQuestion(
            name.Query(_own), new Consumer(_own.Genesis, Pod), true,
            known ?? ImmutableDictionary<Digest, KnownSegment>.Empty);
        var epochs = ImmutableDictionary<Digest, long>.Empty;
        var composed = _answerer.Compose(question, _home!, name.Held, epochs, Shown, out var refusal);
        if (composed is null)
        {
            Assert.Equal(VerificationFailure.Behind, refusal!.Failure);
            _asked += known is null ? 1 : 0;
            Renew(name);
            composed = _answerer.Compose(question, _home!, name.Held, epochs, Shown, out refusal);
        }

        Assert.True(composed is not null, refusal?.ToString());
        return composed.Answer;
    }

    private Verdict.Accepted Accepted(VerifierState state, Holder name, UnverifiedAnswer answer)
    {
        var options = new VerifierOptions { Subject = Pod };
        var verdict = AnswerVerifier.Verify(state, name.Query(_own), answer, Now, options, _cache);
        Assert.True(verdict is Verdict.Accepted, (verdict as Verdict.Refused)?.Refusal.ToString());
        return (Verdict.Accepted)verdict;
    }

    private AttestBook Book(TestSegment segment) => new(
        new AttestMint(segment.Seal(0)), (_, _, _, _) => throw new NotSupportedException("nobody"),
        static (_, _) => false, _time, NullLogger<AttestBook>.Instance);

    private static SegmentView View(TestSegment segment, long issued, SeenSeal? seen)
    {
        var seq = (issued - TestSegmentOptions.Start) / 1000;
        var bare = TestView.Of(segment, issued, seq);
        if (seen is null)
        {
            return bare;
        }

        Assert.Null(WitnessReader.Read(WitnessReader.Make(seen)!, segment.KeyOf, out var entry, out _));
        var state = bare.Certified.State.Apply([entry!], []);
        return TestView.Of(segment, issued, seq, state);
    }

    private sealed class Holder(string service, int percent, long from)
    {
        private Parsed<Query>? _query;

        internal string Service { get; } = service;

        /// <summary>How much of its time a pod lets go before it asks anew.</summary>
        internal int Percent { get; } = percent;

        /// <summary>When it is asked for first.</summary>
        internal long From { get; } = from;

        internal Relayed? Held { get; set; }

        internal long PushAt { get; set; }

        internal long RenewAt { get; set; }

        internal Parsed<Query> Query(TestSegment home) => _query ??= Document.Make(new Query
        {
            Home = home.Genesis,
            Name = FullName.Parse($"{Service}.us1.internal"),
            Subject = Hashes.Subject(home.Genesis, Pod),
        });
    }
}
