using Fairlead.Governance;

namespace Fairlead.Simulator;

/// <summary>
/// The real engine behind a simulated disk and clock. While the disk syncs, nothing behind the journal entry leaves;
/// a crash in between loses the entry or not, and everything behind it.
/// </summary>
internal sealed class HonestAnchor : ISimulatedAnchor
{
    private readonly World _world;
    private readonly VirtualTime _time;
    private readonly Random _random;
    private readonly Network _network;
    private readonly Checker _checker;
    private readonly long _skew;
    private readonly List<ReadOnlyMemory<byte>> _journal = [];
    private readonly Queue<SealInput> _inbox = [];
    private readonly Dictionary<long, IssuedEntry> _tokens = [];
    private CertifiedState? _archived;
    private SealEngine? _engine;
    private ReadOnlyMemory<byte>? _syncing;
    private int _life;
    private int _timer;

    internal HonestAnchor(string id, World world, VirtualTime time, Random random, Network network, Checker checker)
    {
        (Id, _world, _time, _random, _network, _checker) = (id, world, time, random, network, checker);
        _skew = random.Next(-200, 200);
    }

    public string Id { get; }

    internal bool IsUp => _engine is not null;

    internal bool HasHalted { get; private set; }

    internal SealEngine? Engine => _engine;

    private long Clock => _time.Now + _skew;

    internal void StartUp()
    {
        _life++;
        _engine = new SealEngine(_world.EngineOptions(Id, [.. _journal], _archived), Clock);
        Deliver(new SealInput.Tick());
    }

    /// <summary>Stops at once. What the disk was syncing may have reached it.</summary>
    internal void Crash()
    {
        if (_engine is null)
        {
            return;
        }

        if (_syncing is { } body && _random.Next(2) == 0)
        {
            _journal.Add(body);
        }

        if (_world.Options.Bug == PlantedBug.JournalNotDurable)
        {
            var lost = Math.Min(_journal.Count, _random.Next(4));
            _journal.RemoveRange(_journal.Count - lost, lost);
        }

        _life++;
        _engine = null;
        _syncing = null;
        _inbox.Clear();
        _tokens.Clear();
        _checker.Crashed(Id);
    }

    internal void Publish(long token, IssuedEntry entry)
    {
        if (_engine is not null)
        {
            _tokens[token] = entry;
            Deliver(new SealInput.Publish(token, entry.Source));
        }
    }

    public void Deliver(SealInput input)
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
            var (pending, last) = (_engine.Pending, _engine.LastSigned);
            var outputs = _engine.Step(input, Clock);
            CheckRefusal(input, outputs, pending, last);
            if (Run(outputs, 0))
            {
                _inbox.Dequeue();
            }
        }
    }

    /// <summary>A refused entry leaves no trace (I14).</summary>
    private void CheckRefusal(SealInput input, IReadOnlyList<SealOutput> outputs, int pending, long last)
    {
        var refused = outputs.OfType<SealOutput.Refused>().FirstOrDefault();
        if (input is SealInput.Publish && refused is not null
            && outputs.All(o => o is SealOutput.Refused or SealOutput.SetTimer)
            && (_engine!.Pending != pending || _engine.LastSigned != last))
        {
            throw new ViolationException("I14", $"{Id} changed its state for a refused entry");
        }
    }

    /// <summary>Carries out outputs from an index on; false while the disk syncs.</summary>
    private bool Run(IReadOnlyList<SealOutput> outputs, int from)
    {
        for (var i = from; i < outputs.Count; i++)
        {
            if (outputs[i] is SealOutput.Journal journal)
            {
                _checker.Journaled(journal.Body);
                Sync(journal.Body, outputs, i + 1);
                return false;
            }

            Carry(outputs[i]);
        }

        return true;
    }

    private void Sync(ReadOnlyMemory<byte> body, IReadOnlyList<SealOutput> outputs, int next)
    {
        var life = _life;
        _syncing = body;
        _time.After(_random.Next(3), () =>
        {
            if (life != _life)
            {
                return;
            }

            _journal.Add(body);
            _syncing = null;
            if (Run(outputs, next))
            {
                _inbox.Dequeue();
                Work();
            }
        });
    }

    private void Carry(SealOutput output)
    {
        switch (output)
        {
            case SealOutput.Send send:
                Release(send.Message);
                _network.Send(Id, send.To, send.Message);
                break;
            case SealOutput.Broadcast broadcast:
                Release(broadcast.Message);
                _network.Broadcast(Id, broadcast.Message);
                break;
            case SealOutput.Certified certified:
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
            case SealOutput.SetTimer timer:
                SetTimer(timer.At);
                break;
            case SealOutput.Halted halted:
                Halted(halted);
                break;
        }
    }

    /// <summary>
    /// A key that was never misused must not stop; with a disk that lies it may, and then promises are off.
    /// </summary>
    private void Halted(SealOutput.Halted halted)
    {
        if (_world.Options.Bug != PlantedBug.JournalNotDurable)
        {
            throw new ViolationException("I16", $"{Id} halted: {halted.Refusal}");
        }

        HasHalted = true;
    }

    private void SetTimer(long at)
    {
        var (life, timer) = (_life, ++_timer);
        _time.At(at - _skew, () =>
        {
            if (life == _life && timer == _timer)
            {
                Deliver(new SealInput.Tick());
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
                _checker.Released(Id, state.Seal.Seq, state.Digest);
            }
        }

        _time.After(_random.Next(200), () =>
        {
            if (life == _life && (_archived is null || _archived.Seal.Seq < state.Seal.Seq))
            {
                _archived = state;
            }
        });
    }

    private void Release(SealMessage message)
    {
        if (message is SealMessage.Vote vote)
        {
            _checker.Released(Id, vote.Seq, vote.Seal);
        }
    }
}
