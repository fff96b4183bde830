using System.Collections.Immutable;
using Fairlead.Anchor.Identities;
using Fairlead.Anchor.Home;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Anchor.Tests.Serving;

/// <summary>Chains that strangers show page by page, and what an answer may bring of epochs (V36).</summary>
public sealed class PresentedChainsTests : IDisposable
{
    private static readonly Digest Kid = Digest.Sha256("one"u8);
    private static readonly Digest Home = Digest.Sha256("home"u8);

    private readonly TestSegment _own = new();
    private readonly HashSet<Digest> _known = [];
    private readonly TlsIdentity _identity = new(TestKeys.Ecdsa(2), TimeProvider.System);
    private readonly SegmentView _view;

    public PresentedChainsTests() => _view = TestView.Of(_own, TestSegmentOptions.Start);

    public void Dispose() => _identity.Dispose();

    [Fact]
    public void Chain_ShownByPages_IsHeldAsFarAsItWasShown()
    {
        var book = Book();
        var stranger = Stranger("eu1.internal", 99);
        Assert.Null(book.Take(Kid, stranger.Genesis, [.. stranger.Chain.Take(32)], _view));
        Assert.Equal(31, book.Find(Kid, stranger.Genesis)!.NewestNumber);

        // A page that leaves some out, one that is too long, and one of another chain change nothing.
        Refused(
            VerificationFailure.EpochGap,
            book.Take(Kid, stranger.Genesis, [.. stranger.Chain.Skip(40).Take(8)], _view));
        Refused(VerificationFailure.TooLarge, book.Take(Kid, stranger.Genesis, [.. stranger.Chain.Take(33)], _view));
        var other = Stranger("x.internal", 9).Chain;
        Refused(VerificationFailure.WrongSegment, book.Take(Kid, stranger.Genesis, [.. other.Skip(1)], _view));
        Assert.Equal(31, book.Find(Kid, stranger.Genesis)!.NewestNumber);

        foreach (var page in stranger.Chain.Skip(32).Chunk(Limits.PageEpochs))
        {
            Assert.Null(book.Take(Kid, stranger.Genesis, [.. page], _view));
        }

        Assert.Equal(99, book.Find(Kid, stranger.Genesis)!.NewestNumber);
        Assert.Null(book.Find(Kid, _own.Genesis));
    }

    [Fact]
    public void Chains_MoreThanThereIsRoomFor_PutOutTheOneUsedLeast()
    {
        var book = Book();
        var first = Stranger("a.internal", 0, 1000);
        var second = Stranger("b.internal", 0, 1100);
        Assert.Null(book.Take(Kid, first.Genesis, [.. first.Chain], _view));
        Assert.Null(book.Take(Kid, second.Genesis, [.. second.Chain], _view));
        for (var i = 0; i < PresentedChains.ChainsMax - 1; i++)
        {
            Assert.NotNull(book.Find(Kid, first.Genesis));
            var other = Stranger($"c{i}.internal", 0, 1200);
            Assert.Null(book.Take(Kid, other.Genesis, [.. other.Chain], _view));
        }

        Assert.NotNull(book.Find(Kid, first.Genesis));
        Assert.Null(book.Find(Kid, second.Genesis));
    }

    /// <summary>V52: an anchor in wrong hands uses up its own part, and the others of its home show their pages; with
    /// ever new keys a home has no more than one segment may have.</summary>
    [Fact]
    public void Anchor_ThatShowsWithoutEnd_LocksOutNoOtherOfItsHome()
    {
        var book = Book();
        var keys = Enumerable.Range(0, 64).Select(i => Digest.Sha256(BitConverter.GetBytes(i))).ToList();
        _known.UnionWith(keys);
        var shown = 0;
        while (book.Often(new Caller(keys[0], [], null), keys[0], Home, [], _view) is null)
        {
            shown++;
        }

        Assert.Equal(RateOptions.Default.SegmentBurst / Limits.Anchors, shown);
        Assert.Null(book.Often(new Caller(keys[1], [], null), keys[1], Home, [], _view));
        foreach (var key in keys)
        {
            while (book.Often(new Caller(key, [], null), key, Home, [], _view) is null)
            {
                shown++;
            }
        }

        Assert.Equal(RateOptions.Default.SegmentBurst, shown + 1);
    }

    /// <summary>Whoever knows keys that a segment has retired can make a fork of its chain that verifies from its
    /// genesis: shown first, it is in nobody else's way.</summary>
    [Fact]
    public void Chain_ForkedByAnother_IsNobodysButItsPresenters()
    {
        var book = Book();
        var (real, fork) = (Stranger("a.internal", 3), Stranger("a.internal", 1));
        fork.Advance(OpType.Renew, epoch => epoch with { Expires = epoch.Expires - 1 });
        Assert.Equal(real.Genesis, fork.Genesis);
        var thief = Digest.Sha256("thief"u8);
        Assert.Null(book.Take(thief, fork.Genesis, [.. fork.Chain], _view));

        Assert.Null(book.Find(Kid, real.Genesis));
        Assert.Null(book.Take(Kid, real.Genesis, [.. real.Chain], _view));
        Assert.Equal(real.Newest.Digest, book.Find(Kid, real.Genesis)!.Newest.Digest);
        Assert.Equal(fork.Newest.Digest, book.Find(thief, real.Genesis)!.Newest.Digest);
    }

