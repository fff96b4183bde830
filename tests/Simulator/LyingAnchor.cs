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
    private readonly World _world;
    private readonly VirtualTime _time;
    private readonly Random _random;
    private readonly Network _network;
    private readonly SealEngine _engine;
    private readonly ISigner _signer;
    private readonly Habits _habits;
    private readonly Dictionary<Digest, Heard> _votes = [];
    private int _timer;

    internal LyingAnchor(string id, World world, VirtualTime time, Random random, Network network)
    {
        (Id, _world, _time, _random, _network) = (id, world, time, random, network);
        _signer = world.Signer($"seal {id}");
        _engine = new SealEngine(world.EngineOptions(id, [], null), time.Now);
        _habits = (Habits)random.Next(1, (int)Habits.All + 1);
        if (random.Next(8) == 0)
        {
            _habits = Habits.Silent;
        }
    }

    [Flags]
    private enum Habits
    {
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

    internal void StartUp() => Deliver(new SealInput.Tick());

    public void Deliver(SealInput input)
    {
        if (_habits == Habits.Silent)
        {
            return;
        }

        if (input is SealInput.Receive { Message: var message } receive)
        {
            Overhear(receive.From, message);
        }

        foreach (var output in _engine.Step(input, _time.Now))
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
                var seal = Documents.Read<Seal>(propose.Seal);
                _network.Send(Id, from, new SealMessage.Vote(
                    propose.Term, seal.Value.Seq, seal.Digest, Sign(seal.Digest)));
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

    private void Carry(SealOutput output)
    {
        switch (output)
        {
            case SealOutput.Send { Message: SealMessage.Vote } vote when Does(Habits.LateVotes):
                _time.After(_random.Next(3000), () => _network.Send(Id, vote.To, vote.Message));
                break;
            case SealOutput.Send { Message: SealMessage.Refuse refuse } send when Does(Habits.Burns):
                _network.Send(Id, send.To, refuse with { Last = refuse.Last + _random.Next(5_000_000) });
                break;
            case SealOutput.Send send:
                _network.Send(Id, send.To, send.Message);
                break;
            case SealOutput.Broadcast { Message: SealMessage.Propose propose }:
                Propose(propose);
                break;
            case SealOutput.Broadcast { Message: SealMessage.Certificate } certificate when Does(Habits.Withholds):
                _time.After(_random.Next(3000), () => _network.Send(Id, Someone(), certificate.Message));
                break;
            case SealOutput.Broadcast { Message: SealMessage.Claim claim } when Does(Habits.Spams):
                _network.Broadcast(Id, claim with { Term = claim.Term + _random.Next(6) });
                break;
            case SealOutput.Broadcast broadcast:
                _network.Broadcast(Id, broadcast.Message);
                break;
            case SealOutput.SetTimer timer:
                var version = ++_timer;
                _time.At(timer.At, () =>
                {
                    if (version == _timer)
                    {
                        Deliver(new SealInput.Tick());
                    }
                });
                break;
        }
    }

    /// <summary>The honest proposal to some, another of the same slot to others, and slots burned behind it.</summary>
    private void Propose(SealMessage.Propose proposal)
    {
        var seal = Documents.Read<Seal>(proposal.Seal).Value;
        var others = Does(Habits.Equivocates) ? Variant(proposal, seal) : proposal;
        foreach (var to in _network.Ids.Where(i => i != Id))
        {
            _network.Send(Id, to, Listen(_random.Next(2) == 0 ? proposal : others));
        }

        if (Does(Habits.Burns))
        {
            var far = seal with { Seq = seal.Seq + 1 + _random.Next(5000) };
            var burning = Listen(proposal with { Seal = Document.Make(far).Payload });
            _time.After(_random.Next(60), () => _network.Send(Id, Someone(), burning));
        }
    }

    private SealMessage.Propose Variant(SealMessage.Propose proposal, Seal seal)
    {
        if (proposal.Puts.Count == 0 || proposal.Prev is null || _engine.Newest is not { } newest
            || newest.Digest != seal.Prev)
        {
            return proposal with { Seal = Document.Make(seal with { Expires = seal.Expires - 1 }).Payload };
        }

        // The same slot without its last entry: a state of its own that hides a change.
        var kept = proposal.Puts.Take(proposal.Puts.Count - 1).ToList();
        var reader = new EntryReader(_world.EngineOptions(Id, [], null));
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

    private SealMessage.Propose Listen(SealMessage.Propose proposal)
    {
        var seal = Documents.Read<Seal>(proposal.Seal);
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
        var certificate = new SealMessage.Certificate(_engine.Term, new Envelope(seal, [.. votes]));
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
