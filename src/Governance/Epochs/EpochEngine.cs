using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Governance;

/// <summary>
/// The decision of one epoch at one anchor, as a step function: inputs and the time go in, outputs come out; nothing in
/// here waits, reads a clock or does I/O. Two phases, a lock, commits bound to their round (4.3.1). Operations that
/// wait are gossiped; one is decided, the others go on to the next slot's engine. Not thread-safe: one owner steps it.
/// </summary>
public sealed class EpochEngine
{
    private static readonly Dictionary<Digest, ForeignSegment> NoFacts = [];

    private readonly EpochCore _core;
    private readonly OperationQueue _queue;
    private readonly EpochBallot _ballot;
    private readonly Rounds _rounds;
    private readonly Proposals _proposals;
    private readonly bool _isUnfinished;
    private Refusal? _unfit;
    private string _said = "";
    private long _saidAt = long.MinValue / 2;
    private int _repeats;
    private readonly EngineTimer _timer;
    private long _renewAgain;

    /// <summary>An engine over a verified epoch and its gov journal.</summary>
    /// <param name="options">What it starts from.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <exception cref="ArgumentException">No such anchor, or a key of another.</exception>
    public EpochEngine(EpochEngineOptions options, long now)
        : this(options, new EngineClock(now))
    {
    }

    internal EpochEngine(EpochEngineOptions options, EngineClock clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        _core = new EpochCore(options, clock);
        _timer = new EngineTimer(clock);
        _isUnfinished = RenewOperation.IsUnfinished(options.Ground);
        _queue = new OperationQueue(_core);
        _ballot = new EpochBallot(_core);
        _rounds = new Rounds(_core);
        _proposals = new Proposals(_core, _queue, _ballot, _rounds);
        foreach (var waiting in options.Queue)
        {
            Take(waiting);
        }

        foreach (var gone in options.TakenBack)
        {
            _queue.Restore(gone);
        }

        _unfit = _ballot.Restore(options.Journal, _queue) ?? options.Unfit;

        // Who gave the queue knows it; what did not survive is told with the first step.
        _core.Outputs.RemoveAll(o => o is EpochOutput.Queued);
    }

    /// <summary>The number of the epoch that is being decided.</summary>
    public long Slot => _core.Slot;

    /// <summary>The round this anchor is in.</summary>
    public long Round => _core.Round;

    /// <summary>The decided epoch; null before.</summary>
    public EpochDecision? Decision { get; private set; }

    /// <summary>Whether this anchor committed in this slot, and so signs no seal of the epoch before any
    /// more.</summary>
    public bool HasCommitted => _ballot.Lock is not null;

    /// <summary>Whether the gov key must not sign any more.</summary>
    public bool IsHalted => _core.Halted || _unfit is not null;

    /// <summary>How many operations wait.</summary>
    public int Waiting => _queue.Count;

    /// <summary>The operations that wait, in the order in which they would be proposed, but for a decided
    /// one.</summary>
    public IReadOnlyList<(EpochCandidate Candidate, QueuedOperation Operation)> Queue =>
        _queue.Others(Decision?.Candidate.Digest ?? default);

    /// <summary>What this anchor's operator took back, for the next slot's engine.</summary>
    public IReadOnlyList<EpochCandidate> TakenBack => _queue.Kept;

    /// <summary>The anchors that would prepare an operation now, as far as they said so, this one included, by
    /// id.</summary>
    public IReadOnlyList<string> Supporters(Digest digest) => _queue.Supporters(digest);

    /// <summary>Verified facts of other segments, for the next slot's engine.</summary>
    public IReadOnlyDictionary<Digest, ForeignSegment> Foreign => _queue.Foreign;

    /// <summary>Takes one input.</summary>
    /// <param name="input">What happened.</param>
    /// <param name="now">Unix milliseconds, as the clock says; it may be set back.</param>
    /// <returns>What to do, in this order.</returns>
    public IReadOnlyList<EpochOutput> Step(EpochInput input, long now)
    {
        ArgumentNullException.ThrowIfNull(input);
        _core.Clock.Step(now);
        if (_unfit is { } unfit)
        {
            _unfit = null;
            _core.Halt(unfit);
        }

        switch (input)
        {
            case EpochInput.Submit submit:
                Submit(submit);
                break;
            case EpochInput.Approve approve:
                _queue.Approve(approve.Digest);
                break;
            case EpochInput.TakeBack takeBack:
                TakeBack(takeBack);
                break;
            case EpochInput.Learned learned:
                _queue.Learn(learned.Genesis, learned.Segment);
                break;
            case EpochInput.Receive receive:
                Receive(receive.From, receive.Message);
                break;
            case EpochInput.Connected connected:
                _core.Send(connected.Anchor, Status(asks: true, null));
                break;
        }

        if (Decision is null)
        {
            Advance();
        }

        var outputs = _core.Outputs;
        _core.Outputs = [];
        return outputs;
    }

