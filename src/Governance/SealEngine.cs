using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// The sealing of one epoch at one anchor, as a step function: inputs and the time go in, outputs come out; nothing
/// in here waits, reads a clock or does I/O. Seals have one phase, a leader that stays while it makes progress, and
/// states that only grow: an anchor signs each slot once and nothing below what it signed (4.3.2). Not thread-safe:
/// one owner steps it.
/// </summary>
public sealed class SealEngine
{
    private const long AskAgain = 500;

    private readonly SealCore _core;
    private readonly ProposalJudge _judge;
    private readonly Ballot _ballot;
    private readonly Leader _leader;
    private readonly CatchUp _catchUp;
    private readonly Intake _intake;
    private readonly Dictionary<string, SealMessage.Propose> _early = new(StringComparer.Ordinal);
    private readonly HashSet<string> _down = new(StringComparer.Ordinal);
    private Refusal? _unfit;
    private long _lastClaim = long.MinValue / 2;
    private int _repeats;
    private readonly EngineTimer _timer;
    private long _setBack;
    private bool _equivocationKnown;

    /// <summary>An engine over a verified epoch, its journal and what the archive kept.</summary>
    /// <param name="options">What it starts from.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <exception cref="ArgumentException">
    /// The options contradict each other: no such anchor, or a key of another.
    /// </exception>
    public SealEngine(SealEngineOptions options, long now)
        : this(options, new EngineClock(now))
    {
    }

    internal SealEngine(SealEngineOptions options, EngineClock clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        _core = SealStart.Build(options, clock);
        (_timer, _setBack) = (new EngineTimer(clock), clock.SetBack);
        _judge = new ProposalJudge(_core);
        _ballot = new Ballot(_core, _judge);
        _leader = new Leader(_core, _ballot);
        _catchUp = new CatchUp(_core);
        _intake = new Intake(_core);
        _ballot.Watch(_core.Chain.State.Entries);
        _unfit = SealStart.Restore(options, _core, _ballot) ?? options.Unfit;
        _core.Outputs = [];
    }

    /// <summary>The newest certified state; null before the epoch's first seal.</summary>
    public CertifiedState? Newest => _core.Chain.LastSeal is { } newest
        ? new CertifiedState(
            newest.Certificate, newest.Candidate.Claim.Seal!, newest.Candidate.Claim.Digest, newest.Candidate.State,
                null)
        : null;

    /// <summary>The certified handover that ends this epoch; null before.</summary>
    public CertifiedHandover? Handover => _core.Chain.Handover is { } handover
        ? new CertifiedHandover(
            handover.Certificate,
            handover.Candidate.Claim.Handover!,
            handover.Candidate.Claim.Digest,
            handover.Candidate.State)
        : null;

    /// <summary>The epoch's number.</summary>
    public long Epoch => _core.Epoch;

    /// <summary>The entries that are known and not certified, for the next epoch's engine.</summary>
    public IReadOnlyList<SignedEntry> Unsealed => [.. _core.Pool.InOrder().Select(e => e.Source)];

    /// <summary>Who waits for which accepted entry, for the next epoch's engine.</summary>
    public IReadOnlyList<(long Token, SignedEntry Entry)> Promised => _core.Publications.All();

    /// <summary>The term this anchor is in.</summary>
    public long Term => _core.Turns.Term;

    /// <summary>The anchor that leads this term.</summary>
    public string Leader => _core.Turns.Leader;

    /// <summary>How many known entries are above the certified state.</summary>
    public int Pending => _core.Pool.Count;

    /// <summary>The highest number that this anchor signed in this epoch; -1 for none.</summary>
    public long LastSigned => _core.Signed.Last;

    /// <summary>Whether the seal key must not sign any more.</summary>
    public bool IsHalted => _core.Halted || _unfit is not null;

