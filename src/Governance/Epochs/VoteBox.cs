using System.Collections.Immutable;
using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// The votes of one slot, one per key, phase and round: the first that came counts. Two that contradict each other
/// prove that their key lies.
/// </summary>
internal sealed class VoteBox(GovQuorum quorum)
{
    private readonly SortedDictionary<(long Round, string Phase), Dictionary<string, EpochVote>> _votes =
        new(Comparer<(long Round, string Phase)>.Create(static (one, two) => one.Round != two.Round
            ? one.Round.CompareTo(two.Round)
            : string.CompareOrdinal(one.Phase, two.Phase)));

    private readonly SortedDictionary<long, PrepareCertificate> _prepared = [];
    private readonly HashSet<string> _exposed = new(StringComparer.Ordinal);

    /// <summary>The PrepareCert of the highest round; null where nothing was prepared by T.</summary>
    internal PrepareCertificate? Best => _prepared.Count == 0 ? null : _prepared.Last().Value;

    /// <summary>Takes a checked vote.</summary>
    /// <returns>An earlier vote that it contradicts, once per voter.</returns>
    internal EpochVote? Add(string voter, EpochVote vote)
    {
        var key = (vote.Round, vote.Phase);
        if (!_votes.TryGetValue(key, out var box))
        {
            _votes.Add(key, box = new Dictionary<string, EpochVote>(StringComparer.Ordinal));
        }

        if (!box.TryAdd(voter, vote))
        {
            return box[voter].Digest != vote.Digest && _exposed.Add(voter) ? box[voter] : null;
        }

        if (vote.Phase == VotePhase.Prepare && !_prepared.ContainsKey(vote.Round)
            && Certify(VotePhase.Prepare, vote.Round, vote.Digest) is { } signatures)
        {
            _prepared.Add(vote.Round, new PrepareCertificate(vote.Round, vote.Digest, signatures));
        }

        return null;
    }

    /// <summary>
    /// Takes a checked PrepareCert as a whole: who lies about its own vote to some must not keep others from seeing it.
    /// </summary>
    internal void Add(PrepareCertificate prepared) => _prepared.TryAdd(prepared.Round, prepared);

    /// <summary>What T anchors prepared in a round; null where they did not.</summary>
    internal PrepareCertificate? Prepared(long round) => _prepared.GetValueOrDefault(round);

    /// <summary>The anchors that voted for a candidate in any round, by id.</summary>
    internal IReadOnlyList<string> Voters(Digest digest) =>
    [
        .. _votes.Values.SelectMany(b => b).Where(v => v.Value.Digest == digest).Select(v => v.Key)
            .Concat(_prepared.Values.Where(p => p.Digest == digest)
                .SelectMany(p => p.Signatures, (_, signature) => quorum.IdOf(signature.Kid)).OfType<string>())
            .Distinct().Order(StringComparer.Ordinal),
    ];

    internal bool Knows(string voter, EpochVote vote) =>
        _votes.TryGetValue((vote.Round, vote.Phase), out var box)
        && box.TryGetValue(voter, out var known) && known.Digest == vote.Digest;

    /// <summary>The certificate that the votes of one round make for one candidate; null while too few.</summary>
    private ImmutableArray<SignatureEntry>? Certify(string phase, long round, Digest digest) =>
        _votes.TryGetValue((round, phase), out var box)
            ? quorum.Assemble(box.Values.Where(v => v.Digest == digest).Select(v => v.Signature))
            : null;

    /// <summary>Whether T prepared a candidate in a round after one and before another (the unlocking rule).</summary>
    internal bool HasPrepared(Digest digest, long after, long before) =>
        _prepared.Values.Any(p => p.Digest == digest && p.Round > after && p.Round < before);

    /// <summary>A candidate that T commits of one round decide.</summary>
    internal (Digest Digest, long Round, ImmutableArray<SignatureEntry> Signatures)? Decision()
    {
        foreach (var ((round, phase), box) in _votes)
        {
            if (phase != VotePhase.Commit)
            {
                continue;
            }

            foreach (var digest in box.Values.Select(v => v.Digest).Distinct())
            {
                if (Certify(VotePhase.Commit, round, digest) is { } signatures)
                {
                    return (digest, round, signatures);
                }
            }
        }

        return null;
    }

    /// <summary>The latest vote held of an anchor, commit before prepare; null for none.</summary>
    internal EpochVote? LatestOf(string voter) =>
        _votes.Reverse().Where(b => b.Value.ContainsKey(voter))
            .OrderByDescending(b => b.Key.Round)
            .ThenBy(b => b.Key.Phase, StringComparer.Ordinal)
            .Select(b => b.Value[voter])
            .FirstOrDefault();

    /// <summary>Forgets votes of rounds long past; what was prepared stays.</summary>
    internal void Trim(long round)
    {
        foreach (var key in _votes.Keys.Where(k => k.Round < round - EpochLimits.RoundsKept).ToList())
        {
            _votes.Remove(key);
        }
    }
}
