using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Governance;

/// <summary>
/// The operations that wait for this slot: one is decided, the others wait for the next. Which of them this anchor
/// would prepare, and which others say they would. The order is by time of issue, so that proposers agree on the head.
/// </summary>
internal sealed class OperationQueue(EpochCore core)
{
    private readonly Dictionary<Digest, Item> _items = [];
    private readonly HashSet<Digest> _approvals = [];
    private readonly Queue<Digest> _early = [];
    private readonly TakenBack _takenBack = new();
    private readonly Dictionary<string, HashSet<Digest>> _willing = new(StringComparer.Ordinal);
    private readonly ForeignFacts _foreign = new(core.Options.Ground, core.Options.Foreign);

    internal int Count => _items.Count;

    internal IReadOnlyDictionary<Digest, ForeignSegment> Foreign => _foreign.Newest;

    internal EpochCandidate? Find(Digest digest) => _items.GetValueOrDefault(digest)?.Candidate;

    /// <summary>The anchor that told of an operation that waits.</summary>
    internal string SourceOf(Digest digest) => _items[digest].Source;

    internal long? Token(Digest digest) => _items.GetValueOrDefault(digest)?.Token;

    /// <summary>Reads an operation and lets it wait.</summary>
    /// <returns>Why it was refused; null where it waits, or did before.</returns>
    internal Refusal? Add(string source, EpochProposal proposal, long? token)
    {
        if (!CandidateRules.TryRead(core.Ground, proposal, core.Checks, out var candidate, out var refusal))
        {
            return refusal;
        }

        if (_items.TryGetValue(candidate.Digest, out var known))
        {
            Again(known, token);
            return null;
        }

        // What more than F vote for is at least one honest anchor's value, whoever told of it, and so is what this
        // anchor voted for before it started anew. Renewals have room of their own.
        var isRenewal = IsRenewal(candidate);
        var room = isRenewal ? EpochLimits.RenewalsPerAnchor : EpochLimits.QueuedPerAnchor;
        if (_items.Values.Count(i => i.Source == source && IsRenewal(i.Candidate) == isRenewal) >= room
            && !core.Voted.Contains(candidate.Digest)
            && core.Votes.Voters(candidate.Digest).Count <= core.Quorum.Faults)
        {
            return new Refusal(VerificationFailure.RateLimited, "operation", $"{room} of {source} wait");
        }

        _items.Add(candidate.Digest, new Item(candidate, source, core.Now) { Token = token });
        core.Emit(new EpochOutput.Queued(token, candidate, IsWilling(candidate.Digest)));
        return null;
    }

    /// <summary>The same operation again, as after a lost connection: whoever asked last is told its fate.</summary>
    private void Again(Item known, long? token)
    {
        if (token is null)
        {
            return;
        }

        if (known.Token is { } old && old != token)
        {
            core.Emit(new EpochOutput.Refused(old, known.Candidate.Digest, new Refusal(
                VerificationFailure.EpochSuperseded, "operation", "submitted again")));
        }

        known.Token = token;
        core.Emit(new EpochOutput.Queued(token, known.Candidate, IsWilling(known.Candidate.Digest)));
    }

    /// <summary>The operator approves. An operation that is not here yet may come; of those that never do the oldest
    /// make room, so that they cannot keep out the approval of one that waits.</summary>
    internal void Approve(Digest digest)
    {
        if (!_approvals.Add(digest) || _items.ContainsKey(digest))
        {
            return;
        }

        _early.Enqueue(digest);
        if (_early.Count > EpochLimits.DigestsPerMessage && _early.Dequeue() is var old && !_items.ContainsKey(old))
        {
            _approvals.Remove(old);
        }
    }

    /// <summary>
    /// The operator takes back an operation that this anchor told the others of, and the approval of any. What this
    /// anchor voted for stays, and the content of what others did, for they can vote for nothing else by then.
    /// </summary>
    internal void TakeBack(long token, Digest digest)
    {
        var voters = core.Votes.Voters(digest);
        var isBound = voters.Contains(core.Self);
        var isApproval = !isBound && _items.ContainsKey(digest) && _approvals.Remove(digest);
        var isProposal = voters.Count == 0 && _items.TryGetValue(digest, out var item) && item.Source == core.Self;
        if (isProposal)
        {
            _takenBack.Keep(_items[digest].Candidate);
            Drop(digest, $"{core.Self} took it back");
        }

        core.Emit(new EpochOutput.TakenBack(token, digest, isProposal, isApproval, voters));
    }