    /// <summary>Takes one input.</summary>
    /// <param name="input">What happened.</param>
    /// <param name="now">Unix milliseconds, as the clock says; it may be set back.</param>
    /// <returns>What to do, in this order.</returns>
    public IReadOnlyList<SealOutput> Step(SealInput input, long now)
    {
        ArgumentNullException.ThrowIfNull(input);
        _core.Clock.Step(now);
        LookBack();
        if (_unfit is { } unfit)
        {
            _unfit = null;
            _core.Halt(unfit);
        }

        switch (input)
        {
            case SealInput.Publish publish:
                _intake.Publish(publish.Token, publish.Entry);
                break;
            case SealInput.Receive receive:
                Receive(receive.From, receive.Message);
                break;
            case SealInput.Connected connected:
                Connected(connected.Anchor);
                break;
            case SealInput.Disconnected disconnected:
                _down.Add(disconnected.Anchor);
                break;
            case SealInput.Fence:
                _core.Fenced = true;
                break;
            case SealInput.Succeed succeed:
                Succeed(succeed.Next);
                break;
            case SealInput.Close:
                _core.Fenced = true;
                _core.Closed = true;
                break;
            case SealInput.Carry carry:
                _intake.Carry(carry.Token, carry.Entry);
                break;
            case SealInput.Forget forget:
                _core.Publications.Forget(forget.Token);
                break;
        }

        Advance();
        var outputs = _core.Outputs;
        _core.Outputs = [];
        return outputs;
    }

    /// <summary>What was taken by a clock that is set right since may be ahead of it: nobody can cover that, and it
    /// must make nobody impatient.</summary>
    private void LookBack()
    {
        if (_core.Clock.SetBack - _setBack > _core.Delta)
        {
            _setBack = _core.Clock.SetBack;
            _intake.Rebase(null);
        }
    }

    private void Succeed(Digest next)
    {
        if (_core.Successor is null)
        {
            _core.Fenced = true;
            _core.Successor = next;
            _core.SuccessorSince = _core.Elapsed;
            _core.Turns.Hurry();
            Rejudge();
        }
    }

    private void Connected(string anchor)
    {
        _down.Remove(anchor);
        _core.Send(anchor, Claim(asks: true));
        foreach (var page in EntryPages.All([.. _core.Pool.InOrder()]))
        {
            _core.Send(anchor, new SealMessage.Entries(Term, page));
        }
    }

    private void Receive(string from, SealMessage message)
    {
        if (from == _core.Self || _core.Quorum.Find(from) is not { } member)
        {
            return;
        }

        if (_core.Turns.Hear(from, message.Term, _core.Elapsed))
        {
            NewTerm();
        }

        switch (message)
        {
            case SealMessage.Claim claim:
                TakeClaim(from, claim);
                break;
            case SealMessage.Entries entries:
                _intake.Learn(from, entries.List);
                break;
            case SealMessage.Propose propose:
                Consider(from, propose.Prev);
                Judge(from, propose);
                break;
            case SealMessage.Vote vote:
                Adopt(_leader.Vote(member, vote), isOwn: true);
                break;
            case SealMessage.Refuse refuse:
                Consider(from, refuse.Newest);
                _leader.Refused(
                    from, refuse, _intake.Learn(from, [.. refuse.Missing.Where(one => !one.IsWitness)]));
                break;
            case SealMessage.Certificate certificate:
                Consider(from, certificate.Seal);
                break;
            case SealMessage.Fetch fetch:
                _catchUp.Serve(from, fetch);
                break;
            case SealMessage.State state when _catchUp.Receive(from, state) is { } fetched:
                Adopt(fetched.State, fetched.Changed);
                break;
        }
    }

    private void TakeClaim(string from, SealMessage.Claim claim)
    {
        if (claim.Yours is { } yours && StateClaim.TryParse(yours.Payload, out var seal, out _))
        {
            foreach (var signature in yours.Signatures)
            {
                _ballot.CheckOwn(seal, signature);
            }
        }

        Consider(from, claim.Newest);
        if (claim.Asks)
        {
            _core.Send(from, Claim(asks: false) with { Yours = _ballot.Held(from) });
            if (!_core.IsReady && !_core.Answered.Contains(from))
            {
                // It is there now: no need to wait until the question is repeated.
                _core.Send(from, Claim(asks: true));
            }
        }
        else if (_core.Answered.Add(from))
        {
            Rejudge();
        }
    }

