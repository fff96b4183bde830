using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Governance.Tests.Epochs;

/// <summary>When an anchor prepares, commits and decides (4.3.1), and what its journal makes of a crash
/// (V43).</summary>
public sealed class EpochEngineTests
{
    private readonly EpochBench _bench = new();

    [Fact]
    public void Propose_Approved_IsJournaledThenPrepared()
    {
        var proposal = _bench.Policy(1000);
        var digest = _bench.Approve(proposal);
        var outputs = _bench.Receive("a2", new EpochMessage.Propose(2, 0, proposal, null)).ToList();
        var journal = outputs.FindIndex(o => o is EpochOutput.Journal);
        var vote = outputs.FindIndex(o => o is EpochOutput.Broadcast { Message: EpochMessage.Vote });
        Assert.InRange(journal, 0, vote - 1);
        Assert.Equal(VotePhase.Prepare, Assert.Single(EpochBench.Votes(outputs)).Phase);
        Assert.Equal(digest, EpochJournalBody.Decode(((EpochOutput.Journal)outputs[journal]).Body)!.Digest);
    }

    [Fact]
    public void Propose_NotApproved_WaitsForTheOperator()
    {
        var proposal = _bench.Policy(1000);
        var outputs = _bench.Receive("a2", new EpochMessage.Propose(2, 0, proposal, null));
        Assert.Empty(EpochBench.Votes(outputs));
        Assert.False(Assert.Single(outputs.OfType<EpochOutput.Queued>()).IsWilling);
        Assert.Single(EpochBench.Votes(_bench.Step(new EpochInput.Approve(EpochBench.DigestOf(proposal)))));
    }

    /// <summary>Approvals of operations that never came, or are gone, cannot keep out one that counts.</summary>
    [Fact]
    public void Approve_BehindManyThatMeanNothing_Counts()
    {
        var late = _bench.Policy(2000);
        _bench.Step(new EpochInput.Approve(EpochBench.DigestOf(late)));
        for (var i = 0; i < EpochLimits.DigestsPerMessage - 1; i++)
        {
            _bench.Step(new EpochInput.Approve(EpochBench.Stranger(i)));
        }

        // Approved before it came, and not forgotten while there is room.
        var outputs = _bench.Receive("a2", new EpochMessage.Offer(2, late));
        Assert.True(Assert.Single(outputs.OfType<EpochOutput.Queued>()).IsWilling);

        for (var i = 0; i < 3 * EpochLimits.DigestsPerMessage; i++)
        {
            _bench.Step(new EpochInput.Approve(EpochBench.Stranger(1000 + i)));
        }

        var proposal = _bench.Policy(1000);
        _bench.Receive("a2", new EpochMessage.Propose(2, 0, proposal, null));
        Assert.Single(EpochBench.Votes(_bench.Step(new EpochInput.Approve(EpochBench.DigestOf(proposal)))));

        // The other one, approved before all of these, is still willing: it waits.
        Assert.Contains(
            _bench.Engine.Queue, one => one.Operation.IsApproved && one.Candidate.Digest == EpochBench.DigestOf(late));
    }

    [Fact]
    public void Propose_TighteningInAuto_NeedsNoOperatorAndLooseningDoes()
    {
        var ground = _bench.Ground;
        var auto = Document.Make(ground.Epoch.Value with
        {
            Policy = ground.Epoch.Value.Policy with { Auto = [OpType.Policy] },
        });
        var bench = new EpochBench(change: o => o with { Ground = ground with { Epoch = auto } });
        var loosening = bench.Policy(ground.Epoch.Value.Policy.MaxTtl + 1);
        Assert.Empty(EpochBench.Votes(bench.Receive("a2", new EpochMessage.Propose(2, 0, loosening, null))));
        var tightening = bench.Policy(1000);
        Assert.Single(EpochBench.Votes(bench.Receive("a2", new EpochMessage.Propose(2, 0, tightening, null))));
    }

