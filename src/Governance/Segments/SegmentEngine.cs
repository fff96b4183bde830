using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Governance;

/// <summary>
/// A segment's government at one anchor, as a step function: the seals of the newest epoch, the decision of the next
/// one, and the succession between them (4.3.3), which anyone resumes at any step: fence, handover, first seal. An
/// anchor that was away follows by the steps that others show. Not thread-safe: one owner steps it.
/// </summary>
public sealed class SegmentEngine
{
    /// <summary>Most steps in one message.</summary>
    public const int StepsPerMessage = 8;

    private const long AskAgain = 250;

    private readonly SegmentEngineOptions _options;
    private readonly EngineFactory _factory;
    private readonly PortChecks _checks;
    private readonly List<EpochStep> _steps;
    private readonly List<EpochStep> _unpublished = [];
    private readonly Dictionary<string, long> _told = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _asked = new(StringComparer.Ordinal);

    // When each engine wants its step, by the clock that never goes back.
    private readonly Dictionary<object, long> _timers = [];
    private readonly Overtaken _overtaken = new();
    private List<SegmentOutput> _outputs = [];
    private SealEngine _seals;
    private EpochEngine _epochs;
    private SealEngine? _previous;
    private long _startSeq;
    private readonly EngineClock _clock;
    private readonly EngineTimer _timer;

    /// <summary>An engine over a verified epoch, both journals and what the archive kept.</summary>
    /// <param name="options">What it starts from.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <exception cref="ArgumentException">The options contradict each other: no such anchor, or a key of
    /// another.</exception>
    public SegmentEngine(SegmentEngineOptions options, long now)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _clock = new EngineClock(now);
        _timer = new EngineTimer(_clock);
        _factory = new EngineFactory(options);
        _checks = new PortChecks(options.Signatures);
        _steps = [.. options.Steps];
        Ground = options.Ground;
        _startSeq = SeqOf(options.Handover);
        _seals = _factory.Seals(Ground, options.Handover, options.HandoverEntries, [], _clock, isStart: true);
        if (options.Before is { } before)
        {
            _previous = _factory.Previous(before, _clock);
            _previous.Step(new SealInput.Close(), now);
            if (_seals.Newest is null && _steps.Count > 0)
            {
                _unpublished.Add(_steps[^1]);
                LastOfBefore = _factory.Last(before, _clock);
            }
        }

        _factory.ForgetVotes(Ground.Next);
        _epochs = _factory.Epochs(Ground, options.Queue, options.TakenBack, options.Foreign, _clock);
        if (_epochs.HasCommitted)
        {
            _seals.Step(new SealInput.Fence(), now);
        }

