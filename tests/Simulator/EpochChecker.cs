using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Simulator;

/// <summary>
/// Watches the government of a run from outside: every vote that left an honest anchor, every decision, every operator
/// who waits. It counts for itself and believes no engine.
/// </summary>
internal sealed class EpochChecker(World world, int liars)
{
    private readonly Dictionary<(string Anchor, long Slot, string Phase, long Round), Digest> _votes = [];
    private readonly Dictionary<(long Slot, long Round, Digest Digest), HashSet<string>> _commits = [];
    private readonly SortedDictionary<long, Digest> _certifiable = [];
    private readonly SortedDictionary<long, Digest> _decided = [];
    private readonly HashSet<(string Anchor, long Epoch)> _fenced = [];
    private readonly HashSet<Digest> _judged = [];
    private readonly Dictionary<long, (string Anchor, bool IsEnded, bool IsLost)> _waiting = [];
    private readonly HashSet<string> _honest = new(StringComparer.Ordinal);

    internal int Decisions => _decided.Count;

    internal void Trust(string anchor) => _honest.Add(anchor);

    /// <summary>A vote of an honest anchor left it.</summary>
    internal void Released(string anchor, long slot, EpochVote vote, IReadOnlyList<ReadOnlyMemory<byte>> journal)
    {
        var key = (anchor, slot, vote.Phase, vote.Round);
        if (_votes.TryGetValue(key, out var before))
        {
            if (before != vote.Digest)
            {
                throw new ViolationException("I2", $"{anchor} voted twice to {vote.Phase} in round {vote.Round}");
            }

            if (before == vote.Digest)
            {
                return;
            }
        }

        _votes[key] = vote.Digest;
        if (vote.Phase != VotePhase.Commit)
        {
            return;
        }

        _fenced.Add((anchor, slot - 1));
        CheckRight(anchor, slot, vote, journal);
        if (!_commits.TryGetValue((slot, vote.Round, vote.Digest), out var voters))
        {
            _commits.Add((slot, vote.Round, vote.Digest), voters = new HashSet<string>(StringComparer.Ordinal));
        }

        // The liars sign everything: with this many honest commits of one payload they can make a certificate.
        if (voters.Add(anchor) && voters.Count == Math.Max(1, world.Options.Threshold - liars))
        {
            if (_certifiable.TryGetValue(slot, out var other) && other != vote.Digest)
            {
                throw new ViolationException("I1", $"epoch {slot} can be certified as {other} and as {vote.Digest}");
            }

            _certifiable[slot] = vote.Digest;
        }
    }

    /// <summary>
    /// What the handover's safety stands on (4.3.3): after its commit to an epoch an anchor signs no seal of the one
    /// before.
    /// </summary>
    internal void CheckFence(string anchor, long epoch)
    {
        if (_fenced.Contains((anchor, epoch)))
        {
            throw new ViolationException("I21", $"{anchor} signs a seal of epoch {epoch} after its commit to the next");
        }
    }

    internal void Submitted(long token, string anchor) => _waiting[token] = (anchor, false, false);

    /// <summary>An operation was decided or refused where it was submitted (I11).</summary>
    internal void Ended(long token, string anchor)
    {
        if (!_waiting.TryGetValue(token, out var waiting) || waiting.IsEnded || waiting.Anchor != anchor)
        {
            throw new ViolationException("I11", $"{anchor} ended operation {token} twice, or never had it");
        }

        _waiting[token] = waiting with { IsEnded = true };
    }

    internal void Crashed(string anchor)
    {
        foreach (var (token, waiting) in _waiting.Where(w => w.Value.Anchor == anchor).ToList())
        {
            _waiting[token] = waiting with { IsLost = true };
        }
    }

    internal void Accused(string voter)
    {
        if (_honest.Contains(voter))
        {
            throw new ViolationException("I18", $"evidence against {voter}, which signed nothing twice");
        }
    }

    internal void Decided(string anchor, EpochDecision decision)
    {
        var number = decision.Candidate.Epoch.Value.Number;
        if (_decided.TryGetValue(number, out var other) && other != decision.Candidate.Digest)
        {
            throw new ViolationException("I1", $"{anchor} decided another epoch {number}");
        }

        _decided[number] = decision.Candidate.Digest;
    }