    [Fact]
    public void Propose_SecondValueOfARound_IsNotPrepared()
    {
        var (one, two) = (_bench.Policy(1000), _bench.Policy(2000));
        _bench.Approve(one);
        _bench.Approve(two);
        Assert.Single(EpochBench.Votes(_bench.Receive("a2", new EpochMessage.Propose(2, 0, one, null))));
        Assert.Empty(EpochBench.Votes(_bench.Receive("a2", new EpochMessage.Propose(2, 0, two, null))));
    }

    [Fact]
    public void Propose_OutOfTurn_WaitsForHalfOfTheRound()
    {
        var proposal = _bench.Policy(1000);
        _bench.Willing(_bench.Approve(proposal), "a1", "a3");
        Assert.Empty(EpochBench.Votes(_bench.Receive("a1", new EpochMessage.Propose(2, 0, proposal, null))));
        _bench.Now += EpochLimits.FirstRound / 2;
        Assert.Single(EpochBench.Votes(_bench.Step(new EpochInput.Tick())));
    }

    [Fact]
    public void Propose_BeforeTAnswered_Waits()
    {
        var bench = new EpochBench(isReady: false);
        var proposal = bench.Policy(1000);
        bench.Approve(proposal);
        Assert.Empty(EpochBench.Votes(bench.Receive("a2", new EpochMessage.Propose(2, 0, proposal, null))));
        bench.Answer("a1");
        Assert.False(bench.Engine.HasCommitted);
        Assert.Single(EpochBench.Votes(bench.Receive(
            "a3", new EpochMessage.Status(2, 0, false, [], null, [], [], null))));
    }

    [Fact]
    public void Lock_OtherValue_NeedsALaterPrepareCert()
    {
        var (one, two) = (_bench.Policy(1000), _bench.Policy(2000));
        var second = _bench.Approve(two);
        _bench.Approve(one);
        var outputs = _bench.Lock(one, 0, "a2");
        Assert.Single(outputs.OfType<EpochOutput.Committed>());
        Assert.True(_bench.Engine.HasCommitted);
        Show(1);
        Assert.Empty(EpochBench.Votes(_bench.Receive("a3", new EpochMessage.Propose(2, 1, two, null))));

        // What T prepared in a round after the lock's frees it; in the lock's own round it proves nothing.
        var prepared = _bench.Prepared(1, second, "a1", "a2", "a3");
        Show(5);
        var free = EpochBench.Votes(_bench.Receive("a3", new EpochMessage.Propose(2, 5, two, prepared)));
        Assert.Equal((VotePhase.Prepare, 5L, second), (free[0].Phase, free[0].Round, free[0].Digest));
    }

    [Fact]
    public void Prepares_OfAnEarlierRound_AreNotCommitted()
    {
        var proposal = _bench.Policy(1000);
        var digest = _bench.Approve(proposal);
        Show(1);
        foreach (var anchor in new[] { "a1", "a2", "a3" })
        {
            var outputs = _bench.Receive(
                anchor, new EpochMessage.Vote(2, _bench.Vote(anchor, VotePhase.Prepare, 0, digest)));
            Assert.DoesNotContain(EpochBench.Votes(outputs), v => v.Phase == VotePhase.Commit);
        }
    }

    [Fact]
    [MaliciousInput(20, "commits of two rounds: no decision")]
    public void Commits_OfTwoRounds_DecideNothing()
    {
        var proposal = _bench.Policy(1000);
        var digest = _bench.Approve(proposal);
        _bench.Lock(proposal, 0, "a2");
        _bench.Receive("a1", new EpochMessage.Vote(2, _bench.Vote("a1", VotePhase.Commit, 0, digest)));
        _bench.Receive("a2", new EpochMessage.Vote(2, _bench.Vote("a2", VotePhase.Commit, 1, digest)));
        _bench.Receive("a3", new EpochMessage.Vote(2, _bench.Vote("a3", VotePhase.Commit, 1, digest)));
        Assert.Null(_bench.Engine.Decision);
        _bench.Receive("a2", new EpochMessage.Vote(2, _bench.Vote("a2", VotePhase.Commit, 0, digest)));
        Assert.Equal(digest, _bench.Engine.Decision?.Candidate.Digest);
        var decision = _bench.Engine.Decision!;
        Assert.Null(EpochFollower.Check(
            _bench.Ground, decision.Candidate.Proposal, decision.Vote, new PortChecks(_bench.World.Check),
                _bench.Now, out _));
    }