        // A journal that no signer wrote leaves no tail, and a key that signs nothing in any epoch.
        if (!_seals.IsHalted)
        {
            _factory.StartTail(Ground.Epoch.Value.Number, _seals.Newest?.Seal.Seq ?? -1);
        }
    }

    /// <summary>The newest epoch that this anchor seals, and its op-made leaves.</summary>
    public EpochGround Ground { get; private set; }

    /// <summary>The sealing of the newest epoch; for its state, not to be stepped.</summary>
    public SealEngine Seals => _seals;

    /// <summary>The decision of the next epoch; for its state, not to be stepped.</summary>
    public EpochEngine Epochs => _epochs;

    /// <summary>The newest certified seal to serve: the epoch's, or the last of the one before.</summary>
    public CertifiedState? Newest => _seals.Newest ?? _previous?.Newest ?? LastOfBefore;

    /// <summary>
    /// The bodies of the seal journal that a new file takes over when it starts at an archived seal: those above it,
    /// and in any case the newest. The file begins with them: what is journaled next may refer to what they hold, and
    /// to nothing else. Null where the key must not sign any more: its file, which says why, stays as it is.
    /// </summary>
    /// <param name="epoch">The seal's epoch.</param>
    /// <param name="seq">Its number.</param>
    public IReadOnlyList<byte[]>? SignedAbove(long epoch, long seq) =>
        _seals.IsHalted ? null : _factory.Tail.Above(epoch, seq);

    /// <summary>The state of a certified seal is archived: what was signed up to it is kept for a new file no more.
    /// A certificate alone ends nothing: until its state is archived, the journal alone holds what binds.</summary>
    /// <param name="epoch">The seal's epoch.</param>
    /// <param name="seq">Its number.</param>
    public void Archived(long epoch, long seq) => _factory.Tail.Settle(epoch, seq);

    /// <summary>
    /// The bodies of the gov journal that a new file takes over when it starts at the newest epoch, once that is
    /// durable: the votes of the open slot, since no vote of a decided one can be asked for again. Null where the key
    /// must not sign any more: its file stays as it is.
    /// </summary>
    public IReadOnlyList<ReadOnlyMemory<byte>>? VotesOfSlot => _epochs.IsHalted ? null : _factory.GovJournal;

    /// <summary>The root that the newest epoch starts from; null in epoch 0.</summary>
    public Digest? StartRoot =>
        _steps is [.., var last] && Document.TryParse<Handover>(last.Handover.Payload, out var handover, out _)
            ? handover.Value.Root
            : null;

    /// <summary>The last seal of the epoch before, which is served until the newest epoch has its first one (4.3.3);
    /// null where the archive has none, or the newest epoch is sealed.</summary>
    public CertifiedState? LastOfBefore { get; private set; }

    /// <summary>The digest under which an operation waits, also where an epoch overtook it since; null where it waits
    /// no more.</summary>
    /// <param name="digest">The digest as somebody saw it.</param>
    public Digest? FindWaiting(Digest digest)
    {
        var today = _overtaken.Today(digest);
        return _epochs.Queue.Any(one => one.Candidate.Digest == today) ? today : null;
    }

    /// <summary>Takes one input. Where an input throws, what it asked for by then comes first with the next
    /// one.</summary>
    /// <param name="input">What happened.</param>
    /// <param name="now">Unix milliseconds, as the clock says; it may be set back.</param>
    /// <returns>What to do, in this order.</returns>
    public IReadOnlyList<SegmentOutput> Step(SegmentInput input, long now)
    {
        ArgumentNullException.ThrowIfNull(input);
        _clock.Step(now);
        switch (input)
        {
            case SegmentInput.OfPublisher publisher:
                Run(_seals, publisher.Input);
                break;
            case SegmentInput.OfOperator { Input: EpochInput.Approve approve }:
                Run(new EpochInput.Approve(_overtaken.Today(approve.Digest)));
                break;
            case SegmentInput.OfOperator { Input: EpochInput.TakeBack takeBack }:
                Run(takeBack with { Digest = _overtaken.Today(takeBack.Digest) });
                break;
            case SegmentInput.OfOperator operation:
                Run(operation.Input);
                break;
            case SegmentInput.Receive receive:
                Receive(receive.From, receive.Message);
                break;
            case SegmentInput.Connected connected:
                Run(_seals, new SealInput.Connected(connected.Anchor));
                Run(new EpochInput.Connected(connected.Anchor));
                break;
            case SegmentInput.Disconnected disconnected:
                Run(_seals, new SealInput.Disconnected(disconnected.Anchor));
                break;
            case SegmentInput.Tick:
                Tick();
                break;
        }

        SetTimer();
        var outputs = _outputs;
        _outputs = [];
        return outputs;
    }

    private static long SeqOf(Envelope? handover) =>
        handover is not null && Document.TryParse<Handover>(handover.Payload, out var parsed, out _)
            ? parsed.Value.Seq
            : -1;

    private void Tick()
    {
        var (seals, epochs, previous) = (_seals, _epochs, _previous);
        if (IsDue(seals))
        {
            Run(seals, new SealInput.Tick());
        }

        if (IsDue(epochs))
        {
            Run(new EpochInput.Tick());
        }

        if (previous is not null && IsDue(previous))
        {
            Run(previous, new SealInput.Tick());
        }
    }

    private bool IsDue(object engine) => !_timers.TryGetValue(engine, out var at) || at <= _clock.Elapsed;

    private void Receive(string from, SegmentMessage message)
    {
        switch (message)
        {
            case SegmentMessage.Sealing sealing:
                Receive(from, sealing);
                break;
            case SegmentMessage.Governing { Message: var governing }:
                if (governing.Slot == _epochs.Slot)
                {
                    Run(new EpochInput.Receive(from, governing));
                }
                else
                {
                    Compare(from, governing.Slot - 1);
                }

                break;
            case SegmentMessage.Ask ask:
                Compare(from, ask.Epoch);
                break;
            case SegmentMessage.Steps steps:
                Follow(from, steps.List, steps.Newest);
                break;
        }
    }

    private void Receive(string from, SegmentMessage.Sealing sealing)
    {
        if (sealing.Epoch == _seals.Epoch)
        {
            if (_seals.Newest is null && _previous is not null)
            {
                LookForHandover(from, sealing.Message);
            }

            Run(_seals, new SealInput.Receive(from, sealing.Message));
            return;
        }

        if (sealing.Epoch == _previous?.Epoch)
        {
            Run(_previous, new SealInput.Receive(from, sealing.Message));
        }

        Compare(from, sealing.Epoch);
    }

    /// <summary>Before the first seal anchors may hold different handovers; the highest number wins.</summary>
    private void LookForHandover(string from, SealMessage message)
    {
        var shown = message switch
        {
            SealMessage.Claim claim => claim.Newest,
            SealMessage.Propose propose => propose.Prev,
            SealMessage.Refuse refuse => refuse.Newest,
            _ => null,
        };
        if (SeqOf(shown) > _startSeq)
        {
            Run(_previous!, new SealInput.Receive(from, new SealMessage.Certificate(0, shown!)));
        }
    }

    /// <summary>Who is behind is shown the way; who is ahead is asked for it.</summary>
    private void Compare(string from, long epoch)
    {
        var (last, number) = epoch < Ground.Epoch.Value.Number ? (_told, epoch) : (_asked, Ground.Epoch.Value.Number);
        if (epoch == Ground.Epoch.Value.Number
            || _clock.Elapsed < last.GetValueOrDefault(from, long.MinValue / 2) + AskAgain)
        {
            return;
        }

        last[from] = _clock.Elapsed;
        if (epoch > Ground.Epoch.Value.Number)
        {
            Emit(new SegmentOutput.Send(from, new SegmentMessage.Ask(number)));
            return;
        }

        var missing = (int)Math.Min(Ground.Epoch.Value.Number - epoch, _steps.Count);
        var steps = _steps.Skip(_steps.Count - missing).Take(StepsPerMessage).ToList();
        if (steps.Count > 0)
        {
            var isWhole = steps[^1] == _steps[^1];
            Emit(new SegmentOutput.Send(
                from, new SegmentMessage.Steps(steps, isWhole ? _seals.Newest?.Certificate : null)));
        }
    }

    /// <summary>
    /// Takes shown steps. One whose epoch is sealed is taken at once: the seal's state is fetched behind it. The last
    /// may not be; then it is taken as if it had been heard in time, so that the handover's state is fetched first.
    /// </summary>
    private void Follow(string from, IReadOnlyList<EpochStep> steps, Envelope? newest)
    {
        for (var i = 0; i < Math.Min(steps.Count, StepsPerMessage); i++)
        {
            if (!Document.TryParse<Epoch>(steps[i].Proposal.Epoch, out var epoch, out _)
                || epoch.Value.Number != Ground.Next)
            {
                continue;
            }

            var refusal = EpochFollower.Check(
                Ground, steps[i].Proposal, steps[i].Commits, _checks, _clock.Now, out var decision)
                ?? CheckHandover(steps[i].Handover, decision!);
            if (refusal is not null)
            {
                Emit(new SegmentOutput.OfEpochs(new EpochOutput.Ignored(from, refusal)));
                return;
            }

            if (i < steps.Count - 1 || IsSealed(decision!, newest))
            {
                Move(decision!, steps[i].Handover, null);
                continue;
            }

            Run(new EpochInput.Receive(
                from, new EpochMessage.Decided(epoch.Value.Number, steps[i].Proposal, steps[i].Commits)));
            Run(_seals, new SealInput.Receive(from, new SealMessage.Certificate(0, steps[i].Handover)));
        }
    }

    private bool IsSealed(EpochDecision decision, Envelope? newest) =>
        newest is not null
        && Document.TryParse<Seal>(newest.Payload, out var seal, out _)
        && seal.Value.EpochDigest == decision.Candidate.Digest
        && CertificateCheck.Seal(newest, seal, decision.Candidate.Epoch.Value, _checks, out _) is null;

    /// <summary>V62: certified by the epoch that ends, and naming the one that is decided.</summary>
    private Refusal? CheckHandover(Envelope envelope, EpochDecision decision)
    {
        if (!Document.TryParse<Handover>(envelope.Payload, out var handover, out var refusal))
        {
            return refusal;
        }

        return handover.Value.Segment != Ground.Genesis || handover.Value.Epoch != Ground.Epoch.Value.Number
            || handover.Value.Next != decision.Candidate.Digest
                ? new Refusal(VerificationFailure.HandoverMissing, "handover", "does not lead to the decided epoch")
                : CertificateCheck.Seal(envelope, handover.Digest, Ground.Epoch.Value, _checks, out _)?.At("handover");
    }

    /// <summary>Moves once the decision and the handover are both in hand.</summary>
    private void TryMove()
    {
        if (_epochs.Decision is { } decision && _seals.Handover is { } handover
            && handover.Handover.Next == decision.Candidate.Digest)
        {
            Move(decision, handover.Certificate, [.. handover.State.Entries.Select(e => e.Source)]);
        }
    }

    private void Move(EpochDecision decision, Envelope handover, IReadOnlyList<SignedEntry>? entries)
    {
        var (before, old, epochs) = (Ground, _seals, _epochs);
        var step = new EpochStep(decision.Candidate.Proposal, decision.Vote, handover);
        Ground = before.Follow(decision.Candidate);
        _factory.Revoke(before, Ground);
        _factory.ForgetVotes(Ground.Next);
        _steps.Add(step);
        _unpublished.Add(step);
        _startSeq = SeqOf(handover);
        Emit(new SegmentOutput.Moved(Ground, step, entries));
        Forget(_previous);
        _timers.Remove(epochs);
        _previous = old;
        Run(old, new SealInput.Close());
        var promised = old.Promised;
        _seals = _factory.Seals(Ground, handover, entries, old.Unsealed, _clock, isStart: false);
        List<EpochProposal> gone =
            [.. epochs.TakenBack.Select(one => EpochRebase.Rebase(before, one, Ground, out _)).OfType<EpochProposal>()];
        _epochs = _factory.Epochs(Ground, Rebase(before, epochs, decision), gone, epochs.Foreign, _clock);
        Start(promised);
    }

    /// <summary>A later handover than the one this epoch was begun with: begin anew, over the journal.</summary>
    private void Restart(CertifiedHandover handover)
    {
        var old = _seals;
        var step = _steps[^1] with { Handover = handover.Certificate };
        IReadOnlyList<SignedEntry> entries = [.. handover.State.Entries.Select(e => e.Source)];
        _steps[^1] = step;
        _unpublished[^1] = step;
        _startSeq = handover.Handover.Seq;
        Emit(new SegmentOutput.Moved(Ground, step, entries));
        Forget(old);
        var promised = old.Promised;
        _seals = _factory.Seals(Ground, handover.Certificate, entries, old.Unsealed, _clock, isStart: false);
        Start(promised);
    }

    private void Start(IReadOnlyList<(long Token, SignedEntry Entry)> promised)
    {
        foreach (var (token, entry) in promised)
        {
            Run(_seals, new SealInput.Carry(token, entry));
        }

        if (_epochs.HasCommitted)
        {
            Run(_seals, new SealInput.Fence());
        }

        Run(_seals, new SealInput.Tick());
        if (_epochs.Decision is { } decision)
        {
            Run(_seals, new SealInput.Succeed(decision.Candidate.Digest));
        }
        else
        {
            Run(new EpochInput.Tick());
        }
    }

    /// <summary>The operations that waited go on, changed in nothing but their place in the chain.</summary>
    private List<QueuedOperation> Rebase(EpochGround before, EpochEngine epochs, EpochDecision decision)
    {
        var queue = new List<QueuedOperation>();
        var moved = new List<(Digest Old, Digest New)>();
        foreach (var (candidate, operation) in epochs.Queue)
        {
            if (candidate.Digest == decision.Candidate.Digest)
            {
                continue;
            }

            var rebased = EpochRebase.Rebase(before, candidate, Ground, out var refusal);
            if (rebased is null || !Document.TryParse<Epoch>(rebased.Epoch, out var epoch, out refusal))
            {
                Emit(new SegmentOutput.OfEpochs(
                    new EpochOutput.Refused(operation.Token, candidate.Digest, refusal!)));
                continue;
            }

            queue.Add(operation with { Proposal = rebased });
            moved.Add((candidate.Digest, epoch.Digest));
            Emit(new SegmentOutput.Rebased(operation.Token, candidate.Digest, epoch.Digest));
        }

        _overtaken.Move(moved);
        return queue;
    }

    private void Run(EpochInput input)
    {
        var engine = _epochs;
        foreach (var output in engine.Step(input, _clock.Now))
        {
            switch (output)
            {
                case EpochOutput.Journal journal:
                    _factory.GovJournal.Add(journal.Body);
                    Emit(new SegmentOutput.GovJournal(journal.Body));
                    break;
                case EpochOutput.Send send:
                    Emit(new SegmentOutput.Send(send.To, new SegmentMessage.Governing(send.Message)));
                    break;
                case EpochOutput.Broadcast broadcast:
                    Emit(new SegmentOutput.Broadcast(new SegmentMessage.Governing(broadcast.Message)));
                    break;
                case EpochOutput.SetTimer timer:
                    _timers[engine] = _clock.ToElapsed(timer.At);
                    break;
                case EpochOutput.Halted halted:
                    _factory.UnfitGov ??= halted.Refusal;
                    Emit(new SegmentOutput.OfEpochs(output));
                    break;
                case EpochOutput.Committed:
                    Run(_seals, new SealInput.Fence());
                    break;
                case EpochOutput.Decided decided:
                    Emit(new SegmentOutput.OfEpochs(output));
                    Run(_seals, new SealInput.Succeed(decided.Decision.Candidate.Digest));
                    break;
                default:
                    Emit(new SegmentOutput.OfEpochs(output));
                    break;
            }
        }

        if (engine.Decision is not null)
        {
            _timers.Remove(engine);
        }

        if (engine == _epochs)
        {
            TryMove();
        }
    }

    private void Run(SealEngine engine, SealInput input)
    {
        CertifiedHandover? handover = null;
        foreach (var output in engine.Step(input, _clock.Now))
        {
            switch (output)
            {
                case SealOutput.Journal journal:
                    Emit(new SegmentOutput.SealJournal(_factory.Tail.Add(journal.Body)));
                    break;
                case SealOutput.Send send:
                    Emit(new SegmentOutput.Send(send.To, new SegmentMessage.Sealing(engine.Epoch, send.Message)));
                    break;
                case SealOutput.Broadcast broadcast:
                    Emit(new SegmentOutput.Broadcast(new SegmentMessage.Sealing(engine.Epoch, broadcast.Message)));
                    break;
                case SealOutput.SetTimer timer:
                    _timers[engine] = _clock.ToElapsed(timer.At);
                    break;
                case SealOutput.HandedOver handed:
                    handover = handed.Handover;
                    break;
                case SealOutput.Certified certified when engine == _seals:
                    Publish(certified.State);
                    Emit(new SegmentOutput.OfSeals(output));
                    break;
                case SealOutput.Halted halted:
                    _factory.UnfitSeal ??= halted.Refusal;
                    Emit(new SegmentOutput.OfSeals(output));
                    break;
                case SealOutput.Evidence or SealOutput.Ignored:
                case not null when engine == _seals:
                    Emit(new SegmentOutput.OfSeals(output));
                    break;
            }
        }

        if (handover is null)
        {
            return;
        }

        if (engine == _seals)
        {
            TryMove();
        }
        else if (engine == _previous && handover.Handover.Seq > _startSeq && _seals.Newest is null
            && _seals.Handover is null)
        {
            Restart(handover);
        }
    }

    private void Publish(CertifiedState first)
    {
        LastOfBefore = null;
        if (_unpublished.Count > 0)
        {
            Emit(new SegmentOutput.Published([.. _unpublished], first));
            _unpublished.Clear();
        }
    }

    private void Forget(SealEngine? engine)
    {
        if (engine is not null)
        {
            _timers.Remove(engine);
        }
    }

    private void Emit(SegmentOutput output) => _outputs.Add(output);

    private void SetTimer()
    {
        if (_timer.Set(_timers.Count == 0 ? _clock.Elapsed + AskAgain : _timers.Values.Min()) is { } wall)
        {
            Emit(new SegmentOutput.SetTimer(wall));
        }
    }
}
