using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Answers;
using Xunit;

namespace Fairlead.Naming.Tests.Traversal;

/// <summary>What is told ahead of an answer saves its verifier work, and makes it believe nothing.</summary>
public sealed class AnswerAheadTests
{
    private readonly TreeWorld _world = new();
    private readonly VerifiedCache _cache = new();
    private readonly UnverifiedAnswer _answer;

    public AnswerAheadTests() => _answer = _world.ToUs1().Record();

    // acme's hop, and the chain of us1.
    private UnverifiedAnswer Ahead => _answer with
    {
        Hops = [_answer.Hops[1], new UnverifiedHop(_answer.Hops[2].Genesis, HopKind.Down, _answer.Hops[2].Epochs, null,
            [], [], [])],
    };

    [Fact]
    public void Chains_CheckedAhead_AreNotCheckedAgain()
    {
        Check(Ahead);
        Assert.Equal((8 + 3 + 1) + 8, _cache.Count);
        Answers.Accepted(Verify(_answer));
        Assert.Equal(3 * (8 + 3 + 1), _cache.Count);
    }

    [Fact]
    public void Helpers_CheckAheadAsWell()
    {
        var pieces = 0;
        AnswerAhead.Check(_world.ToUs1().State, Ahead, _cache, new SignatureHelp(2, piece =>
        {
            pieces++;
            piece();
        }));
        Assert.Equal((2, (8 + 3 + 1) + 8), (pieces, _cache.Count));
    }

    /// <summary>A false signature is remembered for nothing, whoever told it and how often.</summary>
    [Fact]
    public void Signature_ThatIsFalse_IsRefusedInTheAnswerAsBefore()
    {
        var hop = _answer.Hops[1];
        var seal = hop.Seal!;
        var bad = hop with
        {
            Seal = seal with
            {
                Signatures = seal.Signatures.SetItem(
                    2, seal.Signatures[2] with { Value = seal.Signatures[0].Value }),
            },
        };
        Check(Ahead with { Hops = Ahead.Hops.SetItem(0, bad) });
        Check(Ahead with { Hops = Ahead.Hops.SetItem(0, bad) });
        Assert.Equal((8 + 2 + 1) + 8, _cache.Count);
        Answers.Refused(
            VerificationFailure.BadSignature, Verify(_answer with { Hops = _answer.Hops.SetItem(1, bad) }));
        Answers.Accepted(Verify(_answer));
    }

    /// <summary>V8: a chain that checks out as arithmetic is none of the segment's for that.</summary>
    [Fact]
    public void Chain_OfAnotherSegment_IsStillNoneOfThePath()
    {
        var other = new TreeWorld().ToUs1().Record();
        Check(other);
        var refused = Verify(_answer with { Hops = _answer.Hops.SetItem(1, other.Hops[1]) });
        Assert.IsType<Verdict.Refused>(refused);
    }

    [Fact]
    public void Form_ThatIsNone_ChecksNothing()
    {
        Check(Ahead with { Hops = [Ahead.Hops[0] with { Seal = new Envelope(new byte[] { 1 }, []) }] });
        Assert.Equal(0, _cache.Count);
    }

    private void Check(UnverifiedAnswer ahead) => AnswerAhead.Check(_world.ToUs1().State, ahead, _cache, null);

    private Verdict Verify(UnverifiedAnswer answer)
    {
        var ask = _world.ToUs1();
        return AnswerVerifier.Verify(ask.State, ask.Query, answer, _world.Now, null, _cache);
    }
}