    /// <summary>V10: T votes neither prepare nor decide while a group of gov_groups lacks its minimum; the certificate
    /// has exactly T, those of the group among them.</summary>
    [Fact]
    public void Votes_OfTWithoutARequiredGroup_NeitherLockNorDecide()
    {
        var ground = _bench.Ground;
        var grouped = Document.Make(ground.Epoch.Value with
        {
            Anchors =
            [
                .. ground.Epoch.Value.Anchors
                    .Select(anchor => anchor with { Group = anchor.Id == "a3" ? "out" : "in" }),
            ],
            Quorum = ground.Epoch.Value.Quorum with { GovGroups = [new GroupMinimum { Group = "out", Min = 1 }] },
        });
        var bench = new EpochBench(change: o => o with { Ground = ground with { Epoch = grouped } });
        var proposal = bench.Policy(1000);
        var digest = bench.Approve(proposal);
        Assert.Single(EpochBench.Votes(bench.Receive("a2", new EpochMessage.Propose(2, 0, proposal, null))));
        Assert.Empty(Votes("a1", VotePhase.Prepare));
        Assert.Empty(Votes("a2", VotePhase.Prepare));
        Assert.Equal(VotePhase.Commit, Assert.Single(Votes("a3", VotePhase.Prepare)).Phase);

        Votes("a1", VotePhase.Commit);
        Votes("a2", VotePhase.Commit);
        Assert.Null(bench.Engine.Decision);
        Votes("a3", VotePhase.Commit);
        var signed = bench.Engine.Decision!.Vote.Signatures;
        Assert.Equal(3, signed.Length);
        Assert.Contains(signed, one => one.Kid == bench.World.Signer("gov a3").Key.Kid);
        Assert.Null(EpochFollower.Check(
            bench.Ground, proposal, bench.Engine.Decision.Vote, new PortChecks(bench.World.Check), bench.Now, out _));

        IReadOnlyList<EpochVote> Votes(string anchor, string phase) => EpochBench.Votes(
            bench.Receive(anchor, new EpochMessage.Vote(2, bench.Vote(anchor, phase, 0, digest))));
    }

    [Fact]
    [MaliciousInput(21, "T PREPARE signatures as certificate: WrongPhase")]
    public void Decided_OfPrepares_IsWrongPhase()
    {
        var proposal = _bench.Policy(1000);
        var vote = Document.Make(new Vote
        {
            Digest = EpochBench.DigestOf(proposal),
            Epoch = 2,
            Phase = VotePhase.Prepare,
            Round = 0,
            Segment = _bench.Ground.Genesis,
        });
        var certificate = Envelope.Sign(vote, new[] { "a1", "a2", "a3" }.Select(a => _bench.World.Signer($"gov {a}")));
        var outputs = _bench.Receive("a1", new EpochMessage.Decided(2, proposal, certificate));
        Assert.Equal(
            VerificationFailure.WrongPhase, Assert.Single(outputs.OfType<EpochOutput.Ignored>()).Refusal.Failure);
    }

    [Fact]
    [MaliciousInput(19, "epoch vote signed by a seal key: WrongKeyRole")]
    public void Vote_BySealKey_IsWrongKeyRole()
    {
        var vote = _bench.Vote("a1", VotePhase.Prepare, 0, EpochBench.Stranger(1), role: "seal");
        var outputs = _bench.Receive("a1", new EpochMessage.Vote(2, vote));
        Assert.Equal(
            VerificationFailure.WrongKeyRole, Assert.Single(outputs.OfType<EpochOutput.Ignored>()).Refusal.Failure);
    }

    [Fact]
    public void Votes_ThatContradict_AreEvidenceOnce()
    {
        _bench.Receive("a3", new EpochMessage.Vote(2, _bench.Vote("a3", VotePhase.Prepare, 0, EpochBench.Stranger(1))));
        var second = new EpochMessage.Vote(2, _bench.Vote("a3", VotePhase.Prepare, 0, EpochBench.Stranger(2)));
        Assert.Equal("a3", Assert.Single(_bench.Receive("a1", second).OfType<EpochOutput.Evidence>()).Voter);
        Assert.Empty(_bench.Receive("a1", second).OfType<EpochOutput.Evidence>());
    }

