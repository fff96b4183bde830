using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// The certified states that this anchor holds: the newest, some before it to serve others from, and the proposed
/// states that may become certified.
/// </summary>
internal sealed class Chain
{
    private readonly LeafState _start;
    private CertifiedCandidate? _lastSeal;
    private readonly Digest? _startDigest;
    private readonly List<CertifiedCandidate> _history = [];
    private readonly Dictionary<Digest, Candidate> _candidates = [];

    /// <param name="start">The state that the epoch's first seal follows.</param>
    /// <param name="startDigest">The handover's digest; null in epoch 0.</param>
    /// <param name="startIssued">No seal of the epoch is issued before it.</param>
    /// <param name="isStartKnown">
    /// Whether the handover's state is in hand; without it this anchor waits for a certified state of the epoch.
    /// </param>
    internal Chain(LeafState start, Digest? startDigest, long startIssued, bool isStartKnown)
    {
        _start = start;
        IsStartKnown = isStartKnown;
        _startDigest = startDigest;
        StartIssued = startIssued;
    }

    internal bool IsStartKnown { get; }

    /// <summary>Whether there is a state to build on.</summary>
    internal bool IsGrounded => IsStartKnown || Newest is not null;

    /// <summary>The newest certified seal: what is served, also behind a handover.</summary>
    internal CertifiedCandidate? LastSeal => _lastSeal;

    /// <summary>The certified handover that ends the epoch; null before.</summary>
    internal CertifiedCandidate? Handover => Newest?.Candidate.Claim.Handover is null ? null : Newest;

    internal CertifiedCandidate? Newest => _history.Count == 0 ? null : _history[^1];

    /// <summary>The newest certified number of this epoch; -1 before the first.</summary>
    internal long Seq => Newest?.Candidate.Seq ?? -1;

    /// <summary>What the next seal names as its prev: the newest seal, the handover, or nothing.</summary>
    internal Digest? Head => Newest?.Candidate.Claim.Digest ?? (IsStartKnown ? _startDigest : null);

    internal long Issued => Newest?.Candidate.Claim.Issued ?? StartIssued;

    internal LeafState State => Newest?.Candidate.State ?? _start;

    internal long StartIssued { get; }

    internal LeafState Start => _start;

    internal Digest? StartDigest => _startDigest;

    internal Candidate? Candidate(Digest seal) => _candidates.GetValueOrDefault(seal);

    internal CertifiedCandidate? Certified(Digest seal) =>
        _history.FindLast(c => c.Candidate.Claim.Digest == seal);

    internal void Remember(Candidate candidate)
    {
        if (_candidates.Count >= SealLimits.History)
        {
            _candidates.Remove(_candidates.MinBy(c => (c.Value.Seq, c.Key)).Key);
        }

        _candidates[candidate.Claim.Digest] = candidate;
    }

    internal void Adopt(CertifiedCandidate certified)
    {
        _history.Add(certified);
        _lastSeal = certified.Candidate.Claim.Seal is null ? _lastSeal : certified;
        if (_history.Count > SealLimits.History)
        {
            _history.RemoveAt(0);
        }

        foreach (var (digest, candidate) in _candidates.ToList())
        {
            if (candidate.Seq <= certified.Candidate.Seq)
            {
                _candidates.Remove(digest);
            }
        }
    }

    /// <summary>
    /// The certified seals from one held by an asker up to another, oldest first; null where they do not connect here.
    /// </summary>
    internal IReadOnlyList<CertifiedCandidate>? Between(Digest? have, CertifiedCandidate target)
    {
        var path = new List<CertifiedCandidate>();
        for (CertifiedCandidate? at = target; at is { Candidate.IsWhole: false };)
        {
            path.Insert(0, at);
            var from = at.Candidate.Base;
            if (from == have)
            {
                return path;
            }

            at = from is { } digest ? Certified(digest) : null;
        }

        return null;
    }
}
