using System.Collections.Immutable;
using Fairlead.Anchor.Home;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Serving;
using Fairlead.Anchor.Tests.Home.Reports;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Anchor.Tests.Home;

/// <summary>A session in a target segment lives as long as a name of it is followed, by the clock alone.</summary>
public sealed class HomeRelayTests : IAsyncDisposable
{
    private static readonly Subject Pod = new() { Namespace = "shop", Account = "frontend" };

    private static readonly Digest Target = Digest.Sha256("target"u8);

    private readonly EvidenceWorld _world = new();
    private readonly AttestBook _attests;
    private readonly IntroductionBook _introductions;
    private readonly HomeRelay _relay;

    public HomeRelayTests()
    {
        var chains = new ChainBook(_world.Context, _world.Verifier);
        _attests = new AttestBook(
            new AttestMint(_world.Own.Seal(0)), (_, _, _, _) => throw new NotSupportedException("nobody"),
            static (_, _) => false, _world.Time, NullLogger<AttestBook>.Instance);

        // Nobody answers, and so no session has anything to say of its names.
        _introductions = new IntroductionBook(
            _world.Context,
            static async (_, _, token) =>
            {
                await Task.Delay(Timeout.Infinite, token);
                return (null, null);
            },
            static (_, _, _, _) => throw new NotSupportedException("nothing is kept"), new IntroductionFile(null));
        _relay = new HomeRelay(_world.Context, _world.Verifier, _attests, _introductions, chains);
        _world.Serve();
    }

    public async ValueTask DisposeAsync()
    {
        await _relay.DisposeAsync();
        await _introductions.DisposeAsync();
        await _attests.DisposeAsync();
        await _world.DisposeAsync();
    }

    [Fact]
    public void Session_WithoutNames_IsEndedThoughNobodyAsksForAnything()
    {
        var (first, second, other) = (Use("a", "x.internal"), Use("b", "x.internal"), Use("a", "y.internal"));
        Assert.Equal((3, 2), _relay.Upstream);
        Assert.Same(first, Use("a", "x.internal"));
        _relay.Release(first);
        _relay.Release(second);
        _relay.Release(other);

        // One is used on, by the second who asked for it.
        _world.Time.Advance(2 * RelayedNames.Linger);
        Assert.Equal((1, 1), _relay.Upstream);
        _relay.Release(first);
        Assert.Equal((1, 1), _relay.Upstream);
        _world.Time.Advance(2 * RelayedNames.Linger);
        Assert.Equal((0, 0), _relay.Upstream);

        // Another use is a session anew.
        Assert.NotEqual(first.Id, Use("a", "x.internal").Id);
        Assert.Equal((1, 1), _relay.Upstream);
    }

    /// <summary>A thousand pods that come up ask the target once: what is held and has half of its life before it does
    /// for whoever knows nothing newer.</summary>
    [Fact]
    public void Target_IsAskedAnew_OnlyWhereWhatIsHeldDoesNotDo()
    {
        var name = Use("a", "us1.internal");
        Assert.True(name.TakeRefresh());
        Assert.True(IsAsked(name, Known()), "nothing is held yet");
        var (issued, seal) = Held(name, seq: 7);
        Assert.False(IsAsked(name, Known()));
        Assert.False(IsAsked(name, Known(epoch: 0, seq: 7)));
        Assert.True(IsAsked(name, Known(epoch: 0, seq: 8)), "the asker knows a later seal");
        Assert.True(IsAsked(name, Known(epoch: 1, seq: 0)), "the asker knows a later epoch");
        _world.Time.Advance(TimeSpan.FromMilliseconds((seal.Expires - issued) / 2));
        Assert.True(IsAsked(name, Known()), "half of its life is over");

        Held(name, seq: 9);
        Assert.False(IsAsked(name, Known()));
        name.Fail(new Refusal(VerificationFailure.NotSealed, "test", "test"));
        Assert.True(IsAsked(name, Known()), "it failed since");
    }

    private bool IsAsked(RelayedName name, ImmutableDictionary<Digest, KnownSegment> known)
    {
        Assert.Same(name, _relay.Use(
            new AskedQuestion(name.Query, name.Consumer, true, known), null).Name);
        return name.TakeRefresh();
    }

    private (long Issued, Seal Seal) Held(RelayedName name, long seq)
    {
        var issued = _world.Context.Now();
        var target = new TestSegment();
        var seal = target.SealOf(Digest.Sha256("root"u8), 1, seq, issued);
        var hop = new UnverifiedHop(Target, HopKind.Peer, [], target.Certify(seal), [], [], []);
        name.Accept(new Relayed(
            [new RelayedHop(hop, EpochLog.Of([.. target.Chain]))], AnswerResult.Record, [], seal.Value.Expires,
            long.MaxValue, seal));
        return (issued, seal.Value);
    }

    private ImmutableDictionary<Digest, KnownSegment> Known(long epoch, long seq) =>
        Known().Add(Target, new KnownSegment(epoch, null, epoch, seq));

    /// <summary>A session whose stream meets a bug says so to its names, and goes on.</summary>
    [Fact]
    public async Task Session_ThatMeetsABug_FailsItsNamesAndGoesOn()
    {
        var found = 0;
        var chains = new ChainBook(_world.Context, _world.Verifier);
        await using var introductions = new IntroductionBook(
            _world.Context,
            (view, target, _) =>
            {
                found++;
                var spoiled = new Onward(HopKind.Down, target, Digest.Sha256("x"u8), default, default);
                var until = _world.Context.Now() + 1_000;
                return Task.FromResult<(Way?, Refusal?)>(
                    (new Way(view.Epoch.Digest, [], AnswerResult.Record, spoiled, until, until), null));
            },
            static (_, _, _, _) => throw new NotSupportedException("nothing is kept"), new IntroductionFile(null));
        await using var relay = new HomeRelay(_world.Context, _world.Verifier, _attests, introductions, chains);
        var name = Use("a", "x.internal", relay);
        await Eventually.HoldsAsync(
            () =>
            {
                _world.Time.Advance(TimeSpan.FromMilliseconds(500));
                return Task.FromResult((name.Read().Failure?.Failure, found));
            },
            seen => seen is (VerificationFailure.BadEnvelope, > 2), TimeSpan.FromMinutes(1),
            TestContext.Current.CancellationToken);
    }

    private RelayedName Use(string service, string segment, HomeRelay? relay = null)
    {
        var query = Document.Make(new Query
        {
            Home = _world.Own.Genesis,
            Name = FullName.Parse($"{service}.shop.svc.{segment}"),
            Subject = Hashes.Subject(_world.Own.Genesis, Pod),
        });
        var (name, full) = (relay ?? _relay).Use(
            new AskedQuestion(query, new Consumer(_world.Own.Genesis, Pod), true, Known()), null);
        Assert.Null(full);
        return name!;
    }

    private static ImmutableDictionary<Digest, KnownSegment> Known() =>
        ImmutableDictionary<Digest, KnownSegment>.Empty;
}
