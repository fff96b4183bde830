using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Answers;
using Xunit;

namespace Fairlead.Naming.Tests.Traversal;

/// <summary>Helpers change how long a verdict takes and nothing else, whenever they come to their work.</summary>
public sealed class SignatureHelpTests
{
    private const int All = 3 * (8 + 3 + 1);

    private readonly TreeWorld _world = new();
    private readonly List<Action> _pieces = [];

    private SignatureHelp AtOnce => new(3, piece =>
    {
        _pieces.Add(piece);
        piece();
    });

    private SignatureHelp Never => new(3, _pieces.Add);

    [Fact]
    public void Answer_WithHelp_CostsEachSignatureOnceAndIsTheSame()
    {
        var (alone, cache) = Judge(_world.ToUs1().Record(), null);
        var (helped, shared) = Judge(_world.ToUs1().Record(), AtOnce);
        Assert.Equal(3, _pieces.Count);
        Assert.Equal(Answers.Accepted(alone).Answer.RecordDigest, Answers.Accepted(helped).Answer.RecordDigest);
        Assert.Equal((All, All), (cache.Count, shared.Count));
    }

    [Fact]
    public void Helper_ThatComesAfterTheVerdict_ChecksNothing()
    {
        var (verdict, cache) = Judge(_world.ToUs1().Record(), Never);
        Answers.Accepted(verdict);
        var before = GC.GetAllocatedBytesForCurrentThread();
        _pieces.ForEach(piece => piece());
        Assert.Equal(All, cache.Count);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1024, "a check allocates more");
    }

    [Fact]
    public void Answer_WhoseSignaturesAreKnown_WakesNobody()
    {
        var cache = new VerifiedCache();
        Answers.Accepted(Judge(_world.ToUs1().Record(), AtOnce, cache));
        _pieces.Clear();
        Answers.Accepted(Judge(_world.ToUs1().Record(), AtOnce, cache));
        Assert.Empty(_pieces);
    }

    /// <summary>V5: what a helper found false is refused where the rules come to it, by the same name.</summary>
    [Fact]
    public void Signature_ThatAHelperFoundFalse_IsRefusedInItsPlace()
    {
        var answer = _world.ToUs1().Record();
        var hop = answer.Hops[1];
        var seal = hop.Seal!;
        var other = seal with { Signatures = seal.Signatures.SetItem(
            1, seal.Signatures[1] with { Value = seal.Signatures[0].Value }) };
        var bad = answer with { Hops = answer.Hops.SetItem(1, hop with { Seal = other }) };
        var alone = Answers.Refused(VerificationFailure.BadSignature, Judge(bad, null).Verdict);
        Assert.Equal(alone, Answers.Refused(VerificationFailure.BadSignature, Judge(bad, AtOnce).Verdict));
        Assert.NotEmpty(_pieces);
    }

    /// <summary>V36: what a helper checked is paid for where the verifier asks for it.</summary>
    [Fact]
    public void Budget_IsSpentByWhatHelpersCheckedAsWell()
    {
        var checks = new SignatureChecks(null, 3);
        var answer = _world.ToUs1().Record();
        var (hops, form) = AnswerParser.Hops(answer);
        Assert.Null(form);
        checks.Start(AtOnce, _world.ToUs1().State, hops);
        var keys = EpochKeys.For(hops[0].Epochs[0].Epoch.Value);
        var consent = hops[0].Epochs[0];
        Refusal? Check(int i)
        {
            var signature = consent.Raw.Consent.Signatures[i];
            Assert.True(keys.TryFind(signature.Kid, out var key, out _, out _));
            return checks.Verify(key, consent.Consent!.Digest, signature.Value.Span);
        }

        Assert.All(Enumerable.Range(0, 3), i => Assert.Null(Check(i)));
        Assert.Equal(VerificationFailure.BudgetExceeded, Check(3)?.Failure);
        Assert.Equal(3, checks.Spent);
    }

    /// <summary>Whatever is wrong with an answer, and however the helpers' work falls between the verifier's.</summary>
    [Fact]
    public void Answer_Damaged_HasTheSameVerdictWithAndWithoutHelp()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var honest = _world.ToUs1().Record();
        for (var i = 0; i < 300; i++)
        {
            var answer = AnswerMutations.Mutate(honest, random);
            var alone = Word(Judge(answer, null).Verdict);
            Assert.True(alone == Word(Judge(answer, AtOnce).Verdict), $"seed {seed}, run {i}: {alone}");
            Assert.True(alone == Word(Judge(answer, Beside).Verdict), $"seed {seed}, run {i}, beside: {alone}");
        }
    }

    private static SignatureHelp Beside => new(
        2, static piece => ThreadPool.UnsafeQueueUserWorkItem(static piece => piece(), piece, preferLocal: false));

    private static string Word(Verdict verdict) =>
        verdict is Verdict.Refused refused ? refused.Refusal.ToString() : "accepted";

    private (Verdict Verdict, VerifiedCache Cache) Judge(UnverifiedAnswer answer, SignatureHelp? help)
    {
        var cache = new VerifiedCache();
        return (Judge(answer, help, cache), cache);
    }

    private Verdict Judge(UnverifiedAnswer answer, SignatureHelp? help, VerifiedCache cache)
    {
        var ask = _world.ToUs1();
        return AnswerVerifier.Verify(
            ask.State, ask.Query, answer, _world.Now, new VerifierOptions { Help = help }, cache);
    }
}
