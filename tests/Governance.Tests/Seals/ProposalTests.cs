using Fairlead.Naming;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Governance.Tests.Seals;

/// <summary>Under which conditions an anchor signs, rule by rule, each refusal by its name.</summary>
public sealed class ProposalTests
{
    private readonly EngineBench _bench = new();

    /// <summary>It is met when the term comes, by a step that is somebody else's.</summary>
    [Fact]
    public void Proposal_OfALaterTermThatMeetsABug_EndsNothingButItself()
    {
        var good = _bench.Propose(0, []) with { Term = 2 };
        _bench.Receive("a2", good with { Puts = null! });
        var outputs = _bench.Receive("a3", new SealMessage.Claim(2, false, null, null));
        Assert.Equal(2, _bench.Engine.Term);
        Assert.Equal("a2", Assert.Single(outputs.OfType<SealOutput.Ignored>()).From);
        Assert.Contains(_bench.Receive("a2", good), o => o is SealOutput.Send { Message: SealMessage.Vote });
    }

    [Fact]
    public void Propose_Good_IsJournaledThenVoted()
    {
        var proposal = _bench.Propose(0, [_bench.Sign(_bench.Record())]);
        var outputs = _bench.Receive("a0", proposal);
        var journal = outputs.ToList().FindIndex(o => o is SealOutput.Journal);
        var vote = outputs.ToList().FindIndex(o => o is SealOutput.Send { To: "a0", Message: SealMessage.Vote });
        Assert.InRange(journal, 0, vote - 1);
        Assert.Equal(0, _bench.Engine.LastSigned);
    }

    [Fact]
    public void Propose_BeforeTAnswered_Waits()
    {
        var bench = new EngineBench(isReady: false);
        var proposal = bench.Propose(0, []);
        Assert.DoesNotContain(bench.Receive("a0", proposal), o => o is SealOutput.Journal or SealOutput.Send);
        bench.Answer(["a0"]);
        Assert.Equal(-1, bench.Engine.LastSigned);
        bench.Answer(["a3"]);
        Assert.Equal(0, bench.Engine.LastSigned);
    }

    [Fact]
    [MaliciousInput(78, "proposal dropping a live entry: UnjustifiedRemoval")]
    public void Propose_DropOfLiveEntry_IsUnjustifiedRemoval()
    {
        var source = _bench.Sign(_bench.Record());
        _bench.Seal(0, source);
        var name = _bench.Read(source).Name;
        _bench.Refused(VerificationFailure.UnjustifiedRemoval, _bench.Propose(1, [], [name]));
        var unknown = name with { Name = "other.shop.svc" };
        _bench.Refused(VerificationFailure.UnjustifiedRemoval, _bench.Propose(1, [], [unknown]));
    }

    [Fact]
    public void Propose_DropOfExpiredEntry_IsSigned()
    {
        var source = _bench.Sign(_bench.Record(life: 2_000));
        _bench.Seal(0, source);
        _bench.Now += 4_000;
        var proposal = _bench.Propose(1, [], [_bench.Read(source).Name]);
        Assert.Contains(_bench.Receive("a0", proposal), o => o is SealOutput.Journal);
    }

    [Fact]
    [MaliciousInput(79, "proposal root differs from recomputed: RootMismatch")]
    public void Propose_OtherRootOrCount_IsRootMismatch()
    {
        var puts = new[] { _bench.Sign(_bench.Record()) };
        _bench.Refused(
            VerificationFailure.RootMismatch, _bench.Propose(0, puts, change: s => s with { Root = s.Segment }));
        _bench.Refused(
            VerificationFailure.RootMismatch, _bench.Propose(0, puts, change: s => s with { Count = s.Count + 1 }));
        var hidden = _bench.Propose(0, puts) with { Puts = [] };
        _bench.Refused(VerificationFailure.RootMismatch, hidden);
    }

