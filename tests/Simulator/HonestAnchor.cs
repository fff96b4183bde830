using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Simulator;

/// <summary>
/// The real engine behind a simulated disk and clock, and its operator. While the disk syncs, nothing behind the
/// journal entry leaves; a crash in between loses the entry or not, and everything behind it.
/// </summary>
internal sealed class HonestAnchor : ISimulatedAnchor
{
    private readonly World _world;
    private readonly VirtualTime _time;
    private readonly Random _random;
    private readonly Network _network;
    private readonly Checker _checker;
    private readonly EpochChecker _epochs;
    private readonly long _skew;
    private readonly Disk _disk = new();
    private readonly Queue<SegmentInput> _inbox = [];
    private readonly Dictionary<long, IssuedEntry> _tokens = [];
    private JournalEntries _journaled = new();
    private SegmentEngine? _engine;
    private EpochGround _ground;
    private long _served;
    private (List<ReadOnlyMemory<byte>> Journal, ReadOnlyMemory<byte> Body)? _syncing;
    private long _rotatedAt;
    private int _life;
    private int _timer;
    private long _leap;
    private long _stepped;

    internal HonestAnchor(
        string id, World world, VirtualTime time, Random random, Network network, Checker checker, EpochChecker epochs)
    {
        (Id, _world, _time, _random, _network, _checker, _epochs) =
            (id, world, time, random, network, checker, epochs);
        _skew = random.Next(-200, 200);
        _ground = world.Segment.Ground;
        _served = _ground.Epoch.Value.Number;
    }

    public string Id { get; }

    internal bool IsUp => _engine is not null;

    internal bool HasHalted { get; private set; }

    internal SegmentEngine? Engine => _engine;

    private long Clock => _time.Now + _skew + _leap;

    internal void StartUp()
    {
        _life++;
        _ground = _disk.Ground ?? _world.Segment.Ground;
        _journaled = new JournalEntries();
        _disk.SealJournal.ForEach(_journaled.Add);
        _engine = new SegmentEngine(_world.SegmentOptions(Id, _disk, _world.Neighbours(Id, _time)), Clock);
        _served = _engine.Seals.Newest is null ? _ground.Epoch.Value.Number - 1 : _ground.Epoch.Value.Number;
        if (_disk.Ground is null)
        {
            _served = _ground.Epoch.Value.Number;
        }

        Deliver(new SegmentInput.Tick());
    }

    /// <summary>Stops at once. What the disk was syncing may have reached it.</summary>
    internal void Crash()
    {
        if (_engine is null)
        {
            return;
        }

        if (_syncing is { } sync && _random.Next(2) == 0)
        {
            sync.Journal.Add(sync.Body);
        }

        if (_world.Options.Bug == PlantedBug.JournalNotDurable)
        {
            var lost = Math.Min(_disk.SealJournal.Count, _random.Next(4));
            _disk.SealJournal.RemoveRange(_disk.SealJournal.Count - lost, lost);
        }

        _life++;
        _engine = null;
        _syncing = null;
        _inbox.Clear();
        _tokens.Clear();
        _checker.Crashed(Id);
        _epochs.Crashed(Id);
    }

    /// <summary>The clock leaps ahead; 0 sets it right.</summary>
    internal void Leap(long ahead) => _leap = ahead;

    internal void Publish(long token, IssuedEntry entry)
    {
        if (_engine is not null)
        {
            _tokens[token] = entry;
            Deliver(new SegmentInput.OfPublisher(new SealInput.Publish(token, entry.Source)));
        }
    }

    /// <summary>The operator proposes what the ground of the moment allows.</summary>
    internal void Propose(long token, Func<EpochGround, long, EpochProposal?> build)
    {
        // By the operator's own clock.
        if (_engine is not null && build(_engine.Ground, _time.Now + _skew) is { } proposal)
        {
            _epochs.Submitted(token, Id);
            Deliver(new SegmentInput.OfOperator(new EpochInput.Submit(token, proposal)));
        }
    }

    public void Deliver(SegmentInput input)
    {
        if (_engine is null)
        {
            return;
        }

        _inbox.Enqueue(input);
        if (_syncing is null && _inbox.Count == 1)
        {
            Work();
        }
    }

    private void Work()
    {
        while (_engine is not null && _syncing is null && _inbox.TryPeek(out var input))
        {
            var before = input is SegmentInput.OfPublisher ? Pooled(_engine) : [];
            var outputs = _engine.Step(input, _stepped = Clock);
            CheckRefusal(input, outputs, before);
            if (Run(outputs, 0))
            {
                Finish();
            }
        }
    }

