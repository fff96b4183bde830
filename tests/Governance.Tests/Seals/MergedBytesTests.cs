using Xunit;

namespace Fairlead.Governance.Tests.Seals;

/// <summary>Where nothing can be certified, what is signed meanwhile stays small enough for the message that brings it
/// to the others when they are back.</summary>
public sealed class MergedBytesTests
{
    [Fact]
    public void Batch_BehindFailedSlots_TakesNothingNewBeyondMergedBytes()
    {
        // It leads by its journal a term that the others have not reached, and so it keeps it.
        var before = new EngineBench(self: "a0");
        var signed = new JournalBody(4, before.Propose(0, []).Seal, [], []);
        var bench = new EngineBench(o => o with { Journal = [signed.Encode()] }, isReady: false, self: "a0");
        Assert.Equal((4, "a0"), (bench.Engine.Term, bench.Engine.Leader));
        bench.Receive("a2", new SealMessage.Claim(0, false, null, null));
        bench.Receive("a3", new SealMessage.Claim(0, false, null, null));
        var offered = 0;
        SealMessage.Propose last;
        do
        {
            bench.Step(new SealInput.Publish(offered, bench.SignWide($"wide{offered++}.shop.svc", 20)));
            bench.Now += SealLimits.ShortestTurn / 2;
            last = Assert.Single(bench.Step(new SealInput.Tick()).OfType<SealOutput.Broadcast>()
                .Select(sent => sent.Message).OfType<SealMessage.Propose>());
        }
        while (last.Puts.Count == offered);

        var bytes = last.Puts.Sum(put => put.Slices.Sum(slice => (long)slice.Length));
        Assert.InRange(bytes, SealLimits.MergedBytes / 2, SealLimits.MergedBytes);

        // Once it is certified, the one that was left out comes with the next seal.
        bench.Receive("a2", new SealMessage.Certificate(0, bench.Certify(last.Seal, "a0", "a2", "a3")));
        Assert.Equal(offered - 1, bench.Engine.Newest!.State.EntryCount);
        Assert.Equal(1, bench.Engine.Pending);
    }
}
