using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Identities;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Anchor.Tests.Serving;

/// <summary>Whose word about a home is remembered, and what a stranger can make this anchor spend (V48, V52).</summary>
public sealed class HomeBookTests : IDisposable
{
    private static readonly Digest Stranger = Digest.Sha256("stranger"u8);

    private readonly TestSegment _own = new();
    private readonly TestSegment _home = new(new TestSegmentOptions { Name = "eu1.internal", FirstKey = 100 });
    private readonly TlsIdentity _identity = new(TestKeys.Ecdsa(2), TimeProvider.System);
    private readonly List<Digest> _learned = [];
    private readonly SegmentView _view;
    private readonly ServingContext _context;
    private readonly HomeBook _book;
    private SegmentState? _known;
    private Action? _meanwhile;
    private bool _isHeard = true;

    public HomeBookTests()
    {
        _own.PeerWith(_home);
        _view = TestView.Of(_own, TestSegmentOptions.Start);
        var time = new ManualTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(TestSegmentOptions.Start));
        _context = new ServingContext
        {
            Views = new ViewSource(),
            SealKey = _own.Seal(0),
            Transport = _identity,
            TransportKid = default,
            Subjects = new SubjectBook(
                new Dictionary<Digest, Naming.Subject>(), IdentityOptions.None, time, NullLogger<SubjectBook>.Instance),
            UnsafeAllowLoopbackEndpoints = false,
            Time = time,
            Loggers = NullLoggerFactory.Instance,
            Learned = chain =>
            {
                _learned.Add(chain.Genesis);
                return _isHeard;
            },
        };
        _book = new HomeBook(_context, new VerifiedCache(), genesis =>
        {
            Interlocked.Exchange(ref _meanwhile, null)?.Invoke();
            return _known?.Genesis == genesis ? _known : null;
        });
    }

    private Digest Anchor => _home.Tls(0).Key.Kid;

    public void Dispose() => _identity.Dispose();

    [Fact]
    public void Home_ShownByAnotherKey_IsNotRemembered()
    {
        Assert.Null(Learn(Stranger, _home.Chain));
        Assert.Null(_book.Find(_home.Genesis, _view));
        Assert.Empty(_learned);

        Assert.Null(Learn(Anchor, _home.Chain));
        Assert.NotNull(_book.Find(_home.Genesis, _view));
        Assert.Equal([_home.Genesis], _learned);
        Assert.NotNull(_book.HomeOf(Anchor));
        Assert.Null(_book.HomeOf(Stranger));
    }

    /// <summary>Each home that is remembered is counted by its name, and one that comes later as well.</summary>
    [Fact]
    public void Home_ThatIsForgotten_LeavesItsPlaceAmongTheCounters()
    {
        var next = new TestSegment(new TestSegmentOptions { Name = "us1.internal", FirstKey = 200 });
        _own.PeerWith(next);
        var view = TestView.Of(_own, TestSegmentOptions.Start);
        var book = new HomeBook(_context, new VerifiedCache(), _ => null, homesMax: 1);
        var meter = _context.Meter;
        for (var i = 0; i < HomeBook.HomesMax; i++)
        {
            Count(Digest.Sha256(BitConverter.GetBytes(i)));
        }

        Count(_home.Genesis);
        Count(next.Genesis);
        Assert.Contains(("other", 1), meter.ByConsumer);
        Assert.Contains((_home.Genesis.ToString(), 1), meter.ByConsumer);
        Assert.Null(Show(_home));
        Assert.Null(Show(next));
        Count(next.Genesis);
        Assert.Contains((next.Genesis.ToString(), 1), meter.ByConsumer);
        Assert.DoesNotContain(meter.ByConsumer, one => one.Label == _home.Genesis.ToString());

        Refusal? Show(TestSegment home) => book.Learn(
            home.Tls(0).Key.Kid, home.Genesis, _own.Name, [.. home.Chain.Select(WireWriter.ToMessage)], [], view,
            out _);

        void Count(Digest home) => meter.Answered(
            new AskedQuestion(
                Document.Make(new Query { Home = home, Name = FullName.Parse($"a.b.svc.{_own.Name}") }),
                new Consumer(home, new Naming.Subject { Namespace = "shop", Account = "cart" }), false, []),
            view);
    }

    /// <summary>A loop that is too far behind hears nothing: the next question tells it again, and no other.</summary>
    [Fact]
    public void Home_ThatWasNotHeardOf_IsToldOfAgain()
    {
        _isHeard = false;
        Assert.Null(Learn(Anchor, _home.Chain));
        Assert.Null(Learn(Anchor, []));
        _learned.Clear();
        _isHeard = true;
        Assert.Null(Learn(Anchor, []));
        Assert.Equal(_home.Genesis, Assert.Single(_learned));
        _learned.Clear();
        Assert.Null(Learn(Anchor, []));
        Assert.Empty(_learned);
    }

    [Fact]
    public void Home_OfWhichANewerEpochComesMeanwhile_IsNotRolledBack()
    {
        var old = _home.Chain.ToList();
        Assert.Null(Learn(Anchor, old));
        _home.Advance(OpType.Renew);
        var newer = _home.Chain.ToList();
        _meanwhile = () => _meanwhile = () => Assert.Null(Learn(Anchor, newer));
        Assert.Null(Learn(Anchor, old));
        Assert.Equal(newer.Count - 1, _book.Find(_home.Genesis, _view)!.Chain.NewestNumber);
    }

    /// <summary>A fork by keys that were retired before the epoch that this segment names as floor.</summary>
    [Fact]
    public void Home_WhoseChainIsNotTheOneThatTheLeafNames_IsNotRemembered()
    {
        _home.Advance(OpType.Renew);
        _own.PeerWith(_home);
        var view = TestView.Of(_own, TestSegmentOptions.Start);
        var fork = new TestSegment(new TestSegmentOptions { Name = "eu1.internal", FirstKey = 100 });
        fork.Advance(OpType.Renew, epoch => epoch with { Expires = epoch.Expires - 1 });
        Assert.Equal(_home.Genesis, fork.Genesis);

        Assert.Null(Learn(Anchor, fork.Chain, view: view));
        Assert.Null(_book.Find(_home.Genesis, view));
        Assert.Empty(_learned);
        Assert.Null(Learn(Anchor, _home.Chain, view: view));
        Assert.NotNull(_book.Find(_home.Genesis, view));
    }

    [Fact]
    public void Epochs_MoreThanOneRequestMayBring_AreRefusedBeforeAnythingIsVerified()
    {
        var many = Enumerable.Repeat(_home.Chain[0], Limits.PageEpochs + 1).ToList();
        var nobody = new Hop { Genesis = WireWriter.ToBytes(Digest.Sha256("nobody"u8)), Kind = Kind.Up };
        Refused(VerificationFailure.TooLarge, Learn(Stranger, many, genesis: Digest.Sha256("x"u8), via: [nobody]));
    }

    [Fact]
    public void Strangers_WhoAskTooMuch_AreRefusedAndNeighboursAreNot()
    {
        Assert.Null(Learn(Anchor, _home.Chain));
        Refusal? refusal = null;
        for (var i = 0; i < 10_000 && refusal?.Failure != VerificationFailure.RateLimited; i++)
        {
            refusal = Learn(Stranger, [], genesis: Digest.Sha256(BitConverter.GetBytes(i)));
        }

        Refused(VerificationFailure.RateLimited, refusal);

        // Who names the neighbour is counted with those who do, and its own anchors with nobody.
        Assert.Null(Learn(Stranger, _home.Chain));
        for (var i = 0; i < 10_000; i++)
        {
            refusal = Learn(Stranger, []);
        }

        Refused(VerificationFailure.RateLimited, refusal);
        Assert.Null(Learn(Anchor, []));
    }

    /// <summary>After a start nobody is known: who names the neighbour all the time, from one address or from two, is
    /// in the way of no first contact from another.</summary>
    [Fact]
    public void Neighbour_AtItsFirstContact_IsHeardWhateverStrangersAskInItsName()
    {
        foreach (var at in new[] { "ipv4:10.0.0.1:1", "ipv4:10.0.0.2:1" })
        {
            Refusal? refusal = null;
            for (var i = 0; i < 10_000; i++)
            {
                refusal = Learn(Stranger, [], from: CallOrigin.Of(at));
            }

            Refused(VerificationFailure.RateLimited, refusal);
        }

        Assert.Null(Learn(Anchor, _home.Chain, from: CallOrigin.Of("ipv4:10.0.0.3:1")));
    }

    /// <summary>What a neighbour relays is counted apart from what it asks for its own pods; and it is known by its
    /// key, though whoever it relays for never asked here.</summary>
    [Fact]
    public void Neighbour_ThatRelays_IsCountedAsThatAndNeverAsAStranger()
    {
        var ask = new RelayedAsk([Digest.Sha256("eu"u8), _home.Genesis], 0);
        var (relays, onward) = (0, 0);
        while (_book.Count(ask, ask.Visited[0]) is null)
        {
            relays++;
        }

        while (_book.CountOnward(RelayAsker.Self(ask.Visited[0])) is null)
        {
            onward++;
        }

        // So that a segment with some children relays for all of them.
        Assert.Equal((RateOptions.Default.SegmentBurst, RateOptions.Default.SegmentBurst / 16), (relays, onward));
        Assert.Null(_book.CountOnward(RelayAsker.Self(ask.Visited[1])));

        // A home that asks itself, by whatever hops, uses up nothing of whoever introduces it.
        Assert.Equal(new RelayAsker(ask.Visited[1], _own.Genesis), ask.Asker(_own.Genesis));
        Assert.Equal(RelayAsker.Self(_own.Genesis), new RelayedAsk([], 1).Asker(_own.Genesis));
        Assert.Null(_book.Count(new RelayedAsk([], 0), _home.Genesis));
        Assert.Null(_book.Count(new RelayedAsk([], 0), ask.Visited[0]));

        Assert.Null(Learn(Anchor, _home.Chain));
        var hop = new Hop { Genesis = WireWriter.ToBytes(_home.Genesis), Kind = Kind.Up };
        for (var i = 0; i < 20_000; i++)
        {
            Assert.NotEqual(
                VerificationFailure.RateLimited,
                Learn(Anchor, [], genesis: Digest.Sha256(BitConverter.GetBytes(i)), via: [hop])?.Failure);
        }
    }

    /// <summary>One home behind a transit uses up a part of what is relayed for that transit, and leaves the rest to
    /// the other ones behind it.</summary>
    [Fact]
    public void Home_BehindATransit_UsesUpAPartOfWhatIsRelayed()
    {
        var (transit, loud, quiet) = (_home.Genesis, Digest.Sha256("loud"u8), Digest.Sha256("quiet"u8));
        var heard = 0;
        while (_book.CountOnward(new RelayAsker(transit, loud)) is null)
        {
            heard++;
        }

        Assert.Equal(RateOptions.Default.SegmentBurst / 64, heard);
        Assert.Null(_book.CountOnward(new RelayAsker(transit, quiet)));
        Assert.Null(_book.CountOnward(RelayAsker.Self(loud)));
        Assert.Null(_book.CountOnward(RelayAsker.Self(transit)));
    }

    /// <summary>What is refused costs a verification as well: it is counted with the segment whose key it is, and with
    /// what it relays apart.</summary>
    [Fact]
    public void Neighbour_WhoseQuestionsFail_IsCountedWithItsSegment()
    {
        _context.Rates = RateOptions.Default with { SegmentBurst = 50 };
        Assert.Null(Learn(Anchor, _home.Chain));
        var bad = new Hop { Genesis = WireWriter.ToBytes(_home.Genesis), Kind = Kind.Up };
        var relayed = 0;
        while (Learn(Anchor, [], Digest.Sha256("new"u8), [bad])?.Failure != VerificationFailure.RateLimited)
        {
            relayed++;
        }

        var asked = 0;
        while (Learn(asked % 2 == 0 ? Anchor : _home.Tls(1).Key.Kid, [])?.Failure != VerificationFailure.RateLimited)
        {
            asked++;
        }

        Assert.Equal((50, 50), (relayed, asked));
        Assert.NotEqual(VerificationFailure.RateLimited, Learn(Stranger, [])?.Failure);
    }

    /// <summary>V38: what this anchor knows of a neighbour's keys counts for whom it introduces, though the neighbour's
    /// chain is shown without it.</summary>
    [Fact]
    public void Home_IntroducedByANeighbourWhoseQuorumContradictedItself_IsRefused()
    {
        _known = Accused(Certificates("a", "b"));
        var hop = new Hop
        {
            Genesis = WireWriter.ToBytes(_home.Genesis),
            Kind = Kind.Up,
            Seal = WireWriter.ToMessage(Certificates("c", "d").First),
        };
        Refused(
            VerificationFailure.SegmentQuarantined,
            Learn(Stranger, [], genesis: Digest.Sha256("new"u8), via: [hop]));
        hop.Epochs.AddRange(_home.Chain.Select(WireWriter.ToMessage));
        Refused(
            VerificationFailure.SegmentQuarantined,
            Learn(Stranger, [], genesis: Digest.Sha256("new"u8), via: [hop]));
    }

    /// <summary>What is proven here while the home is verified, and what is known elsewhere, count both.</summary>
    [Fact]
    public void Home_AccusedWhileItAsks_StaysAccused()
    {
        Assert.Null(Learn(Anchor, _home.Chain));

        // The second look is after what came was verified, and right before it is remembered.
        _meanwhile = () => _meanwhile = () => Assert.Null(_book.Accuse(Votes(1)));
        Assert.Null(Learn(Anchor, _home.Chain));
        Assert.Null(_meanwhile);
        Assert.True(Found().IsExcluded("eu1-b"));

        _known = Accused(Votes(2));
        Assert.True(Found().IsExcluded("eu1-b") && Found().IsExcluded("eu1-c"));
        Assert.Equal(2, Found().Evidence.Length);
        _known = Accused(Certificates("a", "b"));
        Assert.True(Found() is { IsQuarantined: true } found && found.IsExcluded("eu1-b"));
        Assert.Equal(
            VerificationFailure.EpochUnknown,
            _book.Accuse(Votes(1) with { Segment = Digest.Sha256("nobody"u8) })?.Failure);
    }

    private SegmentState Found() => _book.Find(_home.Genesis, _view)!.Chain;

    private Contradiction Votes(int anchor) => new(
        ContradictionKind.SealVotes, _home.Genesis, Envelope.Sign(SealOf("a"), _home.Seal(anchor)),
        Envelope.Sign(SealOf("b"), _home.Seal(anchor)));

    private SegmentState Accused(Contradiction evidence)
    {
        var chain = EpochChain.Extend(null, _home.Genesis, null, [.. _home.Chain], TestSegmentOptions.Start).Segment!;
        var (accused, refusal) = EvidenceCheck.Check(chain, evidence);
        Assert.True(accused is not null, refusal?.ToString());
        return accused;
    }

    private Contradiction Certificates(string first, string second) => new(
        ContradictionKind.Certificates, _home.Genesis, _home.Certify(SealOf(first)), _home.Certify(SealOf(second)));

    private Parsed<Naming.Seal> SealOf(string root) => _home.SealOf(
        Digest.Sha256(System.Text.Encoding.UTF8.GetBytes(root)), 1, 5, TestSegmentOptions.Start);

    private static void Refused(VerificationFailure expected, Refusal? refusal) =>
        Assert.True(refusal?.Failure == expected, refusal?.ToString() ?? "no refusal");

    private Refusal? Learn(
        Digest kid,
        IReadOnlyList<EpochDocument> epochs,
        Digest? genesis = null,
        IReadOnlyList<Hop>? via = null,
        SegmentView? view = null,
        CallOrigin from = default) =>
        _book.Learn(
            kid, genesis ?? _home.Genesis, _own.Name, [.. epochs.Select(WireWriter.ToMessage)], via ?? [],
            view ?? _view, out _, from);
}