    /// <summary>A certificate shown by someone: adopted at once where its state is in hand, else fetched.</summary>
    private void Consider(string from, Envelope? certificate)
    {
        if (certificate is null || !StateClaim.TryParse(certificate.Payload, out var seal, out _)
            || seal.Epoch != _core.Epoch || seal.Segment != _core.Genesis
            || seal.Seq < _core.Chain.Seq || seal.Digest == _core.Chain.Head)
        {
            return;
        }

        if (_core.Quorum.CheckCertificate(certificate, seal.Digest) is { } refusal)
        {
            _core.Emit(new SealOutput.Ignored(from, refusal));
            return;
        }

        foreach (var signature in certificate.Signatures)
        {
            if (signature.Kid == _core.Signer.Key.Kid)
            {
                _ballot.CheckOwn(seal, signature);
            }
            else if (_core.Quorum.Members.FirstOrDefault(m => m.Key.Kid == signature.Kid) is { } member)
            {
                _ballot.Keep(member, seal, signature);
            }
        }

        if (seal.Seq == _core.Chain.Seq)
        {
            if (!_equivocationKnown)
            {
                _equivocationKnown = true;
                _core.Emit(new SealOutput.Evidence(
                    VerificationFailure.SealEquivocation, _core.NewestCertificate!, certificate));
            }
        }
        else if (_core.Chain.Candidate(seal.Digest) is { } candidate)
        {
            Adopt(new CertifiedCandidate(certificate, candidate), isOwn: false);
        }
        else
        {
            _catchUp.Want(from, certificate, seal);
        }
    }

    private void Judge(string from, SealMessage.Propose proposal)
    {
        if (proposal.Term > Term || !_core.IsReady)
        {
            _early[from] = proposal;
            return;
        }

        Judge(from, proposal, _judge.Judge(from, proposal));
    }

    private void Judge(string from, SealMessage.Propose proposal, Verdict verdict)
    {
        if (verdict.Behind is not null || IsHandoverToUndecided(proposal, verdict))
        {
            // It can be judged once its prev's state is fetched, or the epoch that it hands over to is decided here.
            _early[from] = proposal;
            return;
        }

        // What the leader offers is known from now on, signed or not; so is what makes it impatient.
        foreach (var entry in verdict.Candidate?.Puts ?? [])
        {
            _intake.Keep(entry);
        }

        if (verdict.Refusal is { } refusal)
        {
            Refuse(from, proposal, refusal, verdict.Missing ?? []);
        }
        else if (_ballot.Sign(proposal, verdict.Candidate!) is { } signature)
        {
            var claim = verdict.Candidate!.Claim;
            _core.Send(from, new SealMessage.Vote(Term, claim.Seq, claim.Digest, signature));
        }
    }

    private bool IsHandoverToUndecided(SealMessage.Propose proposal, Verdict verdict) =>
        verdict.Refusal?.Failure == VerificationFailure.EpochUnknown && _core.Successor is null
        && StateClaim.TryParse(proposal.Seal, out var claim, out _)
        && claim.Handover is not null && claim.Epoch == _core.Epoch;

    private void Refuse(
        string to, SealMessage.Propose proposal, Refusal refusal, IReadOnlyList<Entry> missing)
    {
        var seq = StateClaim.TryParse(proposal.Seal, out var seal, out _) ? seal.Seq : -1;
        _core.Send(to, new SealMessage.Refuse(
            Term,
            seq,
            refusal.Failure,
            refusal.Detail,
            _core.Signed.Last,
            EntryPages.First(missing),
            _core.NewestCertificate));
    }

    private void Adopt(CertifiedCandidate? certified, bool isOwn)
    {
        if (certified is null)
        {
            return;
        }

        var candidate = certified.Candidate;
        Adopt(certified, candidate.Base == _core.Chain.Head
            ? [.. candidate.Puts.Select(p => p.Name), .. candidate.Drops]
            : null);
        if (isOwn)
        {
            _core.Broadcast(new SealMessage.Certificate(Term, certified.Certificate));
        }
    }

    private void Adopt(CertifiedCandidate certified, IReadOnlyList<EntryName>? changed)
    {
        var candidate = certified.Candidate;
        if (candidate.Seq <= _core.Chain.Seq)
        {
            return;
        }

        var before = _core.Chain.Newest;
        if (before is not null && candidate.Base != _core.Chain.Head
            && candidate.State.FirstNotDominated(
                before.Candidate.State, candidate.Claim.Issued, _core.Delta) is not null)
        {
            _core.Emit(new SealOutput.Evidence(
                VerificationFailure.SealRegression, before.Certificate, certified.Certificate));
        }

        _core.Chain.Adopt(certified);
        _repeats = 0;
        _core.Signed.ResetBudget();
        _core.Signed.Rebase(candidate.State, candidate.Seq);
        _ballot.Watch(changed is null ? candidate.State.Entries : candidate.Puts);
        _core.Turns.Certified(candidate.IsWhole ? null : _core.Elapsed - candidate.Seen);
        _leader.Certified(candidate.Seq);
        if (candidate.Claim.Seal is { } seal)
        {
            // The epoch's first seal also settles what the handover's state held.
            var reported = before is null ? null : changed;
            _core.Emit(new SealOutput.Certified(new CertifiedState(
                certified.Certificate, seal, candidate.Claim.Digest, candidate.State, reported)));
            _core.Publications.Settle(candidate.State, seal, reported, _core.Outputs);
        }
        else
        {
            _core.Fenced = true;
            _core.Emit(new SealOutput.HandedOver(Handover!));
        }

        _intake.Rebase(changed);
        Rejudge();
    }