    private void Take(QueuedOperation waiting)
    {
        if (_queue.Add(waiting.Source, waiting.Proposal, waiting.Token) is { } refusal)
        {
            _core.Emit(new EpochOutput.Refused(waiting.Token, null, refusal));
        }
        else if (waiting.IsApproved && Document.TryParse<Epoch>(waiting.Proposal.Epoch, out var epoch, out _))
        {
            _queue.Approve(epoch.Digest);
        }
    }

    private void Submit(EpochInput.Submit submit)
    {
        // Behind a decision it waits for the next slot with the others.
        if (_queue.Add(_core.Self, submit.Proposal, submit.Token) is { } refusal)
        {
            _core.Emit(new EpochOutput.Refused(submit.Token, null, refusal));
        }
        else if (Decision is null)
        {
            _core.Broadcast(new EpochMessage.Offer(Slot, submit.Proposal));
        }
    }

    // Behind a decision nobody is told of it any more before the next slot, where it has another digest.
    private void TakeBack(EpochInput.TakeBack takeBack)
    {
        if (Decision is null)
        {
            _queue.TakeBack(takeBack.Token, takeBack.Digest);
            return;
        }

        var refusal = new Refusal(
            VerificationFailure.NotSealed, "operation", $"epoch {Slot} is decided and not sealed yet; try again");
        _core.Emit(new EpochOutput.TakenBack(takeBack.Token, takeBack.Digest, false, false, [], refusal));
    }

    private void Receive(string from, EpochMessage message)
    {
        if (from == _core.Self || _core.Quorum.Find(from) is null || message.Slot != Slot)
        {
            return;
        }

        if (Decision is { } decision)
        {
            if (message is not EpochMessage.Decided)
            {
                _core.Send(from, new EpochMessage.Decided(Slot, decision.Candidate.Proposal, decision.Vote));
            }

            return;
        }

        switch (message)
        {
            case EpochMessage.Status status:
                Hear(from, status);
                break;
            case EpochMessage.Offer offer:
                Learn(from, offer.Proposal);
                break;
            case EpochMessage.Want want:
                foreach (var digest in want.Digests.Take(EpochLimits.QueuedPerAnchor))
                {
                    if (_queue.Find(digest) is { } candidate)
                    {
                        _core.Send(from, new EpochMessage.Offer(Slot, candidate.Proposal));
                    }
                }

                break;
            case EpochMessage.Propose propose:
                Hear(from, propose);
                break;
            case EpochMessage.Vote vote:
                Count(from, vote.Ballot);
                break;
            case EpochMessage.Decided decided:
                Follow(from, decided);
                break;
        }
    }

    private void Hear(string from, EpochMessage.Status status)
    {
        _rounds.Show(from, status.Round);
        foreach (var vote in status.Votes.Take(2))
        {
            Count(from, vote);
        }

        Count(from, status.Best);
        _queue.Hear(from, status.TakenBack);
        _queue.SetWilling(from, status.Willing);
        var unknown = status.Queue.Concat(status.Willing).Concat(status.Votes.Select(v => v.Digest))
            .Append(status.Best?.Digest ?? default)
            .Where(d => d != default && _queue.Find(d) is null).Distinct().Take(EpochLimits.QueuedPerAnchor).ToList();
        if (unknown.Count > 0)
        {
            _core.Send(from, new EpochMessage.Want(Slot, unknown));
        }

        if (status.Yours is { } yours)
        {
            _ballot.CheckOwn(yours);
        }

        if (status.Asks)
        {
            _core.Send(from, Status(asks: false, _core.Votes.LatestOf(from)));
        }
        else
        {
            _core.Answered.Add(from);
        }
    }