    [Fact]
    public void Restart_WithJournal_KeepsLockRoundAndContent()
    {
        var (one, two) = (_bench.Policy(1000), _bench.Policy(2000));
        var digest = _bench.Approve(one);
        var journal = new List<ReadOnlyMemory<byte>>();
        var proposed = _bench.Receive("a2", new EpochMessage.Propose(2, 0, one, null));
        journal.AddRange(proposed.OfType<EpochOutput.Journal>().Select(j => j.Body));
        foreach (var anchor in new[] { "a1", "a2" })
        {
            var outputs = _bench.Receive(
                anchor, new EpochMessage.Vote(2, _bench.Vote(anchor, VotePhase.Prepare, 0, digest)));
            journal.AddRange(outputs.OfType<EpochOutput.Journal>().Select(j => j.Body));
        }

        Assert.Equal(2, journal.Count);
        var again = new EpochBench(change: o => o with { Journal = journal });
        Assert.True(again.Engine.HasCommitted);
        again.Approve(two);
        Assert.Empty(EpochBench.Votes(again.Receive("a2", new EpochMessage.Propose(2, 0, two, null))));
        Show(1, again);
        Assert.Empty(EpochBench.Votes(again.Receive("a3", new EpochMessage.Propose(2, 1, two, null))));
        again.Now += EpochLimits.RoundTime(1) / 2;
        var own = again.Step(new EpochInput.Tick()).OfType<EpochOutput.Broadcast>().Select(b => b.Message);
        Assert.Equal(digest, EpochBench.DigestOf(Assert.Single(own.OfType<EpochMessage.Propose>()).Proposal));
    }

    /// <summary>A vote left before its approval was kept: what was prepared once is prepared in later rounds too, or
    /// nobody would ever decide it.</summary>
    [Fact]
    public void Restart_WithAPrepareWhoseApprovalIsLost_PreparesTheSameAgain()
    {
        var proposal = _bench.Policy(2000);
        var digest = _bench.Approve(proposal);
        var again = new EpochBench(change: o => o with { Journal = PreparedInRound0(proposal) });
        Assert.Equal(["a0"], again.Engine.Supporters(digest));
        Show(1, again);
        var vote = Assert.Single(
            EpochBench.Votes(again.Receive("a3", new EpochMessage.Propose(2, 1, proposal, null))));
        Assert.Equal((VotePhase.Prepare, 1, digest), (vote.Phase, vote.Round, vote.Digest));

        // The operator's word it is not: in the next slot nobody is bound.
        Assert.False(again.Engine.Queue.Single(one => one.Candidate.Digest == digest).Operation.IsApproved);
    }

    /// <summary>Anchors that lost their power together have the content of their votes nowhere else.</summary>
    [Fact]
    public void Restart_WithAsManyAsMayWait_KeepsTheContentOfItsVote()
    {
        var proposal = _bench.Policy(1000);
        var digest = _bench.Approve(proposal);
        var waiting = Enumerable.Range(0, EpochLimits.QueuedPerAnchor)
            .Select(i => new QueuedOperation(_bench.Policy(2000 + i), null, "a0", false)).ToList();
        var again = new EpochBench(
            change: o => o with { Journal = PreparedInRound0(proposal), Queue = waiting });
        Assert.Contains(again.Engine.Queue, one => one.Candidate.Digest == digest);
    }

