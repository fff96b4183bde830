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

    private static SegmentState ChainOf(TestSegment segment)
    {
        var verdict = EpochChain.Extend(
            null, segment.Genesis, null, [.. segment.Chain], TestSegmentOptions.Start + 10_000);
        Assert.True(verdict.IsAccepted, verdict.Refusal?.ToString());
        return verdict.Segment;
    }
}
