using Fairlead.Naming;
using Xunit;

namespace Fairlead.Governance.Tests.Seals;

/// <summary>How many signatures one change costs: no anchor verifies one twice, or its own.</summary>
public sealed class VerificationCountTests
{
    private readonly Counted _checks = new();

    [Fact]
    public void Follower_PublishedProposedCertified_VerifiesThePublisherAndTheTwoOthers()
    {
        var bench = new EngineBench(Counting);
        var entry = bench.Sign(bench.Record());
        var proposal = bench.Propose(0, [entry]);
        _checks.Seen.Clear();

        bench.Step(new SealInput.Publish(1, entry));
        bench.Receive("a2", new SealMessage.Entries(0, [entry]));
        bench.Receive("a0", proposal);
        bench.Receive("a0", new SealMessage.Certificate(0, bench.Certify(proposal.Seal, "a0", "a1", "a2")));

        Assert.Equal(0, bench.Engine.Newest?.Seal.Seq);
        Assert.Equal(
            new[] { bench.World.Publisher, bench.World.Signer("seal a0"), bench.World.Signer("seal a2") }
                .Select(signer => signer.Key.Kid).Order(),
            _checks.Seen.Order());
    }

    [Fact]
    public void Certificate_OwnKeyWithAnotherSignature_IsVerifiedAndRefused()
    {
        var bench = new EngineBench(Counting);
        var proposal = bench.Propose(0, []);
        bench.Receive("a0", proposal);
        var good = bench.Certify(proposal.Seal, "a0", "a1", "a2");
        var own = bench.World.Signer("seal a1").Key.Kid;
        var bad = good with
        {
            Signatures =
            [
                .. good.Signatures.Select(one => one.Kid == own
                    ? new SignatureEntry(own, good.Signatures.First(other => other.Kid != own).Value)
                    : one),
            ],
        };

        var outputs = bench.Receive("a0", new SealMessage.Certificate(0, bad));

        Assert.Equal(
            VerificationFailure.BadSignature, Assert.Single(outputs.OfType<SealOutput.Ignored>()).Refusal.Failure);
        Assert.Null(bench.Engine.Newest);
    }

    private SealEngineOptions Counting(SealEngineOptions options)
    {
        _checks.Inner = options.Signatures;
        return options with { Signatures = _checks };
    }

    private sealed class Counted : ISignatureCheck
    {
        internal ISignatureCheck Inner { get; set; } = new EcdsaSignatureCheck();

        internal List<Digest> Seen { get; } = [];

        public Refusal? Check(PublicKey key, in Digest digest, ReadOnlySpan<byte> signature)
        {
            Seen.Add(key.Kid);
            return Inner.Check(key, digest, signature);
        }
    }
}
