using Fairlead.Naming.Traversal;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using Xunit;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Tests.Traversal;

/// <summary>V42: answers that are older than what the home witnessed of the segment that gives them.</summary>
public sealed class WitnessTests
{
    private readonly PeerWorld _world = new();

    private long TwoHeartbeats => 2 * _world.Us1.Policy.Heartbeat;

    [Fact]
    [MaliciousInput(73, "answer older than witness: BehindWitness")]
    public void Answer_UnderASealThatIsLongOvertaken_BehindWitness() =>
        Refused(BehindWitness, Answer(Witness(_world.Us1) with { Seq = _world.Us1.Seq + 1, SeenAt = Bound + 1 }));

    [Fact]
    public void Answer_OvertakenLessThanTwoHeartbeatsAgo_IsGood()
    {
        Accepted(Answer(Witness(_world.Us1) with { Seq = _world.Us1.Seq + 1, SeenAt = Bound }));
        Accepted(Answer(Witness(_world.Us1) with { SeenAt = Bound + 1 }));
        Accepted(Answer(Witness(_world.Us1) with { Seq = _world.Us1.Seq - 1, SeenAt = Bound + 1, Seal = Other }));
    }

    [Fact]
    public void Answer_OfAnEpochBeforeTheWitnessed_BehindWitness()
    {
        var later = Witness(_world.Us1) with { Epoch = _world.Us1.Newest.Value.Number + 1, Seq = 0, SeenAt = 0 };
        Refused(BehindWitness, Answer(later));
        Accepted(Answer(later with { Epoch = later.Epoch - 2, Seq = _world.Us1.Seq + 9, SeenAt = Bound + 1 }));
    }

    /// <summary>A denial stands under no seal: the epoch alone tells its age.</summary>
    [Fact]
    public void Denial_OfAnEpochBeforeTheWitnessed_BehindWitness()
    {
        var witness = Witness(_world.Us1) with { Seq = _world.Us1.Seq + 9, SeenAt = Bound + 1 };
        Refused(BehindWitness, Ask(witness with { Epoch = witness.Epoch + 1 }).Denied());
        Assert.Equal(Outcome.Denied, Answers.Accepted(Verify(Ask(witness).Denied())).Answer.Outcome);
    }

    [Fact]
    public void Answer_UnderAnotherSealInTheWitnessedPlace_SealEquivocation()
    {
        var verdict = Verify(Answer(Witness(_world.Us1) with { Seal = Other }));
        Answers.Refused(SealEquivocation, verdict);

        // A digest is no certificate: it accuses nobody (V38).
        Assert.Null(verdict.Evidence);
    }

    /// <summary>I24: whoever introduces may be behind or dead.</summary>
    [Fact]
    public void Introducer_ThatIsBehindItsWitness_ChangesNothing()
    {
        var world = new TreeWorld();
        var ask = world.ToUs1();
        world.Eu1.Put(Later(world.Acme)).SealAt(world.Now - 500);
        ask.Extra.Add((0, LeafClass.Witness, world.Acme.Genesis.ToString()));
        Answers.Accepted(AnswerVerifier.Verify(ask.State, ask.Query, ask.Record(), world.Now, Options));
    }

    /// <summary>Advice counts from the own home alone.</summary>
    [Fact]
    public void Witness_OfAnIntroducer_ChangesNothing()
    {
        var world = new TreeWorld();
        var ask = world.ToUs1();
        world.Acme.Put(Later(world.Us1)).SealAt(world.Now - 500);
        ask.Extra.Add((1, LeafClass.Witness, world.Us1.Genesis.ToString()));
        Answers.Accepted(AnswerVerifier.Verify(ask.State, ask.Query, ask.Record(), world.Now, Options));
    }

    [Fact]
    public void Witness_UnderAnotherSegmentsName_NameMismatch()
    {
        var ask = _world.Ask();
        var name = _world.Us1.Genesis.ToString();
        _world.Eu1.PutAs(LeafClass.Witness, name, Witness(_world.Eu1)).SealAt(_world.Now - 500);
        ask.Extra.Add((0, LeafClass.Witness, name));
        Refused(NameMismatch, ask.Record(_world.East, _world.West));
    }

    /// <summary>An answer that was good when it was kept stays so over a restart, whatever was witnessed
    /// since.</summary>
    [Fact]
    public void KeptAnswer_IsJudgedByTheWitnessItCameWith()
    {
        var kept = Answer(Witness(_world.Us1));
        var state = Answers.Accepted(Verify(kept)).Next;
        _world.Us1.SealAt(_world.Now - 100);
        state = Answers.Accepted(AnswerVerifier.Verify(
            state, _world.Ask().Query, Answer(Witness(_world.Us1) with { SeenAt = _world.Now }), _world.Now,
            Options)).Next;
        var (answer, refusal) = HeldAnswers.Verify(
            state, _world.Ask().Query, kept, _world.Now, _world.Now + 1_000, Options);
        Assert.True(answer is not null, refusal?.ToString());
    }

    private static VerifierOptions Options { get; } = new() { Subject = null };

    private static Digest Other { get; } = Digest.Sha256("another seal"u8);

    private long Bound => _world.Us1.Seal.Value.Issued + TwoHeartbeats;

    private static Witness Witness(AnswerSegment of) => new()
    {
        Epoch = of.Newest.Value.Number,
        EpochDigest = of.Newest.Digest,
        Opening = default,
        Seal = of.Seal.Digest,
        SeenAt = of.Seal.Value.Issued,
        Segment = of.Genesis,
        Seq = of.Seq,
    };

    private static Witness Later(AnswerSegment of) => Witness(of) with
    {
        Seq = of.Seq + 1, SeenAt = of.Seal.Value.Issued + (2 * of.Policy.Heartbeat) + 1,
    };

    private TestAnswers Ask(Witness witness)
    {
        var ask = _world.Ask();
        _world.Eu1.Put(witness).SealAt(_world.Now - 500);
        ask.Extra.Add((0, LeafClass.Witness, witness.LeafName));
        return ask;
    }

    private UnverifiedAnswer Answer(Witness witness) => Ask(witness).Record(_world.East, _world.West);

    private Verdict Verify(UnverifiedAnswer answer) =>
        AnswerVerifier.Verify(_world.State, _world.Ask().Query, answer, _world.Now, Options);

    private void Accepted(UnverifiedAnswer answer) => Answers.Accepted(Verify(answer));

    private void Refused(VerificationFailure failure, UnverifiedAnswer answer) =>
        Answers.Refused(failure, Verify(answer));
}
