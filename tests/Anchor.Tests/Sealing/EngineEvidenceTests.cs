using Fairlead.Anchor.Sealing;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Sealing;

/// <summary>What the engines find is evidence that a verifier accepts (V38).</summary>
public sealed class EngineEvidenceTests
{
    private readonly TestSegment _segment = new();
    private readonly SegmentState _held;

    public EngineEvidenceTests() => _held = EpochChain.Extend(
        null, _segment.Genesis, null, [.. _segment.Chain], TestSegmentOptions.Start).Segment!;

    [Fact]
    public void Votes_OfOneKeyInOneRound_ExcludeItsAnchor()
    {
        var found = new EpochOutput.Evidence("us1-c", 1, Vote("a"), Vote("b"));
        Assert.True(Check(EngineEvidence.Of(_segment.Genesis, found)).IsExcluded("us1-c"));

        EpochVote Vote(string epoch)
        {
            var vote = Document.Make(new Vote
            {
                Digest = Digest.Sha256(System.Text.Encoding.UTF8.GetBytes(epoch)), Epoch = 1,
                Phase = VotePhase.Commit, Round = 2, Segment = _segment.Genesis,
            });
            return new EpochVote(
                VotePhase.Commit, 2, vote.Value.Digest, Envelope.Sign(vote, _segment.Gov(2)).Signatures[0]);
        }
    }

    [Fact]
    public void Seals_OfOneSlot_QuarantineOrExclude()
    {
        var (first, second) = (Seal("a"), Seal("b"));
        var certificates = EngineEvidence.Of(_segment.Genesis, new SealOutput.Evidence(
            VerificationFailure.SealEquivocation, _segment.Certify(first), _segment.Certify(second)));
        Assert.True(Check(certificates!).IsQuarantined);

        var votes = EngineEvidence.Of(_segment.Genesis, new SealOutput.Evidence(
            VerificationFailure.AnchorExcluded, Envelope.Sign(first, _segment.Seal(3)),
            Envelope.Sign(second, _segment.Seal(3))));
        var state = Check(votes!);
        Assert.True(state.IsExcluded("us1-d"));
        Assert.False(state.IsQuarantined);
        Assert.Null(EngineEvidence.Of(_segment.Genesis, new SealOutput.Evidence(
            VerificationFailure.PublisherEquivocation, certificates!.First, certificates.Second)));
    }

    private SegmentState Check(Contradiction evidence)
    {
        var (next, refusal) = EvidenceCheck.Check(_held, evidence);
        Assert.True(next is not null, refusal?.ToString());
        return next;
    }

    private Parsed<Seal> Seal(string root) => _segment.SealOf(
        Digest.Sha256(System.Text.Encoding.UTF8.GetBytes(root)), 1, 5, TestSegmentOptions.Start);
}