    /// <summary>What a vote brought back is still another's: it takes none of this operator's room.</summary>
    [Fact]
    public void Restart_AfterAVote_LeavesTheOperationItsProposer()
    {
        var proposal = _bench.Policy(1000);
        var digest = _bench.Approve(proposal);
        var own = Enumerable.Range(0, EpochLimits.QueuedPerAnchor - 1)
            .Select(i => new QueuedOperation(_bench.Policy(2000 + i), null, "a0", false)).ToList();
        var again = new EpochBench(change: o => o with { Journal = PreparedInRound0(proposal), Queue = own });
        Assert.Equal(
            "a1", Assert.Single(again.Engine.Queue, one => one.Candidate.Digest == digest).Operation.Source);
        var outputs = again.Step(new EpochInput.Submit(1, again.Policy(9000)));
        Assert.Empty(outputs.OfType<EpochOutput.Refused>());
        Assert.Equal(1, Assert.Single(outputs.OfType<EpochOutput.Queued>()).Token);
    }

    private List<ReadOnlyMemory<byte>> PreparedInRound0(EpochProposal proposal) =>
    [
        .. _bench.Receive("a2", new EpochMessage.Propose(2, 0, proposal, null))
            .OfType<EpochOutput.Journal>().Select(j => j.Body),
    ];

    [Fact]
    [MaliciousInput(80, "second vote in a journaled round: JournalConflict")]
    public void Restart_JournalWithARoundTwice_IsJournalConflict()
    {
        var bodies = new[] { _bench.Policy(1000), _bench.Policy(2000) }.Select(p => new ReadOnlyMemory<byte>(
            new EpochJournalBody(2, VotePhase.Prepare, 0, EpochBench.DigestOf(p), p, "a2", []).Encode()));
        var bench = new EpochBench(change: o => o with { Journal = [.. bodies] }, isReady: false);
        Assert.True(bench.Engine.IsHalted);
    }

    [Fact]
    [MaliciousInput(81, "start with older journal than peers hold: JournalBehind")]
    public void Restart_JournalOlderThanPeersHold_IsJournalBehind()
    {
        var bench = new EpochBench(isReady: false);
        var mine = bench.Vote("a0", VotePhase.Prepare, 0, EpochBench.Stranger(1));
        var outputs = bench.Receive("a1", new EpochMessage.Status(2, 0, false, [], null, [], [], mine));
        Assert.Equal(
            VerificationFailure.JournalBehind, Assert.Single(outputs.OfType<EpochOutput.Halted>()).Refusal.Failure);
        bench.Answer("a2", "a3");
        var proposal = bench.Policy(1000);
        bench.Approve(proposal);
        Assert.Empty(EpochBench.Votes(bench.Receive("a2", new EpochMessage.Propose(2, 0, proposal, null))));
    }

    [Fact]
    public void Rounds_DoubleAndAreJumpedToWhenMoreThanFShowThem()
    {
        Assert.Equal([5_000, 10_000, 320_000, 320_000], new[] { 0, 1, 6, 9 }.Select(r => EpochLimits.RoundTime(r)));
        _bench.Willing(_bench.Approve(_bench.Policy(1000)), "a1", "a2");
        _bench.Receive("a1", new EpochMessage.Status(2, 7, false, [], null, [], [], null));
        Assert.Equal(0, _bench.Engine.Round);
        _bench.Receive("a2", new EpochMessage.Status(2, 4, false, [], null, [], [], null));
        Assert.Equal(4, _bench.Engine.Round);
    }

    [Fact]
    public void Rounds_WithoutAnOperationThatTWould_StandStill()
    {
        _bench.Approve(_bench.Policy(1000));
        _bench.Now += 100_000;
        _bench.Step(new EpochInput.Tick());
        Assert.Equal(0, _bench.Engine.Round);
    }

    [Fact]
    public void Queue_OfOneAnchor_IsBounded()
    {
        var outputs = Enumerable.Range(0, EpochLimits.QueuedPerAnchor + 1)
            .SelectMany(i => _bench.Receive("a3", new EpochMessage.Offer(2, _bench.Policy(1000 + i)))).ToList();
        Assert.Equal(EpochLimits.QueuedPerAnchor, _bench.Engine.Waiting);
        Assert.Equal(
            VerificationFailure.RateLimited, Assert.Single(outputs.OfType<EpochOutput.Ignored>()).Refusal.Failure);
    }

