using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Xunit;

namespace Fairlead.Governance.Tests.Epochs;

/// <summary>What an engine remembers of other segments has a bound, whoever is introduced, and those that the segment
/// names lose nothing by it.</summary>
public sealed class ForeignFactsTests
{
    private readonly EpochBench _bench = new();

    [Fact]
    public void Strangers_TakeNoMoreRoomThanThereIs_AndNothingFromNeighbours()
    {
        var peer = EpochBench.Stranger(1);
        var proposal = PeerOperation.Build(
            _bench.Ground,
            new PeerRequest(
                SegmentName.Parse("eu1.acme.internal"), peer, new Floor(EpochBench.Stranger(2), 0),
                [EpochBench.Endpoint]),
            _bench.Now, _bench.Opening, out _)!;
        Assert.True(CandidateRules.TryRead(
            _bench.Ground, proposal, new PortChecks(_bench.World.Check), out var candidate, out _));
        var engine = new EpochBench(change: o => o with { Ground = _bench.Ground.Follow(candidate) });
        engine.Step(new EpochInput.Learned(peer, At(7)));
        for (var i = 0; i < EpochLimits.StrangersKept + 500; i++)
        {
            engine.Step(new EpochInput.Learned(EpochBench.Stranger(100_000 + i), At(0)));
        }

        Assert.Equal(EpochLimits.StrangersKept + 1, engine.Engine.Foreign.Count);
        Assert.Equal(7, engine.Engine.Foreign[peer].Floor.Epoch);
        Assert.DoesNotContain(EpochBench.Stranger(100_000), engine.Engine.Foreign.Keys);
    }

    [Fact]
    public void Floors_OfOneSegment_AreTheNewestOnes()
    {
        var facts = new ForeignFacts(_bench.Ground, new Dictionary<Digest, ForeignSegment>());
        var segment = EpochBench.Stranger(1);
        for (var i = 0; i <= EpochLimits.FloorsKept; i++)
        {
            facts.Learn(segment, At(i));
            facts.Learn(segment, At(i));
        }

        Assert.False(facts.Knows(segment, At(0).Floor));
        Assert.All(Enumerable.Range(1, EpochLimits.FloorsKept), i => Assert.True(facts.Knows(segment, At(i).Floor)));
        Assert.False(facts.Knows(segment, At(5).Floor with { Digest = EpochBench.Stranger(3) }));
        Assert.Equal(EpochLimits.FloorsKept, facts.Newest[segment].Floor.Epoch);
    }

    private static ForeignSegment At(int epoch) => new(new Floor(EpochBench.Stranger(epoch), epoch), []);
}
