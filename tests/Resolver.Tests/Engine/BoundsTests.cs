using System.Collections.Immutable;
using Fairlead.Naming;

namespace Fairlead.Resolver.Tests.Engine;

/// <summary>
/// The table of bounds in docs/continuity.md, a test for a row, on virtual time: the demo's policy, so that V is 15 s,
/// delta 1 s, grace 2 s. A seal is a second old when a test begins.
/// </summary>
public sealed class BoundsTests
{
    private const long Validity = 15_000;
    private const long Delta = 1_000;
    private const long Grace = 2_000;
    private const long SealAge = 1_000;
    private const long Hour = 3_600_000;

    [Fact]
    public void Push_OfADenial_EndsANameInTheSameStep()
    {
        var world = Held();
        world.Elapsed = 5_000;
        var outputs = world.Accept(world.Denied());
        Assert.False(Assert.Single(outputs.OfType<CacheOutput.Changed>()).Name.IsServed);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Strict_WithAllPathsCut_EndsWithinSealValidityOfTheLastSeal(int seed)
    {
        // The last seal is made at -1 s, and the revocation after it: I counts from there.
        var world = Held(seed, ofRecord: 0);
        var seen = world.RunFailing(Hour, VerificationFailure.Behind);
        var ended = Assert.Single(seen);
        Assert.Equal((Validity - SealAge - Delta, NameState.Expired), ended);
        Assert.True(ended.At + SealAge <= Validity + Delta);
    }

    [Fact]
    public void Default_WithAllPathsCut_EndsAfterItsContinuity()
    {
        var world = Held(continuity: 2 * Hour);
        var seen = world.RunFailing(4 * Hour, VerificationFailure.Behind);
        Assert.Equal(NameState.Expired, seen[^1].State);
        Assert.InRange(seen[^1].At + SealAge, Hour, Validity + Delta + Hour);
    }

    [Fact]
    public void NewPolicy_WithoutAProof_EndsAfterTheGrace()
    {
        var world = Held();
        world.Elapsed = 4_000;
        world.NextEpoch(ofHome: false, epoch => epoch with { Policy = epoch.Policy with { MaxTtl = 299_000 } });
        Assert.Equal(
            [(4_000 + Grace, NameState.Expired)], world.RunFailing(Hour, VerificationFailure.Behind));
    }

    [Fact]
    public void Target_WithoutItsIntroducer_EndsInTheSameStep()
    {
        var world = Held();
        world.Elapsed = 4_000;
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

    [Fact]
    public void DeadEndpoint_Withdrawn_LeavesInTheSameStep()
    {
        var world = Held();
        world.Elapsed = 4_000;
        var outputs = world.Accept(world.AnswerOfEastOnly());
        var told = Assert.Single(outputs.OfType<CacheOutput.Changed>()).Name;
        Assert.Equal(NameState.Fresh, told.State);
        Assert.Equal(["us-east"], told.Answer!.Slices.Select(slice => slice.Region));
    }

    [Fact]
    public void SilentAnchor_CostsTheHedgeDelay()
    {
        var world = new CacheWorld();
        world.Want();
        Assert.Equal(200, world.Due());
        Assert.Single(world.TickAt(200).OfType<CacheOutput.Hedge>());
    }

    [Fact]
    public void Absence_IsAskedForAgainWithinItsTime()
    {
        var world = new CacheWorld();
        world.Want(CacheWorld.Nobody);
        world.Accept(world.Absent(), name: CacheWorld.Nobody);
        Assert.InRange(world.RunTo(9_000)[0].At, 5_000, 8_000);
        world.RunTo(10_000);
        Assert.Equal(NameState.Expired, world.Held(CacheWorld.Nobody).State);
    }

    [Fact]
    public void Denial_IsAskedForAgainWithinItsTime()
    {
        var world = new CacheWorld();
        world.Want();
        world.Accept(world.Denied());
        Assert.InRange(world.RunTo(8_000)[0].At, 4_000, 8_000);
        world.RunTo(10_000);
        Assert.Equal(NameState.Expired, world.Held().State);
    }

    private static CacheWorld Held(int seed = 1, long continuity = Hour, long? ofRecord = null)
    {
        var world = new CacheWorld(seed, continuity: continuity, ofRecord: ofRecord);
        world.Want();
        world.Accept(world.Answer());
        return world;
    }
}