    private void Hear(string from, EpochMessage.Propose propose)
    {
        _rounds.Show(from, propose.Round);
        Count(from, propose.Prepared);
        if (Learn(from, propose.Proposal) && Document.TryParse<Epoch>(propose.Proposal.Epoch, out var epoch, out _))
        {
            _proposals.Hear(from, propose.Round, epoch.Digest);
        }
    }

    private bool Learn(string from, EpochProposal proposal)
    {
        if (_queue.Add(from, proposal, null) is not { } refusal)
        {
            return true;
        }

        _core.Emit(new EpochOutput.Ignored(from, refusal));
        return false;
    }

    /// <summary>A vote, whoever brings it: it counts for the key that signed it.</summary>
    private void Count(string from, EpochVote vote)
    {
        if (vote.Phase is not (VotePhase.Prepare or VotePhase.Commit) || vote.Round < 0
            || Math.Abs(vote.Round - _core.Round) > EpochLimits.RoundsKept)
        {
            return;
        }

        if (_core.Quorum.IdOf(vote.Signature.Kid) is { } known && _core.Votes.Knows(known, vote))
        {
            return;
        }

        if (_core.Quorum.Check(vote, out var voter) is { } refusal)
        {
            _core.Emit(new EpochOutput.Ignored(from, refusal));
            return;
        }

        if (voter == _core.Self)
        {
            _ballot.CheckOwn(vote);
            return;
        }

        _rounds.Show(voter, vote.Round);
        if (_core.Votes.Add(voter, vote) is { } other)
        {
            _core.Emit(new EpochOutput.Evidence(voter, _core.Slot, other, vote));
        }
    }

    /// <summary>A PrepareCert: its votes one by one, and the whole where it is one.</summary>
    private void Count(string from, PrepareCertificate? prepared)
    {
        if (prepared is null || prepared.Round < 0
            || prepared.Signatures.Length != _core.Quorum.Threshold
            || prepared.Round > _core.Round + EpochLimits.RoundsKept
            || _core.Votes.Prepared(prepared.Round) is not null)
        {
            return;
        }

        foreach (var signature in prepared.Signatures)
        {
            var vote = new EpochVote(VotePhase.Prepare, prepared.Round, prepared.Digest, signature);
            if (_core.Quorum.Check(vote, out var voter) is { } refusal)
            {
                _core.Emit(new EpochOutput.Ignored(from, refusal));
                return;
            }

            if (voter == _core.Self)
            {
                _ballot.CheckOwn(vote);
            }
            else if (_core.Votes.Add(voter, vote) is { } other)
            {
                _core.Emit(new EpochOutput.Evidence(voter, _core.Slot, other, vote));
            }
        }

        if (_core.Quorum.Assemble(prepared.Signatures) is { } assembled && assembled.SequenceEqual(prepared.Signatures))
        {
            _core.Votes.Add(prepared);
        }
    }

    private void Follow(string from, EpochMessage.Decided decided)
    {
        var refusal = EpochFollower.Check(
            _core.Ground, decided.Proposal, decided.Commits, _core.Checks, _core.Now, out var decision);
        if (refusal is not null)
        {
            _core.Emit(new EpochOutput.Ignored(from, refusal));
            return;
        }

        Decide(decision!);
    }

    private void Decide(EpochDecision decision)
    {
        Decision = decision;
        _core.Emit(new EpochOutput.Decided(decision, _queue.Token(decision.Candidate.Digest)));
        _core.Broadcast(new EpochMessage.Decided(Slot, decision.Candidate.Proposal, decision.Vote));
    }

    private void Advance()
    {
        _queue.Prune();
        Renew();
        while (Decision is null && Progress())
        {
        }

        if (Decision is not null)
        {
            return;
        }

        Say();
        SetTimer();
    }

    /// <summary>One thing that can be done now; whether there was one. Each is done at most once a round.</summary>
    private bool Progress()
    {
        if (_core.Votes.Decision() is { } decided && _queue.Find(decided.Digest) is { } candidate)
        {
            var vote = _core.Quorum.Document(VotePhase.Commit, decided.Round, decided.Digest);
            Decide(new EpochDecision(candidate, new Envelope(vote.Payload, decided.Signatures)));
            return true;
        }

        return _rounds.Advance(IsOpen) || Commit() || _proposals.Prepare() || _proposals.Propose();
    }

