using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Answers;
using Xunit;

namespace Fairlead.Naming.Tests.Traversal;

/// <summary>How many signatures an answer costs whoever has seen none of them before, and the next one after it
/// (V36).</summary>
public sealed class VerificationCostTests
{
    /// <summary>Three segments of four anchors with one epoch each: eight consents of each genesis, three signatures of
    /// each seal, one Attest of each hop.</summary>
    [Fact]
    public void Answer_OverThreeSegments_CostsEachSignatureOnceAndTheNextNameNothingButWhatIsNew()
    {
        var tree = new TreeWorld();
        var cache = new VerifiedCache();
        var state = tree.Ask("x").State;
        var answer = tree.ToUs1().Record();
        var first = Answers.Accepted(
            AnswerVerifier.Verify(state, tree.ToUs1().Query, answer, tree.Now, null, cache)).Next;
        Assert.Equal(3 * (8 + 3 + 1), cache.Count);

        AnswerVerifier.Verify(first, tree.ToUs1().Query, answer, tree.Now, null, cache);
        Assert.Equal(3 * (8 + 3 + 1), cache.Count);

        // Another name: the seals and the chains are known, each hop decides anew, since its Attests are signed anew.
        var other = tree.ToUs1("cart.shop.svc");
        Answers.Accepted(AnswerVerifier.Verify(first, other.Query, other.Negative(), tree.Now, null, cache));
        Assert.Equal((3 * (8 + 3 + 1)) + 3, cache.Count);
    }
}