    /// <summary>Sixteen that nobody decides must not let the epoch expire, here or where they were told of.</summary>
    [Fact]
    public void Renewal_BehindSixteenThatNobodyWants_IsProposedAndTaken()
    {
        var a3 = new EpochBench("a3");
        for (var i = 0; i < EpochLimits.QueuedPerAnchor; i++)
        {
            var proposal = a3.Policy(1000 + i);
            a3.Step(new EpochInput.Submit(i, proposal));
            _bench.Receive("a3", new EpochMessage.Offer(2, proposal));
        }

        a3.Now = RenewOperation.DueAt(a3.Ground.Epoch.Value) + 10_000;
        _bench.Now = a3.Now;
        var renewal = Assert.Single(a3.Step(new EpochInput.Tick()).OfType<EpochOutput.Queued>());
        Assert.Equal(OpType.Renew, renewal.Candidate.Epoch.Value.Op.Type);
        var outputs = _bench.Receive("a3", new EpochMessage.Offer(2, renewal.Candidate.Proposal));
        Assert.Empty(outputs.OfType<EpochOutput.Ignored>());

        // Others' renewals are bounded too.
        for (var i = 0; i < 8; i++)
        {
            var other = EpochBench.Change(renewal.Candidate.Proposal, e => e with { Issued = e.Issued - 1 - i });
            _bench.Receive("a3", new EpochMessage.Offer(2, other));
        }

        Assert.Equal(
            EpochLimits.RenewalsPerAnchor,
            _bench.Engine.Queue.Count(q => q.Operation.Source == "a3" && q.Candidate.Epoch.Value.Op.Type
                == OpType.Renew));
    }

    [Fact]
    public void Operation_OfMoreBytesThanAnyoneNeeds_IsTooLarge()
    {
        var large = _bench.Policy(1000);
        var leaf = new ProposedLeaf(LeafClass.Rule, new byte[60_000]);
        var spoiled = large with { Leaves = [.. Enumerable.Repeat(leaf, (Limits.OperationBytes / 60_000) + 1)] };
        var outputs = _bench.Receive("a1", new EpochMessage.Offer(2, spoiled));
        Assert.Equal(
            VerificationFailure.TooLarge, Assert.Single(outputs.OfType<EpochOutput.Ignored>()).Refusal.Failure);
        Assert.Equal(0, _bench.Engine.Waiting);
    }

    [Fact]
    public void Renewal_AtAThirdOfTheLife_IsProposedAndPreparedAlone()
    {
        _bench.Now = RenewOperation.DueAt(_bench.Ground.Epoch.Value) + 10_000;
        var outputs = _bench.Step(new EpochInput.Tick());
        var queued = Assert.Single(outputs.OfType<EpochOutput.Queued>());
        Assert.Equal((OpType.Renew, true), (queued.Candidate.Epoch.Value.Op.Type, queued.IsWilling));
    }

    [Fact]
    public void JournalBody_EveryTornPrefixIsNone()
    {
        var proposal = _bench.Policy(1000);
        var digest = EpochBench.DigestOf(proposal);
        var body = new EpochJournalBody(
            2, VotePhase.Commit, 3, digest, proposal, "a2", _bench.Prepared(3, digest, "a1", "a2", "a3").Signatures)
            .Encode();
        Assert.Equal(body, EpochJournalBody.Decode(body)!.Encode());
        Assert.Equal("a2", EpochJournalBody.Decode(body)!.Source);
        var old = (EpochJournalBody.Decode(body)! with { Source = null }).Encode();
        Assert.Equal((1, null), (old[0], EpochJournalBody.Decode(old)!.Source));
        for (var length = 0; length < body.Length; length++)
        {
            Assert.Null(EpochJournalBody.Decode(body.AsMemory(0, length)));
        }
    }

    /// <summary>Two anchors show a round, so that the engine goes there.</summary>
    private void Show(long round, EpochBench? bench = null)
    {
        foreach (var anchor in new[] { "a1", "a3" })
        {
            (bench ?? _bench).Receive(anchor, new EpochMessage.Status(2, round, false, [], null, [], [], null));
        }

        (bench ?? _bench).Willing((bench ?? _bench).Approve((bench ?? _bench).Policy(1000)), "a1", "a3");
    }
}
