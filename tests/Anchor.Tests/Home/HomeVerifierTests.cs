using Fairlead.Anchor.Home;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Tests.Home.Reports;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Home;

/// <summary>What a home's verifier passes on.</summary>
public sealed class HomeVerifierTests
{
    /// <summary>The floor that a renewal raises is that of the chain that was heard: nobody tells of it again before
    /// there is a newer one.</summary>
    [Fact]
    public async Task Chain_ThatWasNotHeard_IsToldAgainWithTheNext()
    {
        var isBusy = true;
        var heard = new List<Digest>();
        await using var world = new EvidenceWorld(learned: segment =>
        {
            if (!isBusy)
            {
                heard.Add(segment.Genesis);
            }

            return !isBusy;
        });
        Assert.Null(await world.Verifier.AdoptAsync(ChainOf(world.Home)));
        Assert.Empty(heard);
        isBusy = false;
        Assert.Null(await world.Verifier.AdoptAsync(ChainOf(world.Own)));
        Assert.Equal(new[] { world.Home.Genesis, world.Own.Genesis }.Order(), heard.Order());
        Assert.Null(await world.Verifier.AdoptAsync(ChainOf(world.Home)));
        Assert.Equal(3, heard.Count);
    }

    /// <summary>V38: what it introduced holds, and is to be introduced by somebody else.</summary>
    [Fact]
    public async Task Way_SignedByWhoContradictedItselfSince_IsDoubtful()
    {
        await using var world = new EvidenceWorld();
        Assert.Null(await world.Verifier.AdoptAsync(ChainOf(world.Home)));
        var (liars, others) = (SignedBy(0), SignedBy(1));
        Assert.False(world.Verifier.IsDoubtful(liars));
        var settled = new TaskCompletionSource<Refusal?>();
        Assert.Null(world.Verifier.File(EvidenceWorld.Votes(world.Home, 0), null, settled.SetResult));
        Assert.Null(await settled.Task);
        Assert.True(world.Verifier.IsDoubtful(liars));
        Assert.False(world.Verifier.IsDoubtful(others));

        Way SignedBy(int anchor)
        {
            var hop = new UnverifiedHop(
                world.Home.Genesis, HopKind.Up, [], null, [], [], [EvidenceWorld.Votes(world.Home, anchor).First]);
            var onward = new Onward(HopKind.Down, SegmentName.Parse("x.internal"), default, default!, []);
            return new Way(default, [new RelayedHop(hop, new EpochLog())], AnswerResult.Record, onward, 0, 0);
        }
    }

    private static SegmentState ChainOf(TestSegment segment)
    {
        var verdict = EpochChain.Extend(
            null, segment.Genesis, null, [.. segment.Chain], TestSegmentOptions.Start + 10_000);
        Assert.True(verdict.IsAccepted, verdict.Refusal?.ToString());
        return verdict.Segment;
    }
}