    /// <summary>Behind each epoch the gov journal starts anew with what the engine still needs, as that of a real
    /// anchor does when it is long; a crash before it leaves the old one.</summary>
    private void Finish()
    {
        _inbox.Dequeue();
        if (_rotatedAt < _ground.Epoch.Value.Number && _engine is { VotesOfSlot: { } votes })
        {
            _rotatedAt = _ground.Epoch.Value.Number;
            List<ReadOnlyMemory<byte>> carried = [.. votes];
            _disk.GovJournal.Clear();
            _disk.GovJournal.AddRange(carried);
        }
    }

    private static HashSet<Digest> Pooled(SegmentEngine engine) =>
        [.. engine.Seals.Unsealed.Select(entry => DocumentDigests.Of(entry))];

    /// <summary>
    /// A refused entry leaves no trace (I14): it is not among what waits, takes no place of what did, goes to nobody,
    /// and nothing is signed that holds it. But for one that contradicts another version of its publisher's: the
    /// greater digest of the two is kept (4.3.2).
    /// </summary>
    private void CheckRefusal(SegmentInput input, IReadOnlyList<SegmentOutput> outputs, HashSet<Digest> before)
    {
        if (input is not SegmentInput.OfPublisher { Input: SealInput.Publish publish }
            || outputs.OfType<SegmentOutput.OfSeals>().Select(o => o.Output).OfType<SealOutput.Refused>()
                .FirstOrDefault(r => r.Token == publish.Token) is not { } refused
            || refused.Refusal.Failure == VerificationFailure.PublisherEquivocation)
        {
            return;
        }

        var digest = DocumentDigests.Of(publish.Entry);
        var isKept = !Pooled(_engine!).IsSubsetOf(before);
        var isTold = outputs.OfType<SegmentOutput.Broadcast>().Any(o => o.Message is SegmentMessage.Sealing
        {
            Message: SealMessage.Entries entries,
        } && entries.List.Any(source => DocumentDigests.Of(source) == digest));
        var isSigned = outputs.OfType<SegmentOutput.SealJournal>().Any(o =>
            JournalBody.Decode(o.Body, _journaled.Find)?.Puts.Any(put => DocumentDigests.Of(put) == digest) ?? false);
        if ((isKept || isTold || isSigned) && !before.Contains(digest))
        {
            throw new ViolationException("I14", $"{Id} changed its state for a refused entry");
        }
    }

    /// <summary>Carries out outputs from an index on; false while the disk syncs.</summary>
    private bool Run(IReadOnlyList<SegmentOutput> outputs, int from)
    {
        for (var i = from; i < outputs.Count; i++)
        {
            switch (outputs[i])
            {
                case SegmentOutput.SealJournal journal:
                    _checker.Journaled(journal.Body, _journaled);
                    _journaled.Add(journal.Body);
                    Sync(_disk.SealJournal, journal.Body, outputs, i + 1);
                    return false;
                case SegmentOutput.GovJournal journal:
                    Sync(_disk.GovJournal, journal.Body, outputs, i + 1);
                    return false;
                default:
                    Carry(outputs[i]);
                    break;
            }
        }

        return true;
    }

    private void Sync(
        List<ReadOnlyMemory<byte>> journal, ReadOnlyMemory<byte> body, IReadOnlyList<SegmentOutput> outputs, int next)
    {
        var life = _life;
        _syncing = (journal, body);
        _time.After(_random.Next(3), () =>
        {
            if (life != _life)
            {
                return;
            }

            journal.Add(body);
            _syncing = null;
            if (Run(outputs, next))
            {
                Finish();
                Work();
            }
        });
    }

    private void Carry(SegmentOutput output)
    {
        switch (output)
        {
            case SegmentOutput.Send send:
                Release(send.Message);
                _network.Send(Id, send.To, send.Message);
                break;
            case SegmentOutput.Broadcast broadcast:
                Release(broadcast.Message);
                _network.Broadcast(Id, broadcast.Message);
                break;
            case SegmentOutput.OfSeals seals:
                Carry(seals.Output);
                break;
            case SegmentOutput.OfEpochs epochs:
                Carry(epochs.Output);
                break;
            case SegmentOutput.Rebased rebased:
                Approve(rebased.New);
                break;
            case SegmentOutput.Moved moved:
                _checker.Learn(moved.Ground);
                _epochs.Moved(_ground, moved);
                _disk.Move(_ground.Epoch.Digest == moved.Ground.Epoch.Digest ? _disk.Before! : _ground, moved);
                _ground = moved.Ground;
                break;
            case SegmentOutput.Published published:
                EpochChecker.Published(Id, published);
                _served = published.First.Seal.Epoch;
                break;
            case SegmentOutput.SetTimer timer:
                SetTimer(timer.At);
                break;
        }
    }