    /// <summary>V38: pages go on with the newest epoch that is held here, and another one under its number is
    /// evidence.</summary>
    [Fact]
    public void Page_OfAnotherBranch_IsEvidence()
    {
        var found = new List<Contradiction>();
        var book = Book(piece => found.Add(piece!));
        var (real, fork) = (Stranger("a.internal", 3), Stranger("a.internal", 2));
        fork.Advance(OpType.Renew, epoch => epoch with { Expires = epoch.Expires - 1 });
        fork.Advance(OpType.Renew);
        Assert.Null(book.Take(Kid, real.Genesis, [.. real.Chain], _view));
        Refused(
            VerificationFailure.EpochEquivocation, book.Take(Kid, fork.Genesis, [.. fork.Chain.Skip(3)], _view));
        Assert.Equal(ContradictionKind.EpochCertificates, Assert.Single(found).Kind);
    }

    [Fact]
    public void Chains_OfStrangers_PutOutNoneOfAKnownHome()
    {
        var book = Book();
        var first = Stranger("a.internal", 0, 1000);
        _known.Add(Kid);
        Assert.Null(book.Take(Kid, first.Genesis, [.. first.Chain], _view));
        for (var i = 0; i < PresentedChains.ChainsMax + 8; i++)
        {
            var other = Stranger($"c{i}.internal", 0, 1200);
            Assert.Null(book.Take(
                Digest.Sha256(BitConverter.GetBytes(i)), other.Genesis, [.. other.Chain], _view));
        }

        Assert.NotNull(book.Find(Kid, first.Genesis));
    }

    /// <summary>V52: pages without end from one address leave room for who shows its first one from another.</summary>
    [Fact]
    public void Pages_OfOneAddress_AreInNobodyElsesWay()
    {
        var book = Book();
        var flood = new Caller(Kid, [], null) { From = CallOrigin.Of("ipv4:10.0.0.1:1") };
        var heard = Enumerable.Range(0, 1000).Count(i => book.Often(flood, Kid, default, [], _view) is null);
        Assert.InRange(heard, 256, 300);
        var other = flood with { From = CallOrigin.Of("ipv4:10.0.0.2:1") };
        Assert.InRange(Enumerable.Range(0, 100).Count(i => book.Often(other, Kid, default, [], _view) is null), 8, 30);
    }

    /// <summary>What a page costs is told by its signatures: one with as many as there can be is many pages, and one
    /// without is one.</summary>
    [Fact]
    public void Pages_OfManySignatures_CountAsThePagesThatTheyCost()
    {
        var signed = new Envelope(
            ReadOnlyMemory<byte>.Empty, [.. Enumerable.Repeat(new SignatureEntry(Kid, new byte[64]), 16)]);
        var twice = signed with { Signatures = [.. signed.Signatures, .. signed.Signatures] };
        var epoch = new EpochDocument(ReadOnlyMemory<byte>.Empty, signed, twice, signed);
        Assert.InRange(Heard([.. Enumerable.Repeat(epoch, Limits.PageEpochs)]), 40, 50);
        var small = Stranger("a.internal", 30).Chain;
        Assert.InRange(Heard([.. small]), 256, 300);

        // One address cannot show more of them than of others, and neither can an anchor of a known home.
        _known.Add(Kid);
        var page = Enumerable.Repeat(epoch, Limits.PageEpochs).ToImmutableArray();
        var book = Book();
        var shown = Enumerable.Range(0, 10_000)
            .Count(_ => book.Often(new Caller(Kid, [], null), Kid, Home, page, _view) is null);
        Assert.InRange(shown, 1, RateOptions.Default.SegmentBurst / Limits.Anchors / 6);

        int Heard(ImmutableArray<EpochDocument> page)
        {
            var fresh = Book();
            var caller = new Caller(Kid, [], null) { From = CallOrigin.Of("ipv4:10.0.0.1:1") };
            return Enumerable.Range(0, 1000).Count(_ => fresh.Often(caller, Kid, default, page, _view) is null);
        }
    }

    /// <summary>However many keys a segment has, what is passed on for them is one segment's; and nobody has a page
    /// passed on to itself.</summary>
    [Fact]
    public async Task Page_ThatIsPassedOn_IsCountedWithTheSegmentOfItsKey()
    {
        var book = Book();
        var (other, to) = (Digest.Sha256("two"u8), Digest.Sha256("neighbour"u8));
        var passed = new List<(Digest By, Digest To)>();
        book.Pass = (by, _, to, _, _) =>
        {
            passed.Add((by, to));
            return Task.FromResult(new PresentResponse());
        };
        await RefusedAsync(VerificationFailure.TransportKeyMismatch, Kid, to);
        _known.UnionWith([Kid, other]);
        await RefusedAsync(VerificationFailure.LoopDetected, Kid, Home);
        await PassAsync(Kid, to);
        await PassAsync(other, to);
        Assert.Equal([(Home, to), (Home, to)], passed);

        Task<PresentResponse> PassAsync(Digest kid, Digest to) => book.PassAsync(
            new PresentRequest { To = WireWriter.ToBytes(to) }, kid, _view, CancellationToken.None);

        async Task RefusedAsync(VerificationFailure failure, Digest kid, Digest to) => Refused(
            failure, RpcFailures.Read(await Assert.ThrowsAsync<RpcException>(() => PassAsync(kid, to))));
    }