    /// <summary>Proposals that waited for a term, a state or the first answers get another look. One that meets a bug
    /// there ends nothing but itself: the step is somebody else's.</summary>
    private void Rejudge()
    {
        foreach (var (from, proposal) in _early.OrderBy(e => e.Key, StringComparer.Ordinal).ToList())
        {
            if (proposal.Term <= Term && _core.IsReady)
            {
                _early.Remove(from);
                Verdict verdict;
                try
                {
                    verdict = _judge.Judge(from, proposal);
                }
                catch (Exception e)
                {
                    _core.Emit(new SealOutput.Ignored(from, Refusal.Unforeseen("proposal", e)));
                    continue;
                }

                Judge(from, proposal, verdict);
            }
        }
    }

    private void NewTerm()
    {
        _core.Signed.ResetBudget();
        Rejudge();
    }

    private void Advance()
    {
        if (MustAsk && _core.Elapsed >= _lastClaim + AskAgain)
        {
            Repeat(asks: true);
        }

        _intake.Prune();
        _catchUp.Advance();
        RaiseTerms();
        for (var certified = _leader.Advance(); certified is not null; certified = _leader.Advance())
        {
            Adopt(certified, isOwn: true);
        }

        SetTimer();
    }

    /// <summary>
    /// How long to wait before saying the same again: longer each time, for nobody may be there to hear it.
    /// </summary>
    private long RepeatTime => Math.Min(_core.Turns.BaseTurn << Math.Min(_repeats, 6), SealLimits.LongestTurn / 2);

    private bool MustAsk => !_core.IsReady && !_core.Closed;

    /// <summary>Since when something is uncovered: a known entry, or a due heartbeat.</summary>
    private long Uncovered() => _core.Closed
        ? SealCore.Never
        : Math.Min(_core.Pool.OldestArrival ?? SealCore.Never, _core.HeartbeatDue);

    /// <summary>
    /// When the next step towards another term is due: patience ends, or the own claim is worth repeating.
    /// </summary>
    private long NextTurn() => Uncovered() > _core.Elapsed || _core.Turns.Opened is not null
        ? Math.Max(Uncovered(), _core.Turns.Opened ?? 0) + _core.Turns.Turn
        : _lastClaim + RepeatTime;

    /// <summary>The entry rule of 4.3.2: an impatient anchor moves on only together with T.</summary>
    private void RaiseTerms()
    {
        for (var budget = _core.Quorum.Members.Length; budget > 0 && Uncovered() <= _core.Elapsed; budget--)
        {
            var open = _core.Turns.Opened is not null;
            if (_core.Elapsed < NextTurn() && !(open && _down.Contains(Leader)))
            {
                return;
            }

            if (!open)
            {
                Repeat(asks: true);
                return;
            }

            _core.Turns.Raise(_core.Elapsed);
            _repeats = 0;
            Repeat(asks: false);
            NewTerm();
        }
    }

    /// <summary>Says the own term again, with the entries that wait.</summary>
    private void Repeat(bool asks)
    {
        _repeats++;
        _lastClaim = _core.Elapsed;
        _core.Broadcast(Claim(asks));
        var waiting = EntryPages.First(_core.Pool.InOrder());
        if (waiting.Count > 0)
        {
            _core.Broadcast(new SealMessage.Entries(Term, waiting));
        }
    }

    private SealMessage.Claim Claim(bool asks) => new(Term, asks, _core.NewestCertificate, null);

    private void SetTimer()
    {
        var at = Math.Min(_leader.Deadline ?? long.MaxValue, _catchUp.Deadline ?? long.MaxValue);
        if (MustAsk)
        {
            at = Math.Min(at, _lastClaim + AskAgain);
        }

        if (_timer.Set(Math.Min(at, NextTurn())) is { } wall)
        {
            _core.Emit(new SealOutput.SetTimer(wall));
        }
    }
}