    [Fact]
    [MaliciousInput(120, "proposal below a state I signed: NotDominating")]
    public void Propose_WithoutSignedEntry_IsNotDominatingAndTeaches()
    {
        var source = _bench.Sign(_bench.Record());
        _bench.Receive("a0", _bench.Propose(0, [source]));
        var refuse = _bench.Refused(VerificationFailure.NotDominating, _bench.Propose(1, []));
        Assert.Equal(source.Document.Payload.ToArray(), Assert.Single(refuse.Missing).Document.Payload.ToArray());
        var joined = _bench.Propose(1, [source]);
        Assert.Contains(_bench.Receive("a0", joined), o => o is SealOutput.Journal);
    }

    [Fact]
    public void Propose_OverOlderPrev_IsNotDominating()
    {
        var stale = _bench.Propose(5, []);
        _bench.Seal(0, _bench.Sign(_bench.Record()));
        var refuse = _bench.Refused(VerificationFailure.NotDominating, stale);
        Assert.NotNull(refuse.Newest);
    }

    [Fact]
    public void Propose_SignedEntryExpired_NeedNotHoldIt()
    {
        _bench.Receive("a0", _bench.Propose(0, [_bench.Sign(_bench.Record(life: 2_000))]));
        _bench.Now += 4_000;
        Assert.Contains(_bench.Receive(_bench.Engine.Leader, _bench.Propose(1, [])), o => o is SealOutput.Journal);
    }

    [Fact]
    [MaliciousInput(121, "proposal in a used seq: SeqUsed")]
    public void Propose_UsedSlot_IsSeqUsedAndTellsLast()
    {
        _bench.Receive("a0", _bench.Propose(7, []));
        foreach (var seq in new[] { 0, 6, 7 })
        {
            var refuse = _bench.Refused(
                VerificationFailure.SeqUsed, _bench.Propose(seq, [], change: s => s with { Expires = s.Expires - 1 }));
            Assert.Equal(7, refuse.Last);
        }
    }

    [Fact]
    [MaliciousInput(122, "seq ahead of the clock: SeqTooFar")]
    public void Propose_SlotAheadOfClock_IsSeqTooFar()
    {
        var most = _bench.Now - _bench.Epoch.Value.Issued + _bench.Epoch.Value.Policy.ClockDelta;
        _bench.Refused(VerificationFailure.SeqTooFar, _bench.Propose(most + 1, []));
        Assert.Contains(_bench.Receive("a0", _bench.Propose(most, [])), o => o is SealOutput.Journal);
    }

    [Fact]
    [MaliciousInput(123, "proposal by a non-leader: NotLeader")]
    public void Propose_ByAnother_IsNotLeader() =>
        _bench.Refused(VerificationFailure.NotLeader, _bench.Propose(0, []), from: "a2");

    [Fact]
    [MaliciousInput(124, "seal of N after my COMMIT of N+1: Fenced")]
    public void Propose_AfterFence_IsFenced()
    {
        _bench.Step(new SealInput.Fence());
        _bench.Refused(VerificationFailure.Fenced, _bench.Propose(0, []));
    }

    [Fact]
    [MaliciousInput(125, "first seal of N+1 without handover: HandoverMissing")]
    public void Propose_FirstSealWithoutHandover_IsHandoverMissing()
    {
        _bench.Refused(
            VerificationFailure.HandoverMissing, _bench.Propose(0, [], change: s => s with { Prev = null }));
        _bench.Refused(
            VerificationFailure.HandoverMissing, _bench.Propose(0, [], change: s => s with { Prev = s.Segment }));
    }

