using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Resolver.Tests.Engine;

/// <summary>What a newer epoch does to a held answer (trust 4.7). All on virtual time.</summary>
public sealed class RecertificationTests
{
    private const long Life = 13_000;
    private const long Grace = 2_000;
    private const long Hour = 3_600_000;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Policy_Changed_WithoutANewProof_IsServedForTheGraceAfterTheFirstSealAndNeverStale(bool ofHome)
    {
        var world = Fresh();
        world.Elapsed = 3_000;
        world.NextEpoch(ofHome, Tighter);
        Assert.Equal(NameState.Fresh, world.Held().State);
        Assert.Equal(
            [(3_000 + Grace, NameState.Expired)], world.RunFailing(Hour, VerificationFailure.Behind));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Policy_Changed_BeforeTheFirstSeal_IsServedToTheEndOfTheHeldOne(bool ofHome)
    {
        var world = Fresh();
        world.Elapsed = 3_000;
        world.NextEpoch(ofHome, Tighter, isSealed: false);
        Assert.Equal([(Life, NameState.Expired)], world.RunFailing(Hour, VerificationFailure.Behind));
    }

    [Fact]
    public void Policy_Changed_WithTheFirstSealLater_GraceCountsFromThat()
    {
        var world = Fresh();
        world.Elapsed = 3_000;
        world.NextEpoch(ofHome: false, Tighter, isSealed: false);
        world.Elapsed = 6_000;
        world.FirstSeal(ofHome: false);
        Assert.Equal(
            [(6_000 + Grace, NameState.Expired)], world.RunFailing(Hour, VerificationFailure.Behind));
    }

    [Fact]
    public void Policy_Changed_WithANewProof_GoesOnAndMayBeStaleAgain()
    {
        var world = Fresh();
        world.Elapsed = 3_000;
        world.NextEpoch(ofHome: false, Tighter);
        var asked = Assert.Single(world.RunTo(3_000 + 250));
        world.Accept(world.Answer(), asked.Anchor);
        Assert.Equal(NameState.Fresh, world.Held().State);
        Assert.Null(world.Held().Failure);
        Assert.Contains(
            world.RunFailing(Hour, VerificationFailure.Behind), seen => seen.State == NameState.Stale);
    }

    [Fact]
    public void Policy_Changed_WhileStale_EndsIt()
    {
        var world = Fresh();
        world.RunFailing(Life + 100, VerificationFailure.Behind);
        Assert.Equal(NameState.Stale, world.Held().State);
        world.Reseal();
        world.NextEpoch(ofHome: false, Tighter);
        Assert.Equal(NameState.Expired, world.Held().State);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Stranger_OrRenewal_ChangesNothing(bool ofHome)
    {
        var world = Fresh();
        world.Elapsed = 3_000;
        var before = world.Held();
        var due = world.Due();
        Assert.Empty(world.NextEpoch(ofHome, epoch => epoch with { Op = new EpochOp { Type = OpType.Renew } }));
        Assert.Empty(world.NextEpoch(ofHome, epoch => epoch with
        {
            Op = new EpochOp { Type = OpType.Peer },
            Peers = [.. epoch.Peers.Add(Digest.Sha256("a stranger"u8)).Order()],
        }));
        Assert.Same(before, world.Held());
        Assert.Equal(due, world.Due());
    }

    /// <summary>I27: what the home admits of others stands in its tree, and in no policy.</summary>
    [Theory]
    [InlineData(OpType.Policy)]
    [InlineData(OpType.Peer)]
    public void Scope_ThatTheHomeMayHaveChanged_AsksForANewProofAndEndsContinuity(string operation)
    {
        var world = Fresh();
        world.Elapsed = 3_000;
        world.NextEpoch(ofHome: true, epoch => epoch with { Op = new EpochOp { Type = operation } });
        Assert.Equal(NameState.Fresh, world.Held().State);
        Assert.Equal(
            [(3_000 + Grace, NameState.Expired)], world.RunFailing(Hour, VerificationFailure.Behind));
    }

    /// <summary>Also where the epoch that did it is held by its digest alone by now.</summary>
    [Fact]
    public void Scope_ThatTheHomeMayHaveChangedSomeEpochsAgo_AsksForANewProof()
    {
        var world = Fresh();
        var answer = world.Held().Answer!;
        world.Elapsed = 3_000;
        world.NextEpoch(ofHome: true, Scoped);
        for (var i = 0; i < SegmentState.MaxDocuments; i++)
        {
            world.NextEpoch(ofHome: true, epoch => epoch with { Op = new EpochOp { Type = OpType.Renew } });
        }

        Assert.Equal(EpochEffect.Recertify, EpochChange.Of(answer, world.Segment(ofHome: true)));
    }

    /// <summary>Whom the home takes in, or what others admit of whom, says nothing of this target.</summary>
    [Fact]
    public void Scope_OfAnother_ChangesNothing()
    {
        var world = Fresh();
        world.Elapsed = 3_000;
        Assert.Empty(world.NextEpoch(ofHome: false, Scoped));
        Assert.Empty(world.NextEpoch(ofHome: true, epoch => epoch with
        {
            Op = new EpochOp { Type = OpType.Peer },
            Peers = [.. epoch.Peers.Add(Digest.Sha256("a stranger"u8)).Order()],
        }));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Domains_Changed_AskForANewProofAndEndContinuity(bool ofHome)
    {
        var world = Fresh();
        world.Elapsed = 3_000;
        world.NextEpoch(ofHome, epoch => Scoped(epoch) with { Domains = ["other.example"] });
        Assert.Equal(
            [(3_000 + Grace, NameState.Expired)], world.RunFailing(Hour, VerificationFailure.Behind));
    }

    [Fact]
    public void Target_ThatNoLongerNamesTheIntroducer_EndsNow()
    {
        var world = Fresh();
        world.Elapsed = 3_000;
        var outputs = world.NextEpoch(
            ofHome: false,
            epoch => epoch with
            {
                Op = new EpochOp { Type = OpType.Unpeer },
                Peers = ImmutableArray.Create(Digest.Sha256("another"u8)),
            },
            isSealed: false);
        Assert.Equal(NameState.Expired, Assert.Single(outputs.OfType<CacheOutput.Changed>()).Name.State);
    }

    // What op policy leaves where it changes Scopes alone.
    private static Epoch Scoped(Epoch epoch) => epoch with { Op = new EpochOp { Type = OpType.Policy } };

    private static Epoch Tighter(Epoch epoch) => epoch with
    {
        Op = new EpochOp { Type = OpType.Policy },
        Policy = epoch.Policy with { MaxTtl = epoch.Policy.MaxTtl - 1 },
    };

    private static CacheWorld Fresh()
    {
        var world = new CacheWorld(continuity: Hour);
        world.Want();
        world.Accept(world.Answer());
        return world;
    }
}