    /// <summary>I22: what an operation does not name stays as it was.</summary>
    internal void Moved(EpochGround before, SegmentOutput.Moved moved)
    {
        var (old, now) = (before.Epoch.Value, moved.Ground.Epoch.Value);
        if (old.Number + 1 != now.Number || !_judged.Add(moved.Ground.Epoch.Digest)
            || now.Op.Type is not (OpType.Join or OpType.Renew or OpType.Peer))
        {
            return;
        }

        var isStranger = Rest(old).AsSpan().SequenceEqual(Rest(now));
        foreach (var (key, leaf) in before.Leaves.Leaves)
        {
            var after = moved.Ground.Leaves.Leaves.GetValueOrDefault(key);
            isStranger &= after?.Commitment == leaf.Commitment || key.Class is LeafClass.Link or LeafClass.Peer;
        }

        if (!isStranger)
        {
            throw new ViolationException("I22", $"epoch {now.Number} ({now.Op.Type}) touched what it does not name");
        }
    }

    /// <summary>I17: with an epoch goes its first seal.</summary>
    internal static void Published(string anchor, SegmentOutput.Published published)
    {
        if (published.Steps.Count == 0
            || Documents.Read<Epoch>(published.Steps[^1].Proposal.Epoch).Digest != published.First.Seal.EpochDigest)
        {
            throw new ViolationException("I17", $"{anchor} publishes an epoch without its first seal");
        }
    }

    /// <summary>After the storm: one chain everywhere (I16), and nobody waits (I10, I11).</summary>
    internal void End(IReadOnlyList<HonestAnchor> anchors)
    {
        var newest = anchors.Max(a => a.Engine?.Ground.Epoch.Value.Number ?? -1);
        foreach (var anchor in anchors)
        {
            if (anchor.Engine is not { } engine || engine.Ground.Epoch.Value.Number != newest
                || (_decided.TryGetValue(newest, out var digest) && engine.Ground.Epoch.Digest != digest))
            {
                throw new ViolationException(
                    "I16", $"{anchor.Id} ends in epoch {anchor.Engine?.Ground.Epoch.Value.Number} of {newest}");
            }
        }

        foreach (var (token, waiting) in _waiting)
        {
            if (!waiting.IsEnded && !waiting.IsLost)
            {
                throw new ViolationException("I10",
                    $"operation {token} of {waiting.Anchor} is neither decided nor refused");
            }
        }
    }

    /// <summary>An epoch without what every operation changes, and without peers and uplinks.</summary>
    private static byte[] Rest(Epoch epoch) => (epoch with
    {
        Number = 0, Issued = 0, Expires = 0, Prev = null, Op = new EpochOp { Type = OpType.Renew }, Peers = [],
            Uplinks = [],
    }).Encode();

    /// <summary>I3: the PrepareCert of a commit is on disk, and is one.</summary>
    private void CheckRight(string anchor, long slot, EpochVote vote, IReadOnlyList<ReadOnlyMemory<byte>> journal)
    {
        foreach (var body in journal)
        {
            if (EpochJournalBody.Decode(body) is { Phase: VotePhase.Commit } entry && entry.Slot == slot
                && (entry.Round == vote.Round || world.Options.Bug == PlantedBug.CommitAnyRound)
                && entry.Digest == vote.Digest)
            {
                var prepare = Document.Make(new Vote
                {
                    Digest = entry.Digest,
                    Epoch = slot,
                    Phase = VotePhase.Prepare,
                    Round = entry.Round,
                    Segment = world.Segment.Genesis,
                });
                var voters = world.Ids.Where(id => entry.Prepared.Any(s => world.Check.Check(
                    world.Signer($"gov {id}").Key, prepare.Digest, s.Value.Span) is null)).Count();
                if (voters == world.Options.Threshold && entry.Prepared.Length == voters)
                {
                    return;
                }
            }
        }

        throw new ViolationException("I3", $"{anchor} commits {vote.Digest} without its PrepareCert on disk");
    }
}
