using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Simulator;

/// <summary>
/// The byzantine side of a government: proposes different epochs to different anchors, out of turn too, votes for all
/// of them and shows each vote to whom it pleases, late or never, and hides what was prepared.
/// </summary>
internal sealed class LyingVoter
{
    private readonly string _id;
    private readonly VirtualTime _time;
    private readonly Random _random;
    private readonly Network _network;
    private readonly ISigner _signer;
    private readonly Digest _genesis;
    private readonly Dictionary<(long Slot, Digest Digest), EpochProposal> _heard = [];
    private readonly Habits _habits;
    private readonly bool _mayCommit;

    internal LyingVoter(string id, World world, VirtualTime time, Random random, Network network)
    {
        (_id, _time, _random, _network) = (id, time, random, network);
        _signer = world.Signer($"gov {id}");
        _genesis = world.Segment.Genesis;
        _habits = world.Options.Rounds ? Habits.All : (Habits)random.Next((int)Habits.All + 1);
        _mayCommit = !world.Options.Rounds;
    }

    [Flags]
    private enum Habits
    {
        Equivocates = 1,
        VotesTwice = 2,
        LateVotes = 4,
        Hides = 8,
        OutOfTurn = 16,
        All = 31,
    }

    private IEnumerable<string> Others => _network.Ids.Where(i => i != _id);

    /// <summary>Learns operations, and answers proposals and votes with votes of its own for anything.</summary>
    internal void Overhear(string from, EpochMessage message, EpochGround ground)
    {
        switch (message)
        {
            case EpochMessage.Offer offer:
                Learn(offer.Slot, offer.Proposal);
                break;
            case EpochMessage.Propose propose:
                Learn(propose.Slot, propose.Proposal);
                if (Does(Habits.VotesTwice))
                {
                    Vote(from, propose.Slot, VotePhase.Prepare, propose.Round, DigestOf(propose.Proposal));
                }

                break;
            case EpochMessage.Vote { Ballot: var vote } when Does(Habits.VotesTwice)
                && (_mayCommit || vote.Phase == VotePhase.Prepare):
                Vote(_random.Next(2) == 0 ? from : Someone(), message.Slot, vote.Phase, vote.Round, vote.Digest);
                break;
            case EpochMessage.Status status when Does(Habits.OutOfTurn) && message.Slot == ground.Next:
                Propose(status.Slot, status.Round);
                break;
        }
    }

    /// <summary>Whether an own message was dealt with here.</summary>
    internal bool Carry(EpochMessage message)
    {
        switch (message)
        {
            case EpochMessage.Propose propose when Does(Habits.Equivocates):
                Learn(propose.Slot, propose.Proposal);
                Propose(propose.Slot, propose.Round);
                return true;
            case EpochMessage.Vote { Ballot.Phase: VotePhase.Commit } when !_mayCommit:
                return true;
            case EpochMessage.Vote when Does(Habits.LateVotes):
                _time.After(_random.Next(8000), () => Send(Someone(), message));
                return true;
            case EpochMessage.Vote or EpochMessage.Decided when Does(Habits.Hides):
                Send(Someone(), message);
                return true;
            case EpochMessage.Status status when Does(Habits.Hides):
                foreach (var to in Others)
                {
                    Send(to, status with { Best = null, Votes = [] });
                }

                return true;
            default:
                return false;
        }
    }

    private static Digest DigestOf(EpochProposal proposal) => Documents.Read<Epoch>(proposal.Epoch).Digest;

    private bool Does(Habits habit) => (_habits & habit) != 0 && _random.Next(3) > 0;

    private void Learn(long slot, EpochProposal proposal) => _heard[(slot, DigestOf(proposal))] = proposal;

    /// <summary>To each anchor some operation of the slot, with a vote for it.</summary>
    private void Propose(long slot, long round)
    {
        var values = _heard.Where(h => h.Key.Slot == slot).OrderBy(h => h.Key.Digest).Select(h => h.Value).ToList();
        if (values.Count == 0)
        {
            return;
        }

        // Two values, so that each has a chance of enough prepares.
        var pair = new[] { values[_random.Next(values.Count)], values[_random.Next(values.Count)] };
        foreach (var to in Others)
        {
            var value = pair[_random.Next(2)];
            Send(to, new EpochMessage.Propose(slot, round, value, null));
            if (_random.Next(2) == 0)
            {
                Vote(to, slot, VotePhase.Prepare, round, DigestOf(value));
            }
        }
    }

    private void Vote(string to, long slot, string phase, long round, Digest digest)
    {
        var vote = Document.Make(new Vote
        {
            Digest = digest, Epoch = slot, Phase = phase, Round = round, Segment = _genesis,
        });
        Send(to, new EpochMessage.Vote(slot, new EpochVote(
            phase, round, digest, new SignatureEntry(_signer.Key.Kid, _signer.Sign(vote.Digest)))));
    }

    private void Send(string to, EpochMessage message) =>
        _network.Send(_id, to, new SegmentMessage.Governing(message));

    private string Someone()
    {
        var others = Others.ToList();
        return others[_random.Next(others.Count)];
    }
}