    [Fact]
    public void Propose_WrongPlace_IsRefusedByName()
    {
        var cases = new (VerificationFailure Failure, Func<Seal, Seal> Change)[]
        {
            (VerificationFailure.WrongSegment, s => s with { Segment = s.EpochDigest }),
            (VerificationFailure.EpochSuperseded, s => s with { Epoch = 0 }),
            (VerificationFailure.EpochUnknown, s => s with { Epoch = 2 }),
            (VerificationFailure.EpochDigestMismatch, s => s with { EpochDigest = s.Segment }),
            (VerificationFailure.FromFuture, s => s with { Issued = s.Issued + 1_001, Expires = s.Expires + 1_001 }),
            (VerificationFailure.TimeRegression, s => s with { Issued = s.Issued - 1_001, Expires = s.Issued }),
            (VerificationFailure.SealValidityTooLong, s => s with { Expires = s.Expires + 1 }),
            (VerificationFailure.SealValidityTooLong, s => s with { Expires = s.Issued }),
        };
        foreach (var (failure, change) in cases)
        {
            _bench.Refused(failure, _bench.Propose(0, [], change: change));
        }
    }

    [Fact]
    public void Propose_PrevBesideNamesAnother_IsPrevMismatch()
    {
        _bench.Seal(0);
        _bench.Refused(
            VerificationFailure.PrevMismatch, _bench.Propose(1, [], change: s => s with { Prev = s.Segment }));
    }

    [Fact]
    public void Propose_IssuedBeforePrev_IsTimeRegression()
    {
        _bench.Seal(0);
        _bench.Refused(
            VerificationFailure.TimeRegression,
            _bench.Propose(1, [], change: s => s with { Issued = s.Issued - 1, Expires = s.Expires - 1 }));
    }

    [Fact]
    public void Propose_SameNameTwice_IsRecordRollback()
    {
        var first = _bench.Sign(_bench.Record());
        var second = _bench.Sign(_bench.Record(version: _bench.Now + 1));
        _bench.Refused(VerificationFailure.RecordRollback, _bench.Propose(0, [first, second]));
    }

    [Fact]
    public void Propose_OtherUid_IsRefusedUnlessAMergeNeedsIt()
    {
        _bench.Seal(0, _bench.Sign(_bench.Record(version: _bench.Now - 10)));
        var puts = new[] { _bench.Sign(_bench.Record() with { Uid = _bench.Opening() }) };
        _bench.Refused(VerificationFailure.UidChanged, _bench.Propose(1, puts));
        Assert.Contains(_bench.Receive("a0", _bench.Propose(2, puts)), o => o is SealOutput.Journal);
    }

    [Fact]
    public void Certificate_OfALaterSlot_FreesFromAnEarlierOne()
    {
        _bench.Receive("a0", _bench.Propose(0, [_bench.Sign(_bench.Record())]));
        var other = _bench.Propose(1, []);
        _bench.Refused(VerificationFailure.NotDominating, other);

        // Three others signed it, so slot 0 can have no quorum any more.
        var fetched = new SealMessage.State(
            0, _bench.Certify(other.Seal, "a0", "a2", "a3"), _bench.Handover, [], [], false);
        _bench.Receive("a0", new SealMessage.Certificate(0, fetched.Seal));
        _bench.Receive("a0", fetched);
        Assert.Equal(1, _bench.Engine.Newest?.Seal.Seq);
        Assert.Contains(_bench.Receive("a0", _bench.Propose(2, [])), o => o is SealOutput.Journal);
    }

    [Fact]
    public void Propose_ForgedEntry_IsBadSignature()
    {
        var good = _bench.Sign(_bench.Record());
        var other = Document.Make(_bench.Record("n2.shop.svc"));
        var forged = good with { Document = new Envelope(other.Payload, good.Document.Signatures) };
        _bench.Refused(VerificationFailure.BadSignature, _bench.Propose(0, [good]) with { Puts = [forged] });
    }

    [Fact]
    public void Propose_SixtyFiveSlotsOfOneTerm_IsBudgetExceeded()
    {
        for (var seq = 0; seq < SealLimits.SignaturesPerTerm; seq++)
        {
            Assert.Contains(_bench.Receive("a0", _bench.Propose(seq, [])), o => o is SealOutput.Journal);
        }

        _bench.Refused(VerificationFailure.BudgetExceeded, _bench.Propose(SealLimits.SignaturesPerTerm, []));
    }
}