    /// <summary>
    /// Others' word about what they took back: it goes where they told of it, and nobody voted for it. The approval of
    /// the own operator stays, for another anchor may tell of it again.
    /// </summary>
    internal void Hear(string from, IEnumerable<Digest> takenBack)
    {
        foreach (var digest in takenBack.Take(EpochLimits.DigestsPerMessage))
        {
            if (_items.TryGetValue(digest, out var item) && item.Source == from
                && core.Votes.Voters(digest).Count == 0)
            {
                _takenBack.PassOn(digest);
                Drop(digest, $"{from} took it back");
            }
        }
    }

    /// <summary>What this anchor's operator took back in the slot before, or before a start.</summary>
    internal void Restore(EpochProposal takenBack)
    {
        if (CandidateRules.TryRead(core.Ground, takenBack, core.Checks, out var candidate, out _))
        {
            _takenBack.Keep(candidate);
        }
    }

    /// <summary>What others are told not to wait for any more.</summary>
    internal List<Digest> Gone() => [.. _takenBack.Digests.Where(digest => !_items.ContainsKey(digest))];

    /// <summary>What the operator took back, for the next slot.</summary>
    internal IReadOnlyList<EpochCandidate> Kept => _takenBack.Kept;

    internal void Learn(Digest genesis, ForeignSegment segment) => _foreign.Learn(genesis, segment);

    /// <summary>Others' word about what they would prepare: it only says what is worth a round.</summary>
    internal void SetWilling(string anchor, IEnumerable<Digest> digests) =>
        _willing[anchor] = [.. digests.Take(EpochLimits.DigestsPerMessage)];

    /// <summary>Whether this anchor would prepare an operation now. What it voted for it would again, though a start
    /// has forgotten by whose word: others may be unable to decide without it.</summary>
    internal bool IsWilling(Digest digest) =>
        _items.TryGetValue(digest, out var item)
        && CandidateRules.CheckTimes(core.Ground, item.Candidate.Epoch.Value, core.Now) is null
        && (_approvals.Contains(digest) || core.Voted.Contains(digest) || IsAutomatic(item));

    /// <summary>What this anchor would prepare, in order.</summary>
    internal List<Digest> Willing() => [.. InOrder().Where(IsWilling)];

    /// <summary>What this anchor tells others of: its own operations, and those it would prepare.</summary>
    internal List<Digest> Vouched() =>
        [.. InOrder().Where(d => _items[d].Source == core.Self || IsWilling(d)).Take(EpochLimits.DigestsPerMessage)];

    /// <summary>The operations that T anchors would prepare, in order.</summary>
    internal IEnumerable<Digest> Eligible() =>
        InOrder().Where(IsEligible);

    internal IReadOnlyList<string> Supporters(Digest digest) =>
    [
        .. _willing.Where(one => one.Value.Contains(digest)).Select(one => one.Key)
            .Concat(IsWilling(digest) ? [core.Self] : []).Order(StringComparer.Ordinal),
    ];

    /// <summary>Refuses what waited longer than it would live.</summary>
    internal void Prune()
    {
        foreach (var (digest, item) in _items.ToList())
        {
            if (item.Candidate.Epoch.Value.Expires <= core.Now && core.Votes.Voters(digest).Count == 0)
            {
                _items.Remove(digest);
                _approvals.Remove(digest);
                core.Emit(new EpochOutput.Refused(item.Token, digest, new Refusal(
                    VerificationFailure.EpochExpired, "operation", "waited longer than its epoch would live")));
            }
        }
    }

