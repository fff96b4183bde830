using Fairlead.Governance;
using Fairlead.Naming;

namespace Fairlead.Simulator;

/// <summary>
/// A byzantine anchor: follows the protocol well enough to be listened to and lies where it pays. It signs anything
/// with its own key, shows different proposals to different anchors, burns slots, holds votes and certificates back,
/// claims any term.
/// </summary>
internal sealed class LyingAnchor : ISimulatedAnchor
{
    private const long Forging = 700;

    private readonly World _world;
    private readonly VirtualTime _time;
    private readonly Random _random;
    private readonly Network _network;
    private readonly SegmentEngine _segment;
    private readonly LyingVoter _voter;
    private readonly ISigner _signer;
    private readonly Habits _habits;
    private readonly Dictionary<Digest, Heard> _votes = [];
    private int _timer;

    internal LyingAnchor(string id, World world, VirtualTime time, Random random, Network network)
    {
        (Id, _world, _time, _random, _network) = (id, world, time, random, network);
        _signer = world.Signer($"seal {id}");
        _segment = new SegmentEngine(world.SegmentOptions(id, new Disk(), world.Neighbours(id, time)), time.Now);
        _voter = new LyingVoter(id, world, time, random, network);
        _habits = (Habits)random.Next(1, (int)Habits.All + 1);
        if (random.Next(8) == 0)
        {
            _habits = Habits.Silent;
        }

        _habits &= world.Options.Clocks ? ~Habits.Burns : ~Habits.None;
    }

    [Flags]
    private enum Habits
    {
        None = 0,
        Equivocates = 1,
        SignsAll = 2,
        LateVotes = 4,
        Burns = 8,
        Spams = 16,
        Withholds = 32,
        All = 63,
        Silent = 64,
    }

    public string Id { get; }

    private SealEngine Engine => _segment.Seals;

    internal void StartUp()
    {
        Deliver(new SegmentInput.Tick());
        if (_world.Options.Forges)
        {
            _time.After(Forging, Forge);
        }
    }

    /// <summary>Gossips a record of a publisher who never made it, under a signature of its own.</summary>
    private void Forge()
    {
        var record = Document.Make(new Record
        {
            Expires = _time.Now + WorldDocuments.RecordLife,
            Issued = _time.Now,
            Kind = RecordKind.Service,
            Name = ServicePart.Parse("n0.shop.svc"),
            Opening = default,
            Ports = [new Port { Number = 80, Protocol = PortProtocol.Http }],
            Publisher = _world.Publisher.Key.Kid,
            TtlMax = 60_000,
            Uid = default,
            Version = _time.Now,
        });
        var signature = new SignatureEntry(_world.Publisher.Key.Kid, _signer.Sign(record.Digest));
        var forged = new SignedEntry("record", new Envelope(record.Payload, [signature]), []);
        _network.Broadcast(
            Id, new SegmentMessage.Sealing(Engine.Epoch, new SealMessage.Entries(Engine.Term, [forged])));
        if (_time.Now < VirtualTime.Start + (30 * Forging))
        {
            _time.After(Forging, Forge);
        }
    }

    public void Deliver(SegmentInput input)
    {
        if (_habits == Habits.Silent)
        {
            return;
        }

        switch (input)
        {
            case SegmentInput.Receive { Message: SegmentMessage.Sealing sealing } receive
                when sealing.Epoch == Engine.Epoch:
                Overhear(receive.From, sealing.Message);
                break;
            case SegmentInput.Receive { Message: SegmentMessage.Governing governing } receive:
                _voter.Overhear(receive.From, governing.Message, _segment.Ground);
                break;
        }

        foreach (var output in _segment.Step(input, _time.Now))
        {
            Carry(output);
        }
    }

    private bool Does(Habits habit) => (_habits & habit) != 0 && _random.Next(3) > 0;

