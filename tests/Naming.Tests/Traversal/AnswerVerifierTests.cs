using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Answers;
using Xunit;

namespace Fairlead.Naming.Tests.Traversal;

public sealed class AnswerVerifierTests
{
    [Fact]
    public void Record_OfPeer_IsAccepted()
    {
        var world = new PeerWorld();
        var ask = world.Ask();

        var verdict = AnswerVerifier.Verify(world.State, ask.Query, world.Answer(), world.Now);

        var accepted = Answers.Accepted(verdict);
        Assert.Equal(Outcome.Record, accepted.Answer.Outcome);
        Assert.Equal(["eu1.internal", "us1.internal"], accepted.Answer.Hops.Select(hop => hop.Name.Text));
        Assert.Equal(world.Record.Uid, accepted.Answer.Record!.Uid);
        Assert.Equal(3, accepted.Answer.Target.Seal!.Signers.Length);
        Assert.Equal(2, accepted.Answer.Slices.Length);
        Assert.Equal(9_000, accepted.Answer.Ttl.At(world.Now).Remaining);
        Assert.Equal("seal", accepted.Answer.Ttl.At(world.Now).Bound);
    }
}