    /// <summary>
    /// What this anchor is to propose of renewals. One that needs an approval, as it may never have, keeps nobody from
    /// proposing the one that needs none. One whose floors too few anchors know may never be prepared either: after a
    /// while it keeps nobody from proposing one without floors, which every anchor would prepare.
    /// </summary>
    /// <returns>Whether one waits that is enough, until when (unix ms; null for ever), and whether those that wait are
    /// not enough for their floors alone.</returns>
    internal (bool IsHeld, long? Until, bool OnlyFloors) Renewals()
    {
        var waiting = _items.Where(one => IsRenewal(one.Value.Candidate) && IsWilling(one.Key)).ToList();
        if (waiting.Count == 0)
        {
            return (false, null, false);
        }

        if (waiting.Exists(one => !one.Value.StatesFloors(core.Ground) || IsEligible(one.Key)))
        {
            return (true, null, false);
        }

        var until = waiting.Max(one => one.Value.Since) + EpochLimits.FloorsPatience;
        return (core.Now < until, until, core.Now >= until);
    }

    /// <summary>All that waits but one, for the next slot.</summary>
    internal IReadOnlyList<(EpochCandidate Candidate, QueuedOperation Operation)> Others(Digest decided) =>
    [
        .. InOrder().Where(d => d != decided).Select(d => (_items[d].Candidate, new QueuedOperation(
            _items[d].Candidate.Proposal, _items[d].Token, _items[d].Source, _approvals.Contains(d)))),
    ];

    private bool IsEligible(Digest digest) =>
        _willing.Values.Count(w => w.Contains(digest)) + (IsWilling(digest) ? 1 : 0) >= core.Quorum.Threshold;

    private static bool IsRenewal(EpochCandidate candidate) => candidate.Epoch.Value.Op.Type == OpType.Renew;

    private void Drop(Digest digest, string why)
    {
        if (_approvals.Contains(digest))
        {
            _early.Enqueue(digest);
        }

        _items.Remove(digest, out var item);
        core.Emit(new EpochOutput.Refused(
            item!.Token, digest, new Refusal(VerificationFailure.EpochSuperseded, "operation", why)));
    }

    private IEnumerable<Digest> InOrder() =>
        _items.Values.OrderBy(i => i.Candidate.Epoch.Value.Issued).ThenBy(i => i.Candidate.Digest)
            .Select(i => i.Candidate.Digest);

    /// <summary>
    /// A renewal when it is due, and what the policy lists; of policies and Credentials only what tightens (4.4). The
    /// epoch's life stays as it is, and floors must be of chains that were verified here: nobody else looks at them.
    /// </summary>
    private bool IsAutomatic(Item item)
    {
        var epoch = core.Ground.Epoch.Value;
        var op = item.Candidate.Epoch.Value.Op.Type;
        var isListed = op switch
        {
            OpType.Renew => core.Now + epoch.Policy.ClockDelta >= RenewOperation.DueAt(core.Ground)
                && item.IsDue(core.Ground),
            OpType.Policy or OpType.Credential => epoch.Policy.Auto.Contains(op) && item.Tightens(core.Ground),
            OpType.Join or OpType.Peer => epoch.Policy.Auto.Contains(op) && item.KeepsTerms(core.Ground),
            _ => false,
        };
        return isListed
            && item.Candidate.Epoch.Value.Expires - item.Candidate.Epoch.Value.Issued == core.Ground.Life
            && FloorRules.Stated(core.Ground, item.Candidate.Epoch.Value, item.Candidate.Leaves)
                .All(one => _foreign.Knows(one.Genesis, one.Floor));
    }

    private sealed class Item(EpochCandidate candidate, string source, long since)
    {
        private bool? _keepsTerms;
        private bool? _tightens;
        private bool? _due;
        private bool? _statesFloors;

        internal EpochCandidate Candidate { get; } = candidate;

        internal string Source { get; } = source;

        internal long Since { get; } = since;

        internal long? Token { get; set; }

        internal bool IsDue(EpochGround ground) =>
            _due ??= RenewalRules.IsDue(ground, Candidate.Epoch.Value, Candidate.Leaves);

        internal bool StatesFloors(EpochGround ground) =>
            _statesFloors ??= FloorRules.Stated(ground, Candidate.Epoch.Value, Candidate.Leaves).Any();

        internal bool KeepsTerms(EpochGround ground) => _keepsTerms ??= Tightening.KeepsTerms(ground, Candidate);

        internal bool Tightens(EpochGround ground) => _tightens ??= Tightening.Is(ground, Candidate);
    }
}