    private void Overhear(string from, SealMessage message)
    {
        switch (message)
        {
            case SealMessage.Propose propose when Does(Habits.SignsAll):
                var seal = Documents.Claim(propose.Seal);
                Send(from, new SealMessage.Vote(propose.Term, seal.Seq, seal.Digest, Sign(seal.Digest)));
                break;
            case SealMessage.Vote vote when _votes.TryGetValue(vote.Seal, out var known):
                known.Votes[vote.Signature.Kid] = vote.Signature;
                if (known.Votes.Count == _world.Options.Threshold)
                {
                    Certify(known.Seal, [.. known.Votes.Values]);
                }

                break;
        }
    }

    private void Carry(SegmentOutput output)
    {
        switch (output)
        {
            case SegmentOutput.Send { Message: SegmentMessage.Sealing sealing } send when sealing.Epoch == Engine.Epoch:
                Carry(send.To, sealing.Message);
                break;
            case SegmentOutput.Broadcast { Message: SegmentMessage.Sealing sealing } when sealing.Epoch == Engine.Epoch:
                Carry(sealing.Message);
                break;
            case SegmentOutput.Broadcast { Message: SegmentMessage.Governing governing }
                when _voter.Carry(governing.Message):
                break;
            case SegmentOutput.Send send:
                _network.Send(Id, send.To, send.Message);
                break;
            case SegmentOutput.Broadcast broadcast:
                _network.Broadcast(Id, broadcast.Message);
                break;
            case SegmentOutput.SetTimer timer:
                var version = ++_timer;
                _time.At(timer.At, () =>
                {
                    if (version == _timer)
                    {
                        Deliver(new SegmentInput.Tick());
                    }
                });
                break;
        }
    }

    private void Carry(string to, SealMessage message)
    {
        switch (message)
        {
            case SealMessage.Vote when Does(Habits.LateVotes):
                var late = new SegmentMessage.Sealing(Engine.Epoch, message);
                _time.After(_random.Next(3000), () => _network.Send(Id, to, late));
                break;
            case SealMessage.Refuse refuse when Does(Habits.Burns):
                Send(to, refuse with { Last = refuse.Last + _random.Next(5_000_000) });
                break;
            default:
                Send(to, message);
                break;
        }
    }

    private void Carry(SealMessage message)
    {
        switch (message)
        {
            case SealMessage.Propose propose:
                Propose(_world.Options is { Forges: true, Neighbours: true } ? Witnessed(propose) : propose);
                break;
            case SealMessage.Certificate when Does(Habits.Withholds):
                var late = new SegmentMessage.Sealing(Engine.Epoch, message);
                _time.After(_random.Next(3000), () => _network.Send(Id, Someone(), late));
                break;
            case SealMessage.Claim claim when Does(Habits.Spams):
                message = claim with { Term = claim.Term + _random.Next(6) };
                _network.Broadcast(Id, new SegmentMessage.Sealing(Engine.Epoch, message));
                break;
            default:
                _network.Broadcast(Id, new SegmentMessage.Sealing(Engine.Epoch, message));
                break;
        }
    }

    private void Send(string to, SealMessage message) =>
        _network.Send(Id, to, new SegmentMessage.Sealing(Engine.Epoch, message));

    /// <summary>The honest proposal to some, another of the same slot to others, and slots burned behind it.</summary>
    private void Propose(SealMessage.Propose proposal)
    {
        var claim = Documents.Claim(proposal.Seal);
        var others = Does(Habits.Equivocates) ? Variant(proposal, claim) : proposal;
        foreach (var to in _network.Ids.Where(i => i != Id))
        {
            Send(to, Listen(_random.Next(2) == 0 ? proposal : others));
        }

        if (Does(Habits.Burns) && claim.Seal is { } seal)
        {
            var far = seal with { Seq = seal.Seq + 1 + _random.Next(5000) };
            var burning = new SegmentMessage.Sealing(
                Engine.Epoch, Listen(proposal with { Seal = Document.Make(far).Payload }));
            _time.After(_random.Next(60), () => _network.Send(Id, Someone(), burning));
        }
    }

