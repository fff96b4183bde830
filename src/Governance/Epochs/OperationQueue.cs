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
    private long? _renewalSince;

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
        if (Read(source, proposal, token, out var item) is { } refusal)
        {
            return refusal;
        }

        // Asked before it waits: one that meets a bug there must not be met again at each step.
        if (item is not null)
        {
            Insert(item, IsWilling(item));
        }

        return null;
    }

    /// <summary>Lets a renewal of this anchor's own wait where the anchor would prepare it: any other takes up the room
    /// of those that it would.</summary>
    /// <returns>Whether it waits now and did not before.</returns>
    internal bool AddRenewal(EpochProposal proposal)
    {
        if (Read(core.Self, proposal, null, out var item) is not null || item is null || !IsWilling(item))
        {
            return false;
        }

        Insert(item, isWilling: true);
        return true;
    }

    /// <summary>Reads an operation that is to wait; none where it does already.</summary>
    private Refusal? Read(string source, EpochProposal proposal, long? token, out Item? item)
    {
        item = null;
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

        item = new Item(candidate, source) { Token = token };
        return null;
    }

    private void Insert(Item item, bool isWilling)
    {
        _items.Add(item.Candidate.Digest, item);
        core.Emit(new EpochOutput.Queued(item.Token, item.Candidate, isWilling));
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
        core.Emit(new EpochOutput.Queued(token, known.Candidate, IsWilling(known)));
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
    internal bool IsWilling(Digest digest) => _items.TryGetValue(digest, out var item) && IsWilling(item);

    /// <summary>What this anchor would prepare, in order.</summary>
    internal List<Digest> Willing() => [.. InOrder().Where(IsWilling)];

    /// <summary>What this anchor tells others of: its own operations, and those it would prepare.</summary>
    internal List<Digest> Vouched() =>
        [.. InOrder().Where(d => _items[d].Source == core.Self || IsWilling(d)).Take(EpochLimits.DigestsPerMessage)];

    /// <summary>The operations that T anchors would prepare, as far as they say so, in the order in which they are to
    /// be proposed: by time of issue, but a renewal that is late goes before all else, and one with floors behind it,
    /// for one anchor's word is enough to make an operation look as if it could be decided.</summary>
    internal IEnumerable<Digest> Eligible()
    {
        var eligible = InOrder().Where(IsEligible);
        return core.Elapsed >= _renewalSince + EpochLimits.FloorsPatience ? eligible.OrderBy(Rank) : eligible;
    }

    internal IReadOnlyList<string> Supporters(Digest digest) =>
    [
        .. _willing.Where(one => one.Value.Contains(digest)).Select(one => one.Key)
            .Concat(IsWilling(digest) ? [core.Self] : []).Order(StringComparer.Ordinal),
    ];

    /// <summary>Refuses what waited longer than it would live. Nobody prepares it any more (V12), so that there is no
    /// haste: it goes once the clock has said so for a while, and not because it leapt ahead once.</summary>
    internal void Prune()
    {
        foreach (var (digest, item) in _items.ToList())
        {
            item.EndedSince = item.Candidate.Epoch.Value.Expires > core.Now ? null : item.EndedSince ?? core.Elapsed;
            if (core.Elapsed >= item.EndedSince + EpochLimits.EndedKept && core.Votes.Voters(digest).Count == 0)
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
    /// proposing the one that needs none; so one for another life, whatever this anchor's operator said. Nor does any
    /// that waits for long, whoever says what of it: its floors may be known to too few, and one anchor could tell of
    /// another each time. The patience runs from the first one in the last two thirds of the epoch's life, for only
    /// there every anchor would prepare one without floors.
    /// </summary>
    /// <returns>Whether one waits that is enough, until when (by the clock that never goes back; null for ever), and
    /// whether it is late, so that one without floors is to be proposed.</returns>
    internal (bool IsHeld, long? Until, bool IsLate) Renewals()
    {
        var waiting = _items.Values
            .Where(one => IsRenewal(one.Candidate) && one.Candidate.Life == core.Ground.Life && IsWilling(one))
            .ToList();
        var inTime = RenewOperation.DueAt(core.Ground.Epoch.Value);
        if (core.Now < inTime)
        {
            return (waiting.Count > 0, core.Clock.ToElapsed(inTime), false);
        }

        if (waiting.Exists(one => one.Source == core.Self && !one.StatesFloors(core.Ground)))
        {
            _renewalSince ??= core.Elapsed;
            return (true, null, false);
        }

        _renewalSince ??= waiting.Count > 0 ? core.Elapsed : null;
        var until = _renewalSince + EpochLimits.FloorsPatience
            + (core.Quorum.Turn(core.Self) * EpochLimits.RenewalTurn);
        return (waiting.Count > 0 && core.Elapsed < until, until, core.Elapsed >= until);
    }

    /// <summary>All that waits but one, for the next slot.</summary>
    internal IReadOnlyList<(EpochCandidate Candidate, QueuedOperation Operation)> Others(Digest decided) =>
    [
        .. InOrder().Where(d => d != decided).Select(d => (_items[d].Candidate, new QueuedOperation(
            _items[d].Candidate.Proposal, _items[d].Token, _items[d].Source, _approvals.Contains(d)))),
    ];

    private bool IsWilling(Item item) =>
        CandidateRules.CheckTimes(core.Ground, item.Candidate.Epoch.Value, core.Now) is null
        && (_approvals.Contains(item.Candidate.Digest) || core.Voted.Contains(item.Candidate.Digest)
            || IsAutomatic(item));

    private int Rank(Digest digest)
    {
        var item = _items[digest];
        return !IsRenewal(item.Candidate) ? 1
            : item.StatesFloors(core.Ground) ? 2
            : IsWilling(item) ? 0 : 1;
    }

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
            && item.Candidate.Life == core.Ground.Life
            && FloorRules.Stated(core.Ground, item.Candidate.Epoch.Value, item.Candidate.Leaves)
                .All(one => _foreign.Knows(one.Genesis, one.Floor));
    }

    private sealed class Item(EpochCandidate candidate, string source)
    {
        private bool? _keepsTerms;
        private bool? _tightens;
        private bool? _due;
        private bool? _statesFloors;

        internal EpochCandidate Candidate { get; } = candidate;

        internal string Source { get; } = source;

        internal long? Token { get; set; }

        internal long? EndedSince { get; set; }

        internal bool IsDue(EpochGround ground) =>
            _due ??= RenewalRules.IsDue(ground, Candidate.Epoch.Value, Candidate.Leaves);

        internal bool StatesFloors(EpochGround ground) =>
            _statesFloors ??= FloorRules.Stated(ground, Candidate.Epoch.Value, Candidate.Leaves).Any();

        internal bool KeepsTerms(EpochGround ground) => _keepsTerms ??= Tightening.KeepsTerms(ground, Candidate);

        internal bool Tightens(EpochGround ground) => _tightens ??= Tightening.Is(ground, Candidate);
    }
}
