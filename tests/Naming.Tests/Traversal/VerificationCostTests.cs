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

    /// <summary>An anchor's keys in the genesis, in the next epoch and in the same chain read once more are one import
    /// each, while every signature is checked again for whoever remembers none.</summary>
    [Fact]
    public void Chains_ReadOnceMoreAndGrown_ImportEachKeyOnce()
    {
        var tree = new TreeWorld();
        var first = Read(tree, 3 * (8 + 3 + 1));
        tree.Us1.Next(tree.Now - 10_000).SealAt(tree.Now - 500);
        var second = Read(tree, (3 * (8 + 3 + 1)) + tree.Us1.Threshold);

        // Two keys of each of four anchors of three segments sign here; their TLS keys never do.
        var used = first.Concat(second).Where(key => key.Imported is not null).ToList();
        Assert.Equal(3 * 4 * 2, first.Count(key => key.Imported is not null));
        Assert.True(used.Count >= (2 * 3 * 4 * 2) + tree.Us1.Threshold, $"{used.Count} keys were read");
        Assert.Equal(3 * 4 * 2, used.Select(key => key.Kid).Distinct().Count());
        Assert.Equal(3 * 4 * 2, used.Select(key => key.Imported).Distinct(ReferenceEqualityComparer.Instance).Count());
    }

    // The keys of all epochs of the answer's segments, verified by somebody who knows the home's genesis alone.
    private static List<PublicKey> Read(TreeWorld tree, int signatures)
    {
        var cache = new VerifiedCache();
        var ask = tree.ToUs1();
        var next = Answers.Accepted(
            AnswerVerifier.Verify(ask.State, ask.Query, ask.Record(), tree.Now, null, cache)).Next;
        Assert.Equal(signatures, cache.Count);
        return
        [
            .. next.Segments.Values.SelectMany(segment => segment.Epochs)
                .SelectMany(epoch => EpochKeys.Of(epoch.Value)).Select(entry => entry.Key),
        ];
    }
}