    private void Carry(SealOutput output)
    {
        switch (output)
        {
            case SealOutput.Certified certified:
                if (certified.State.Seal.Epoch != _served)
                {
                    throw new ViolationException("I17", $"{Id} serves a seal of an epoch that it did not publish");
                }

                Archive(certified.State);
                break;
            case SealOutput.Accepted accepted when _tokens.TryGetValue(accepted.Token, out var entry):
                _checker.Accept(accepted.Token, entry, Id);
                break;
            case SealOutput.Refused refused when _tokens.TryGetValue(refused.Token, out var entry):
                _checker.Refuse(refused.Token, entry, Id);
                break;
            case SealOutput.Sealed done when _tokens.TryGetValue(done.Token, out var entry):
                _checker.Seal(done.Token, entry, Id);
                break;
            case SealOutput.Superseded done when _tokens.TryGetValue(done.Token, out var entry):
                _checker.Seal(done.Token, entry, Id);
                break;
            case SealOutput.Halted halted:
                Halted(halted.Refusal);
                break;
        }
    }

    private void Carry(EpochOutput output)
    {
        switch (output)
        {
            case EpochOutput.Queued { IsWilling: false } queued:
                Approve(queued.Candidate.Digest);
                break;
            case EpochOutput.Refused { Token: { } token }:
                _epochs.Ended(token, Id);
                break;
            case EpochOutput.Decided decided:
                _epochs.Decided(Id, decided.Decision);
                if (decided.Token is { } mine)
                {
                    _epochs.Ended(mine, Id);
                }

                break;
            case EpochOutput.Evidence evidence:
                _epochs.Accused(evidence.Voter);
                break;
            case EpochOutput.Halted halted:
                Halted(halted.Refusal);
                break;
        }
    }

    /// <summary>The operator looks at the dry run, and approves.</summary>
    private void Approve(Digest digest)
    {
        var life = _life;
        _time.After(_random.Next(_random.Next(4) == 0 ? 4000 : 300), () =>
        {
            if (life == _life)
            {
                Deliver(new SegmentInput.OfOperator(new EpochInput.Approve(digest)));
            }
        });
    }

    /// <summary>
    /// A key that was never misused must not stop; with a disk that lies it may, and then promises are off.
    /// </summary>
    private void Halted(Refusal refusal)
    {
        if (_world.Options.Bug != PlantedBug.JournalNotDurable)
        {
            throw new ViolationException("I16", $"{Id} halted: {refusal}");
        }

        HasHalted = true;
    }

    private void SetTimer(long at)
    {
        var (life, timer) = (_life, ++_timer);
        _time.After(at - Clock, () =>
        {
            if (life != _life || timer != _timer)
            {
                return;
            }

            // As an anchor's loop: what it waits for is by the wall clock, what wakes it is not.
            if (at <= Clock || Clock < _stepped)
            {
                Deliver(new SegmentInput.Tick());
            }
            else
            {
                SetTimer(at);
            }
        });
    }

    /// <summary>The archive is written behind: a crash may leave an older one.</summary>
    private void Archive(CertifiedState state)
    {
        var life = _life;
        foreach (var signature in state.Certificate.Signatures)
        {
            if (signature.Kid == _world.Signer($"seal {Id}").Key.Kid)
            {
                _checker.Released(Id, state.Seal.Epoch, state.Seal.Seq, state.Digest);
            }
        }

        _time.After(_random.Next(200), () =>
        {
            if (life == _life)
            {
                _disk.Archive(_ground.Epoch.Value.Number, state);
            }
        });
    }

    private void Release(SegmentMessage message)
    {
        switch (message)
        {
            case SegmentMessage.Sealing { Message: SealMessage.Vote vote } sealing:
                if (_checker.IsSeal(vote.Seal))
                {
                    _epochs.CheckFence(Id, sealing.Epoch);
                }

                _checker.Released(Id, sealing.Epoch, vote.Seq, vote.Seal);
                break;
            case SegmentMessage.Governing { Message: EpochMessage.Vote vote }:
                _epochs.Released(Id, vote.Slot, vote.Ballot, _disk.GovJournal);
                break;
            case SegmentMessage.Governing { Message: EpochMessage.Status status }:
                foreach (var vote in status.Votes)
                {
                    _epochs.Released(Id, status.Slot, vote, _disk.GovJournal);
                }

                break;
        }
    }
}