    private bool Commit()
    {
        if (!_core.IsReady || _core.Halted || _ballot.HasCommitted(_core.Round)
            || _core.Votes.Prepared(_core.Round) is not { } prepared
            || _queue.Find(prepared.Digest) is not { } candidate)
        {
            return false;
        }

        var isFirst = _ballot.Lock is null;
        if (_ballot.Commit(candidate, _queue.SourceOf(prepared.Digest), prepared) is null)
        {
            return false;
        }

        if (isFirst)
        {
            _core.Emit(new EpochOutput.Committed());
        }

        return true;
    }

    private bool IsOpen =>
        _core.IsReady && (_ballot.HasVoted || _core.Votes.Best is not null || _queue.Eligible().Any());

    /// <summary>Proposes the renewal when it is due; anchors wait for each other by turns (4.4).</summary>
    private void Renew()
    {
        if (IsHalted || _core.Now < RenewalAt || _core.Elapsed < _renewAgain)
        {
            return;
        }

        // Without floors it is one that any anchor would prepare, but in an epoch's last two thirds alone.
        var (isHeld, _, isLate) = _queue.Renewals();
        var isInTime = _core.Now >= RenewOperation.DueAt(_core.Ground.Epoch.Value);
        if (!isHeld && !((!isLate && Renew(_queue.Foreign)) || (isInTime && Renew(NoFacts))))
        {
            _renewAgain = _core.Elapsed + EpochLimits.RenewalTurn;
        }
    }

    private bool Renew(IReadOnlyDictionary<Digest, ForeignSegment> facts)
    {
        var proposal = RenewOperation.Build(_core.Ground, facts, _core.Now, _core.Options.Openings);
        var waits = _queue.AddRenewal(proposal);
        if (waits)
        {
            _core.Broadcast(new EpochMessage.Offer(Slot, proposal));
        }

        return waits;
    }

    // By the wall clock. Behind a renewal that was full the next one is due at once, where this anchor knows of more to
    // refresh.
    private long RenewalAt => (_core.Quorum.Turn(_core.Self) * EpochLimits.RenewalTurn)
        + (_isUnfinished && RenewOperation.HasFresh(_core.Ground, _queue.Foreign)
            ? RenewOperation.DueAt(_core.Ground)
            : RenewOperation.DueAt(_core.Ground.Epoch.Value));

    private EpochMessage.Status Status(bool asks, EpochVote? yours) => new(
        Slot, Round, asks, _ballot.Latest(), _core.Votes.Best, _queue.Vouched(), _queue.Willing(), yours)
    {
        TakenBack = _queue.Gone(),
    };

    /// <summary>Says what changed at once, and the same again, ever more rarely, while something is open.</summary>
    private void Say()
    {
        var text = $"{Round} {_core.Votes.Best?.Round} {string.Join(',', _queue.Vouched())} "
            + $"{string.Join(',', _queue.Willing())} {string.Join(',', _queue.Gone())}";
        var isNew = text != _said;
        if (!isNew && (!HasToRepeat || _core.Elapsed < _saidAt + RepeatTime))
        {
            return;
        }

        _repeats = isNew ? 0 : _repeats + 1;
        _said = text;
        _saidAt = _core.Elapsed;
        _core.Broadcast(Status(asks: !_core.IsReady, null));
    }

    private bool HasToRepeat => !_core.IsReady || IsOpen || _queue.Count > 0;

    private long RepeatTime =>
        Math.Min(EpochLimits.ShortestRepeat << Math.Min(_repeats, 6), EpochLimits.LongestRepeat);

    private void SetTimer()
    {
        var (isHeld, until, _) = _queue.Renewals();
        var at = isHeld
            ? until ?? long.MaxValue
            : Math.Max(_core.Clock.ToElapsed(RenewalAt), _core.Elapsed + EpochLimits.RenewalTurn);
        if (HasToRepeat)
        {
            at = Math.Min(at, _saidAt + RepeatTime);
        }

        if (_rounds.Half is { } half && _rounds.End is { } end)
        {
            at = Math.Min(at, half > _core.Elapsed ? half : end);
        }

        if (at != long.MaxValue && _timer.Set(at) is { } wall)
        {
            _core.Emit(new EpochOutput.SetTimer(wall));
        }
    }
}