    /// <summary>The same slot with another state: without its last entry, or the same a moment earlier.</summary>
    private SealMessage.Propose Variant(SealMessage.Propose proposal, StateClaim claim)
    {
        if (claim.Handover is { } handover)
        {
            return proposal with { Seal = Document.Make(handover with { Issued = handover.Issued - 1 }).Payload };
        }

        var seal = claim.Seal!;
        if (proposal.Puts.Count == 0 || proposal.Prev is null || Engine.Newest is not { } newest
            || newest.Digest != seal.Prev)
        {
            return proposal with { Seal = Document.Make(seal with { Expires = seal.Expires - 1 }).Payload };
        }

        var kept = proposal.Puts.Take(proposal.Puts.Count - 1).ToList();
        var reader = new EntryReader(new SealEngineOptions
        {
            Self = Id,
            Genesis = _segment.Ground.Genesis,
            Epoch = _segment.Ground.Epoch,
            OperationLeaves = [.. _segment.Ground.Leaves.Leaves.Values],
            Signer = _signer,
            Signatures = _world.Check,
        });
        var entries = new List<Entry>();
        foreach (var put in kept)
        {
            if (reader.Read(put, out var entry) is null)
            {
                entries.Add(entry!);
            }
        }

        var state = newest.State.Apply(entries, proposal.Drops);
        var variant = seal with { Root = state.Tree.Root, Count = state.Tree.Count };
        return proposal with { Seal = Document.Make(variant).Payload, Puts = kept };
    }

    /// <summary>The same with a witness of a seal that nobody made.</summary>
    private SealMessage.Propose Witnessed(SealMessage.Propose proposal)
    {
        var claim = Documents.Claim(proposal.Seal);
        var forged = WitnessReader.Make(SimulatedNeighbours.Forge(_world, _signer, _time.Now))!;
        if (claim.Seal is not { } seal || proposal.Puts.Count > 0 || Engine.Newest is not { } newest
            || newest.Digest != seal.Prev
            || WitnessReader.Read(
                forged, (kind, name) => Hashes.TreeKey(
                    _segment.Ground.Genesis, _segment.Ground.Epoch.Value.Salt, kind, name), out var entry, out _)
                is not null)
        {
            return proposal;
        }

        var state = newest.State.Apply([entry!], proposal.Drops);
        var lie = seal with { Root = state.Tree.Root, Count = state.Tree.Count };
        return proposal with { Seal = Document.Make(lie).Payload, Puts = [forged] };
    }

    private SealMessage.Propose Listen(SealMessage.Propose proposal)
    {
        var seal = Documents.Claim(proposal.Seal);
        if (!_votes.ContainsKey(seal.Digest))
        {
            var own = Sign(seal.Digest);
            _votes[seal.Digest] = new Heard(
                seal.Payload, new SortedDictionary<Digest, SignatureEntry> { [own.Kid] = own });
        }

        return proposal;
    }

    private void Certify(ReadOnlyMemory<byte> seal, IReadOnlyList<SignatureEntry> votes)
    {
        var certificate = new SegmentMessage.Sealing(
            Engine.Epoch, new SealMessage.Certificate(Engine.Term, new Envelope(seal, [.. votes])));
        _time.After(_random.Next(2000), () => _network.Send(Id, Someone(), certificate));
    }

    private SignatureEntry Sign(Digest digest) => new(_signer.Key.Kid, _signer.Sign(digest));

    private string Someone()
    {
        var others = _network.Ids.Where(i => i != Id).ToList();
        return others[_random.Next(others.Count)];
    }

    private sealed record Heard(ReadOnlyMemory<byte> Seal, SortedDictionary<Digest, SignatureEntry> Votes);
}