    [Fact]
    public void Answer_BringsWhatItMayOfEpochs_AndOfTheLongestChainsTheNewest()
    {
        var a = Hop(Stranger("a.internal", 9, 1000));
        var b = Hop(Stranger("b.internal", 99, 1100));
        var c = Hop(Stranger("c.internal", 29, 1200));

        Assert.Equal([10], Fit(a));
        Assert.Equal([10, 1], Fit(a, b));
        Assert.Equal([10, 1, 1], Fit(a, b, c));
        Assert.Equal([1], Fit(a with { Epochs = [.. a.Epochs.Select(Large)] }));
    }

    /// <summary>V16: an introducing seal stands under an older epoch, whose document the pages do not leave behind;
    /// both gaps beside it are seen.</summary>
    [Fact]
    public void Answer_OfATransitWithManyEpochsSince_BringsTheOneOfItsSealToo()
    {
        var transit = Stranger("a.internal", 9);
        var seal = transit.Certify(transit.SealOf(transit.Genesis, 1, 1, TestSegmentOptions.Start));
        for (var i = 0; i < 90; i++)
        {
            transit.Advance(OpType.Renew);
        }

        var hop = Hop(transit) with { Seal = seal };
        var fit = EpochRoom.Fit(new UnverifiedAnswer(default, [hop], AnswerResult.Record, []));
        Assert.Equal(
            [transit.Chain[9].Payload, transit.Chain[^1].Payload], fit.Hops[0].Epochs.Select(epoch => epoch.Payload));

        var state = VerifierState.Start(new HomePin(transit.Genesis, transit.Name));
        Assert.Equal((0, 9), Gap(state));
        var paged = EpochChain.Extend(
            null, transit.Genesis, null, [.. transit.Chain.Take(20)], TestSegmentOptions.Start);
        Assert.Equal((20, 99), Gap(state.With(paged.Segment!)));

        var log = new RelayedHop(hop with { Epochs = [] }, EpochLog.Of(hop.Epochs)) { Introduces = true };
        Assert.Equal([100, 91, 91, 2, 1], new long?[] { null, 8, 9, 98, 99 }.Select(n => log.After(n).Epochs.Length));
        Assert.Equal(transit.Chain[9].Payload, log.After(98).Epochs[0].Payload);
        Assert.Empty((log with { Introduces = false }).After(99).Epochs);

        (long From, long Before) Gap(VerifierState held) =>
            ChainGap.First(held, fit) is { } gap ? (gap.From, gap.Before) : default;
    }

    private static EpochDocument Large(EpochDocument epoch) =>
        epoch with { Consent = epoch.Consent with { Payload = new byte[20_000] } };

    private static IEnumerable<int> Fit(params ImmutableArray<UnverifiedHop> hops)
    {
        var fit = EpochRoom.Fit(new UnverifiedAnswer(default, hops, AnswerResult.Record, []));
        Assert.All(
            fit.Hops.Zip(hops), hop => Assert.Equal(hop.Second.Epochs[^1].Payload, hop.First.Epochs[^1].Payload));
        return fit.Hops.Select(hop => hop.Epochs.Length);
    }

    private static UnverifiedHop Hop(TestSegment segment) =>
        new(segment.Genesis, HopKind.Down, [.. segment.Chain], null, [], [], []);

    private static TestSegment Stranger(string name, int renewed, int firstKey = 1000)
    {
        var segment = new TestSegment(new TestSegmentOptions
        {
            Name = name, FirstKey = firstKey, Anchors = 1, Faults = 0, Issued = TestSegmentOptions.Start - 200_000,
        });
        for (var i = 0; i < renewed; i++)
        {
            segment.Advance(OpType.Renew);
        }

        return segment;
    }

    private static void Refused(VerificationFailure expected, Refusal? refusal) =>
        Assert.True(refusal?.Failure == expected, refusal?.ToString() ?? "no refusal");

    private PresentedChains Book(Action<Contradiction?>? found = null)
    {
        var time = new ManualTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(TestSegmentOptions.Start));
        var context = new ServingContext
        {
            Views = new ViewSource(),
            SealKey = _own.Seal(0),
            Transport = _identity,
            TransportKid = default,
            Subjects = new SubjectBook(
                new Dictionary<Digest, Subject>(), IdentityOptions.None, time, NullLogger<SubjectBook>.Instance),
            UnsafeAllowLoopbackEndpoints = false,
            Time = time,
            Loggers = NullLoggerFactory.Instance,
        };
        return new PresentedChains(
            context, static _ => null, kid => _known.Contains(kid) ? Home : null, new VerifiedCache())
        {
            Found = found,
        };
    }
}
