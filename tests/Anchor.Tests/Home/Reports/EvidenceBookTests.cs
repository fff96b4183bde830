using System.Collections.Immutable;
using Fairlead.Anchor.Home.Reports;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Anchor.Tests.Home.Reports;

/// <summary>What counts as evidence at an anchor, and until when (V38, V39).</summary>
public sealed class EvidenceBookTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly EvidenceWorld _world = new();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    /// <summary>A home that asks here, and that this anchor itself never asked anything.</summary>
    [Fact]
    public async Task Evidence_AgainstAHomeThatOnlyAsksHere_IsDurableAndPassedOnOnce()
    {
        var told = new List<Contradiction>();
        _world.Serve();
        _world.Book.Proven += piece => { lock (told) { told.Add(piece); } };
        var votes = EvidenceWorld.Votes(_world.Home, 2);
        Assert.Equal(VerificationFailure.EpochUnknown, _world.Book.Take(votes)?.Failure);
        Assert.Null(_world.Ask());

        Assert.Null(_world.Book.Take(votes));
        Assert.Null(_world.Book.Take(votes));
        await HeldAsync(1);
        Assert.True(_world.Keeper.Durable.Segments[_world.Home.Genesis].IsExcluded("eu1-c"));
        Assert.True(Found().IsExcluded("eu1-c"));

        Assert.Null(_world.Book.Take(EvidenceWorld.Certificates(_world.Home)));
        await HeldAsync(2);
        Assert.True(Found() is { IsQuarantined: true } both && both.IsExcluded("eu1-c"));

        // In order: when the second one is told the first was told as often as ever.
        await Eventually.HoldsAsync(
            () => Task.FromResult(Told()),
            kinds => kinds.Contains(ContradictionKind.Certificates), Patience, TestContext.Current.CancellationToken);
        Assert.Equal([ContradictionKind.SealVotes, ContradictionKind.Certificates], Told());

        // Of its next epoch nothing is known yet, and it starts anew.
        _world.Home.Advance(OpType.Renew);
        Assert.Null(_world.Ask());
        Assert.False(Found().IsQuarantined);
        Assert.Null(_world.Book.Take(EvidenceWorld.Votes(_world.Home, 1)));
        await Eventually.HoldsAsync(
            () => Task.FromResult(_world.Book.Held.ToList()), held => held is [{ Epoch: 1 }], Patience,
            TestContext.Current.CancellationToken);

        List<ContradictionKind> Told()
        {
            lock (told)
            {
                return [.. told.Select(piece => piece.Kind)];
            }
        }
    }

    /// <summary>V14: whoever shows a second certified epoch of a home's newest number is refused, and what it shows is
    /// evidence against the home's quorum.</summary>
    [Fact]
    public async Task Home_OfWhichASecondEpochIsShown_IsQuarantinedAndToldOf()
    {
        _world.Serve();
        _world.Home.Advance(OpType.Renew);
        _world.Fork.Advance(OpType.Renew, epoch => epoch with { Expires = epoch.Expires - 1 });
        Assert.Null(_world.Ask());
        Assert.Equal(VerificationFailure.EpochEquivocation, _world.Ask([_world.Fork.Chain[^1]])?.Failure);
        await HeldAsync(1);
        Assert.Equal(ContradictionKind.EpochCertificates, _world.Book.Held.Single().Piece.Kind);
        Assert.True(Found().IsQuarantined);

        // Who holds another epoch than this anchor is shown the one that stands here, and can tell.
        var (mine, other) = (_world.Home.Newest.Digest, _world.Fork.Newest.Digest);
        Assert.Equal(1, InCommon(_world.Home.Genesis, 1, mine));
        Assert.Equal(0, InCommon(_world.Home.Genesis, 1, other));
        Assert.Equal(2, InCommon(_world.Home.Genesis, 2, other));
        Assert.Equal(0, InCommon(_world.Own.Genesis, 0, other));

        // Also where the branch here is longer by now.
        _world.Home.Advance(OpType.Renew);
        _world.Own.Advance(OpType.Renew);
        _world.Own.Advance(OpType.Renew);
        _world.Serve();
        var longer = EpochChain.Extend(
            null, _world.Home.Genesis, null, [.. _world.Home.Chain], TestSegmentOptions.Start).Segment;
        Assert.Equal(1, InCommon(_world.Home.Genesis, 1, mine, longer));
        Assert.Equal(0, InCommon(_world.Home.Genesis, 1, other, longer));
        Assert.Equal(1, InCommon(_world.Own.Genesis, 1, _world.Own.Epochs[1].Digest));
        Assert.Equal(0, InCommon(_world.Own.Genesis, 1, other));
    }

    private long InCommon(Digest genesis, long epoch, Digest digest, SegmentState? held = null) => Doorman.InCommon(
        ImmutableDictionary<Digest, KnownSegment>.Empty.Add(genesis, new KnownSegment(epoch, digest, 0, 0)),
        _world.Context.Views.Current!, one => held ?? _world.Homes.OfOthers(one))[genesis].Epoch;

    /// <summary>What one part of the anchor verified, another one does not verify again: here the book of homes and the
    /// verifier of what is relayed, which both judge evidence.</summary>
    [Fact]
    public async Task Signature_ThatSeveralPartsNeed_IsVerifiedOnce()
    {
        _world.Serve();
        Assert.Null(_world.Ask());
        var (held, spared) = (_world.Context.Verified.Count, _world.Context.Verified.Spared);
        Assert.Null(_world.Book.Take(EvidenceWorld.Votes(_world.Home, 2)));
        await HeldAsync(1);

        // The own chain, of one epoch so far, is the verifier's alone.
        var own = 2 * _world.Own.Newest.Value.Anchors.Length;
        Assert.InRange(_world.Context.Verified.Count, held + 2, held + 2 + own);
        Assert.Equal(spared + 2, _world.Context.Verified.Spared);
    }

    /// <summary>The engines may find it before the epoch of which it is is served: of its first slots, or after a
    /// start.</summary>
    [Fact]
    public async Task Finding_OfAnEpochThatIsNotServedYet_CountsOnceItIs()
    {
        var tried = new SemaphoreSlim(0);
        await using var findings = new EngineFindings(
            _world.Context.Views, piece =>
            {
                var refusal = _world.Book.Take(piece);
                tried.Release();
                return refusal;
            }, NullLogger.Instance);
        findings.Post(EvidenceWorld.Votes(_world.Own, 1));
        await tried.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Empty(_world.Book.Held);
        _world.Serve();
        await HeldAsync(1);

        _world.Own.Advance(OpType.Renew);
        findings.Post(EvidenceWorld.Votes(_world.Own, 2));
        await tried.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await tried.WaitAsync(Patience, TestContext.Current.CancellationToken);
        _world.Serve();
        await Eventually.HoldsAsync(
            () => Task.FromResult(_world.Keeper.Durable.HomeState!), own => own.IsExcluded("us1-c"), Patience,
            TestContext.Current.CancellationToken);
        Assert.False(_world.Keeper.Durable.HomeState!.IsExcluded("us1-b"));
        Assert.True(_world.Verifier.IsExcluded(
            _world.Context.Views.Current!, _world.Own.Newest.Value.Anchors[2]));
    }

    /// <summary>Whoever asks what is known waits for no verification.</summary>
    [Fact]
    public async Task State_WhileAStepVerifies_IsReadAtOnce()
    {
        using var entered = new ManualResetEventSlim();
        using var leave = new ManualResetEventSlim();
        var step = Task.Run(
            () => _world.Keeper.Step(
                _ =>
                {
                    entered.Set();
                    leave.Wait(Patience, TestContext.Current.CancellationToken);
                    return null;
                },
                static _ => { }),
            TestContext.Current.CancellationToken);
        entered.Wait(Patience, TestContext.Current.CancellationToken);
        var read = Task.Run(() => _world.Keeper.Durable, TestContext.Current.CancellationToken);
        Assert.Same(read, await Task.WhenAny(read, step));
        leave.Set();
        await step;
    }

    private SegmentState Found() => _world.Homes.Find(_world.Home.Genesis, _world.Context.Views.Current!)!.Chain;

    private async Task HeldAsync(int count) => await Eventually.HoldsAsync(
        () => Task.FromResult(_world.Book.Held.Count()), held => held == count, Patience,
        TestContext.Current.CancellationToken);
}
