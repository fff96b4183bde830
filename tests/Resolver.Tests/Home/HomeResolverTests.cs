using System.Security.Cryptography;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Home;
using Fairlead.TestKit.Answers;

namespace Fairlead.Resolver.Tests.Home;

/// <summary>The resolver against anchors on real sockets with real keys, of which some lie, lag or go away.</summary>
public sealed class HomeResolverTests : IAsyncLifetime
{
    private const string Web = ScriptedHome.Web;
    private const string Cart = ScriptedHome.Cart;

    private ScriptedHome _home = null!;

    public async ValueTask InitializeAsync() =>
        _home = await ScriptedHome.StartAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Fact]
    public async Task FirstContact_WithoutState_HearsMoreThanFHeadsBeforeItAsks()
    {
        _home.StartResolver();
        _home.Resolver.Want(Web);
        var held = await _home.UntilFreshAsync(Web);
        Assert.Equal(2, held.Answer!.Slices[0].Endpoints.Length);
        Assert.True(_home.Anchors.Sum(anchor => anchor.Heads) >= 2);
        Assert.All(
            _home.Anchors.SelectMany(anchor => anchor.Nonces),
            nonce => Assert.Equal(string.Concat(Enumerable.Repeat("07", 16)), nonce.ToString()));
        _home.AssertFailures();
        Assert.Equal(1, _home.Anchors[0].Open);
    }

    /// <summary>It is as good as gone (V58): no verdict on a name, and what is held of it is served on.</summary>
    [Fact]
    public async Task Anchor_ThatReadsNoRequests_IsBehind()
    {
        _home.StartResolver(unsentMax: 1);
        for (var i = 0; i < 200; i++)
        {
            _home.Resolver.Want($"n{i}.shop.svc.eu1.internal");
        }

        var trouble = await _home.UntilAsync(
            () => _home.Resolver.Troubles.Newest.FirstOrDefault(
                one => one.Refusal.Detail.Contains("reads no requests", StringComparison.Ordinal)),
            "an anchor that reads none");
        Assert.Equal(VerificationFailure.Behind, trouble.Refusal.Failure);
    }

    /// <summary>What an anchor tells ahead is no answer, true or false, and much of it is in no answer's way.</summary>
    [Fact]
    public async Task Anchor_ThatTellsAheadWithoutEnd_ChangesNothing()
    {
        var told = 0;
        _home.Anchors[0].Ahead = answer => Enumerable.Range(0, 500).Select(i =>
        {
            told++;
            return i % 2 == 0 ? answer : answer with { Hops = [answer.Hops[0] with { Attests = [], Seal = null }] };
        });
        _home.StartResolver();
        _home.Resolver.Want(Web);
        await _home.UntilFreshAsync(Web);
        Assert.Equal(500, told);
        _home.AssertFailures();
        Assert.Equal(1, _home.Anchors[0].Open);

        // Of its own segment it knows the chain.
        Assert.False(_home.Anchors[0].IsAskedAhead);
    }

    /// <summary>An answer is about one name: an update that names more, or one of them again and again, costs the
    /// anchor its stream before anything of it is verified.</summary>
    [Theory]
    [InlineData(2, VerificationFailure.BadEnvelope)]
    [InlineData(Limits.ListItems + 1, VerificationFailure.TooLarge)]
    public async Task Update_OfMoreThanOneSubscription_CostsTheStream(int ids, VerificationFailure failure)
    {
        _home.StartResolver();
        _home.Resolver.Want(Web);
        await _home.UntilFreshAsync(Web);
        var asked = new TestAnswers(_home.Segment, Web, ScriptedHome.Now);
        var update = new Update { Answer = WireWriter.ToMessage(ScriptedHome.Honest(asked)) };
        update.Ids.AddRange(Enumerable.Repeat(1UL, ids));
        _home.Anchors[0].Flood(new SubscribeResponse { Update = update }, 1);
        await _home.UntilTroubleAsync(failure);
        await _home.UntilAsync(Web, held => held.State == NameState.Fresh && _home.Anchors[0].Open == 0);
        _home.AssertFailures(failure);
    }

    /// <summary>What waits to be handled is small: the stream ends where the update is read, whatever the resolver is
    /// busy with.</summary>
    [Fact]
    public async Task Update_OfMoreThanOneSubscription_WaitsForNobody()
    {
        using var busy = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        _home.OnChanged = changed =>
        {
            if (changed.Name == Cart && !go.IsSet)
            {
                busy.Set();
                go.Wait(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
            }
        };
        _home.StartResolver();
        _home.Resolver.Want(Web);
        await _home.UntilFreshAsync(Web);
        _home.Resolver.Want(Cart);
        Assert.True(busy.Wait(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        try
        {
            _home.Anchors[0].Flood(new SubscribeResponse { Update = new Update { Ids = { 1, 1 } } }, 1);
            await _home.UntilAsync(() => _home.Anchors[0].Open == 0 ? this : null, "the end of the stream");
        }
        finally
        {
            go.Set();
        }

        await _home.UntilTroubleAsync(VerificationFailure.BadEnvelope);
        await _home.UntilAsync(Web, held => held.State == NameState.Fresh);
    }

    [Fact]
    public async Task FirstContact_WithTooFewAnchors_IsNoFreshHeadAndTheNameIsPending()
    {
        await Task.WhenAll(_home.Anchors.Skip(1).Select(anchor => anchor.StopAsync()));
        _home.StartResolver();
        _home.Resolver.Want(Web);
        await _home.UntilTroubleAsync(VerificationFailure.NoFreshHead);
        Assert.Equal(NameState.Pending, Assert.Single(_home.Resolver.Names).State);
        Assert.False(_home.Resolver.HomeMet.IsCompleted);
        await _home.Anchors[1].StartAsync(TestContext.Current.CancellationToken);
        await _home.UntilFreshAsync(Web);
    }

    /// <summary>Of the anchors that the deployer knew one is where it was: it tells where the others are.</summary>
    [Fact]
    public async Task FirstContact_WithOneAnchorOfAnOldBootstrap_HearsTheOthersWhereTheNewestEpochHasThem()
    {
        _home.MoveHome();
        _home.StartResolver(bootstrap: 1);
        _home.Resolver.Want(Web);
        await _home.UntilFreshAsync(Web);
        Assert.True(_home.Anchors.Count(anchor => anchor.Heads > 0) >= 2);
    }

    /// <summary>Anchors that move ever on leave nobody without them: one that is nowhere any more makes room.</summary>
    [Fact]
    public async Task Anchors_ThatMovedMoreOftenThanCanBeToldApart_AreFoundWhereTheyAreNow()
    {
        _home.MoveHome();
        _home.StartResolver(bootstrap: 2);
        _home.Resolver.Want(Web);
        await _home.UntilFreshAsync(Web);
        for (var move = 0; move <= NameCacheOptions.AnchorsMax / 16; move++)
        {
            // Four endpoints for each of four anchors, and nobody there.
            _home.Move(anchor => [.. Enumerable.Range(0, 4)
                .Select(i => IpEndpoint.Of(System.Net.IPAddress.Loopback, 1_000 + (move * 16) + (anchor * 4) + i))]);
            await UntilTheNewestEpochIsKnownAsync();
        }

        _home.MoveHome();
        await UntilTheNewestEpochIsKnownAsync();
        await Task.WhenAll(_home.Anchors.Take(2).Select(anchor => anchor.StopAsync()));
        var others = _home.Anchors.Skip(2).Select(anchor => anchor.Endpoint.Text).ToList();
        await _home.UntilAsync(
            () => _home.Resolver.AnchorOf(Web) is { } at && others.Contains(at) ? at : null, "another anchor");
        await _home.UntilAsync(Web, held => held.State == NameState.Fresh && held.Failure is null);

        Task UntilTheNewestEpochIsKnownAsync()
        {
            _home.Anchors[0].Push(Web);
            var newest = _home.Segment.Newest.Value.Number;
            return _home.UntilAsync(Web, held => held.Answer?.Hops[0].Epoch.Value.Number == newest);
        }
    }

    [Fact]
    public async Task FirstContact_WithAClockApartFromTheAnchorsMedian_IsClockSkewUntilItAgrees()
    {
        foreach (var anchor in _home.Anchors)
        {
            anchor.ClockOff = 3_600_000;
        }

        _home.StartResolver();
        _home.Resolver.Want(Web);
        await _home.UntilTroubleAsync(VerificationFailure.ClockSkew);
        Assert.Equal(NameState.Pending, Assert.Single(_home.Resolver.Names).State);
        Assert.False(_home.Resolver.HomeMet.IsCompleted);

        // One of F that lies about the time moves no median.
        foreach (var anchor in _home.Anchors.Skip(1))
        {
            anchor.ClockOff = 0;
        }

        await _home.UntilFreshAsync(Web);
    }

    [Fact]
    public async Task FirstContact_WithAGenesisThatNoAnchorHas_EndsTheResolver()
    {
        _home.StartResolver(genesis: Digest.Sha256("another"u8));
        await Assert.ThrowsAsync<ForeignHomeException>(() => _home.Resolver.Completion);
    }

    [Fact]
    public async Task FirstContact_WithAFloorThatIsNotInTheChain_EndsTheResolver()
    {
        _home.StartResolver(floor: new Floor(Digest.Sha256("another"u8), 0));
        await Assert.ThrowsAsync<ForeignHomeException>(() => _home.Resolver.Completion);
    }

    [Fact]
    public async Task Lie_ThatCarriedEpochs_CostsTheStreamAndNoOtherNameAnEpoch()
    {
        _home.StartResolver();
        _home.Resolver.Want(Cart);
        await _home.UntilFreshAsync(Cart);

        // A new epoch comes first with a lie. Whoever stays on that stream never gets it there.
        _home.Segment.Next(ScriptedHome.Now - 1_000);
        _home.Reseal();
        _home.Anchors[0].Say = ask => ask.Service.Text == "web.shop.svc" ? WithoutLastProof(ScriptedHome.Honest(ask))
            : ScriptedHome.Honest(ask);
        _home.Resolver.Want(Web);
        await _home.UntilTroubleAsync(VerificationFailure.IncompleteDenial, VerificationFailure.ProofMismatch,
            VerificationFailure.BadProof);
        await _home.UntilFreshAsync(Web);
        _home.Anchors[0].Push(Cart);
        _home.Anchors[1].Push(Cart);
        var cart = await _home.UntilAsync(Cart, held => held.Answer?.Target.Epoch.Value.Number == 1);
        Assert.Equal(NameState.Fresh, cart.State);
        Assert.DoesNotContain(VerificationFailure.EpochUnknown, _home.Failures());
        Assert.Equal(0, _home.Anchors[0].Open);
    }

    [Fact]
    public async Task Anchor_ThatIsStopped_IsLeftAndGoneBackTo()
    {
        _home.StartResolver(isReturning: true);
        _home.Resolver.Want(Web);
        await _home.UntilFreshAsync(Web);
        await _home.Anchors[0].StopAsync();
        await _home.UntilAsync(() => _home.Anchors[1].Open == 1 ? this : null, "the second anchor");
        Assert.Equal(NameState.Fresh, _home.Resolver.Names[0].State);
        await _home.Anchors[0].StartAsync(TestContext.Current.CancellationToken);
        await _home.UntilAsync(() => _home.Anchors[0].Open == 1 ? this : null, "back at the first anchor");
        Assert.Equal(NameState.Fresh, _home.Resolver.Names[0].State);
    }

    [Fact]
    public async Task Answer_BehindWhatOthersShowedSince_IsALagAndNoTrouble()
    {
        // Web stays with the second anchor, Cart with the first.
        _home.Anchors[0].Failing = name => name == Web ? VerificationFailure.NotSealed : null;
        UnverifiedAnswer? early = null;
        _home.Anchors[1].Say = ask => early ??= ScriptedHome.Honest(ask);
        _home.StartResolver();
        _home.Resolver.Want(Web);
        await _home.UntilFreshAsync(Web);
        _home.Reseal();
        _home.Resolver.Want(Cart);
        await _home.UntilFreshAsync(Cart);

        // The second anchor has not heard of that seal, and was never told.
        _home.Anchors[1].Push(Web);
        await _home.UntilAsync(() => _home.Resolver.Troubles.Lags > 0 ? this : null, "a lag");
        await _home.UntilFreshAsync(Web);

        // Its seal stands yet: an anchor that one push has not reached is in order.
        _home.AssertFailures(VerificationFailure.NotSealed);
        Assert.DoesNotContain(
            _home.Resolver.Troubles.Counts, one => one.Key is not VerificationFailure.NotSealed);
    }

    [Fact]
    public async Task Answer_BehindWhatTheAnchorWasTold_IsARollback()
    {
        _home.Anchors[0].Failing = name => name == Web ? VerificationFailure.NotSealed : null;
        UnverifiedAnswer? early = null;
        _home.StartResolver();
        _home.Anchors[1].Say = ask => early ??= ScriptedHome.Honest(ask);
        _home.Resolver.Want(Web);
        await _home.UntilFreshAsync(Web);
        _home.Resolver.Forget(Web);
        _home.Reseal();
        _home.Resolver.Want(Cart);
        await _home.UntilFreshAsync(Cart);
        _home.Resolver.Want(Web);
        await _home.UntilTroubleAsync(VerificationFailure.SealRollback);
        Assert.Equal(NameState.Fresh, (await _home.UntilFreshAsync(Web)).State);
    }

    [Fact]
    public async Task Seal_OlderThanTheSameStreamShowed_IsARollback()
    {
        _home.StartResolver();
        UnverifiedAnswer? early = null;
        _home.Anchors[0].Say = ask =>
            ask.Service.Text == "web.shop.svc" ? early ??= ScriptedHome.Honest(ask) : ScriptedHome.Honest(ask);
        _home.Resolver.Want(Web);
        await _home.UntilFreshAsync(Web);
        _home.Reseal();
        _home.Resolver.Want(Cart);
        await _home.UntilFreshAsync(Cart);
        _home.Anchors[0].Push(Web);
        await _home.UntilTroubleAsync(VerificationFailure.SealRollback);
    }

    [Fact]
    public async Task HomeEpoch_WithoutTheKeyOfAnOpenConnection_ClosesIt()
    {
        _home.Anchors[0].Failing = name => name == Web ? VerificationFailure.NotSealed : null;
        _home.StartResolver();
        _home.Resolver.Want(Web);
        _home.Resolver.Want(Cart);
        await _home.UntilFreshAsync(Web);
        await _home.UntilFreshAsync(Cart);

        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _home.Segment.Next(
            ScriptedHome.Now - 1_000,
            epoch => epoch with { Anchors = [epoch.Anchors[0] with { Tls = ScriptedHome.KeyOf(other) },
                .. epoch.Anchors.Skip(1)] },
            consents: true);
        _home.Reseal();
        _home.Anchors[1].Push(Web);
        var trouble = await _home.UntilTroubleAsync(VerificationFailure.TransportKeyMismatch);
        Assert.Equal(IpEndpoint.Of(_home.Anchors[0].Address.Address, _home.Anchors[0].Address.Port).Text,
            trouble.Anchor);
        await _home.UntilAsync(() => _home.Anchors[0].Open == 0 ? this : null, "the connection to the retired key");
        await _home.UntilFreshAsync(Cart);
    }

    [Fact]
    public async Task Stream_ThatIsNotHandled_IsNotReadOn()
    {
        using var release = new ManualResetEventSlim();
        _home.StartResolver(unhandledMax: 4);
        _home.Resolver.Want(Web);
        await _home.UntilFreshAsync(Web);
        _home.OnChanged = _ => release.Wait(TimeSpan.FromMinutes(5));
        _home.Resolver.Want(Cart);
        await _home.UntilAsync(() => _home.Resolver.Names.Any(name => name.Name == Cart) ? this : null, "the block");
        var before = _home.Anchors[0].Written;
        _home.Anchors[0].Flood(
            new SubscribeResponse { Failed = new Failed { Id = 9_999, Failure = "Behind",
                Detail = new string('x', 60_000) } }, 500);
        await _home.UntilAsync(() => _home.Anchors[0].Written > before ? this : null, "the first of it");
        await UntilItStandsAsync();

        // What the transport's windows hold, and a handful: not the 30 MB that were sent.
        Assert.InRange(_home.Anchors[0].Written - before, 1, 300);
        release.Set();
        await _home.UntilAsync(() => _home.Anchors[0].Written - before >= 500 ? this : null, "all of it");
    }

    [Fact]
    public async Task State_OverARestart_RefusesAnOlderSeal()
    {
        UnverifiedAnswer? early = null;
        _home.StartResolver(keepsState: true);
        _home.Anchors[0].Say = ask => early ??= ScriptedHome.Honest(ask);
        _home.Resolver.Want(Web);
        await _home.UntilFreshAsync(Web);
        _home.Reseal();
        _home.Resolver.Want(Cart);
        await _home.UntilAsync(() => _home.Resolver.Names.Any(
            name => name.Name == Cart && name.State == NameState.Fresh) ? this : null, Cart);
        await _home.StopResolverAsync();

        // A question of before may yet arrive.
        _home.StartResolver(keepsState: true, nonce: 8);
        _home.Resolver.Want(Web);
        await _home.UntilTroubleAsync(VerificationFailure.SealRollback);
        await _home.UntilFreshAsync(Web);
        Assert.DoesNotContain(
            string.Concat(Enumerable.Repeat("08", 16)),
            _home.Anchors.SelectMany(anchor => anchor.Nonces).Select(asked => asked.ToString()));
    }

    /// <summary>V41: a state that may be older than what was used is none that a home anchor may answer upon.</summary>
    [Fact]
    public async Task State_WhoseLogIsGone_IsSaidAndHearsFreshHeadsBeforeItAsks()
    {
        _home.StartResolver(keepsState: true);
        _home.Resolver.Want(Web);
        await _home.UntilFreshAsync(Web);
        await _home.StopResolverAsync();
        File.Delete(_home.StateFile + ".log");
        await Task.WhenAll(_home.Anchors.Skip(1).Select(anchor => anchor.StopAsync()));

        _home.StartResolver(keepsState: true);
        _home.Resolver.Want(Web);
        await _home.UntilTroubleAsync(VerificationFailure.StateNotDurable);
        await _home.UntilTroubleAsync(VerificationFailure.NoFreshHead);
        Assert.Equal(NameState.Pending, Assert.Single(_home.Resolver.Names).State);
        await _home.Anchors[1].StartAsync(TestContext.Current.CancellationToken);
        await _home.UntilFreshAsync(Web);
        Assert.Null(_home.Resolver.Memory.Lost);
    }

    /// <summary>V39: nothing may be used that cannot be remembered. That is the disk's doing and no anchor's.</summary>
    [Fact]
    public async Task State_ThatTheDiskDoesNotTake_IsToldOfTheFileAndOfNoAnchor()
    {
        Directory.CreateDirectory(_home.StateFile + ".tmp");
        _home.StartResolver(keepsState: true);
        _home.Resolver.Want(Web);
        var trouble = await _home.UntilTroubleAsync(VerificationFailure.StateNotDurable);
        Assert.Equal(("", ""), (trouble.Anchor, trouble.Name));
        Assert.StartsWith(_home.StateFile, trouble.Refusal.Detail, StringComparison.Ordinal);
        Assert.NotEqual(NameState.Fresh, Assert.Single(_home.Resolver.Names).State);
        Directory.Delete(_home.StateFile + ".tmp");
        await _home.UntilFreshAsync(Web);
        Assert.All(
            _home.Resolver.Troubles.Newest.Where(one => one.Refusal.Failure == VerificationFailure.StateNotDurable),
            one => Assert.Equal("", one.Anchor));
    }

    [Fact]
    public async Task Forget_Name_IsHeardAndNothingIsKept()
    {
        _home.StartResolver();
        _home.Resolver.Want(Web);
        await _home.UntilFreshAsync(Web);
        _home.Resolver.Forget(Web);
        await _home.UntilAsync(() => _home.Forgotten.Contains(Web) ? this : null, "forgotten");
        Assert.Empty(_home.Resolver.Names);
    }

    [Fact]
    public async Task Observer_ThatThrows_EndsTheResolverForAllToSee()
    {
        _home.OnChanged = _ => throw new InvalidOperationException("planted");
        _home.StartResolver();
        _home.Resolver.Want(Web);
        var broken = await Assert.ThrowsAsync<InvalidOperationException>(() => _home.Resolver.Completion);
        Assert.Equal("planted", broken.Message);
    }

    private static UnverifiedAnswer WithoutLastProof(UnverifiedAnswer answer)
    {
        var hop = answer.Hops[^1];
        return answer with { Hops = [.. answer.Hops[..^1], hop with { Proofs = hop.Proofs[..^1] }] };
    }

    // Writing has stopped when nothing more went out for a while; there is no event of "no event".
    private async Task UntilItStandsAsync()
    {
        var last = -1;
        while (_home.Anchors[0].Written != last)
        {
            last = _home.Anchors[0].Written;
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System,
                TestContext.Current.CancellationToken);
        }
    }
}
