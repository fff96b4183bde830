using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Resolver;

/// <summary>All that the cache keeps of one name. Owned by <see cref="NameCache"/>; times are monotonic
/// milliseconds.</summary>
internal sealed class NameEntry(string name)
{
    private CachedName? _view;

    internal string Name { get; } = name;

    internal NameState State { get; set; } = NameState.Pending;

    internal VerifiedAnswer? Answer { get; set; }

    /// <summary>The newest record ever verified: what the service looked like.</summary>
    internal Record? LastRecord { get; set; }

    internal long VerifiedAt { get; set; }

    internal long ExpiresAt { get; set; }

    /// <summary>Until when clients may be told to use it: of a strict name later than
    /// <see cref="ExpiresAt"/>.</summary>
    internal long EndsAt { get; set; }

    /// <summary>Whether the answer with <see cref="LastRecord"/> was strict.</summary>
    internal bool WasStrict { get; set; }

    /// <summary>Until when it may be served as stale (V58); not after <see cref="ExpiresAt"/> for a strict
    /// name.</summary>
    internal long StaleUntil { get; set; }

    /// <summary>Whether a refresh since the last success failed in anything but transport: nothing stale is served
    /// then.</summary>
    internal bool IsDoubted { get; set; }

    /// <summary>Whether an epoch after the one that it was verified under asks for a new proof (trust 4.7): until that
    /// comes its time is cut, and it is not served as stale.</summary>
    internal bool NeedsProof { get; set; }

    /// <summary>Whether a record or a Set was ever verified for it.</summary>
    internal bool IsProven { get; set; }

    /// <summary>How many bytes of the memory it is charged with.</summary>
    internal long Bytes { get; set; }

    /// <summary>Whether it never leaves for others.</summary>
    internal bool IsKept { get; set; }

    /// <summary>Whether it is kept in the share of those that belong to others alone.</summary>
    internal bool IsKeptAsPart { get; set; }

    /// <summary>Its place among the names that may have to leave; null for one that is kept.</summary>
    internal LinkedListNode<LeavingOrder.Seat>? Place { get; set; }

    /// <summary>Its place among those of them that have bytes; null for one that has none.</summary>
    internal LinkedListNode<LeavingOrder.Seat>? PlaceForBytes { get; set; }

    /// <summary>When another anchor is asked beside the one that does not answer; <see cref="long.MaxValue"/> for
    /// never.</summary>
    internal long HedgeAt { get; set; } = long.MaxValue;

    /// <summary>Whether it is among those that wait for their turn to be asked for at another anchor.</summary>
    internal bool IsHedgeable { get; set; }

    /// <summary>The names that it takes turns with; null before it was asked for.</summary>
    internal AskLine? Line { get; set; }

    /// <summary>Whether it counts among those that are being asked for.</summary>
    internal bool HasPlace { get; set; }

    /// <summary>Where it waits for its turn; null where it does not.</summary>
    internal LinkedListNode<NameEntry>? Waiting { get; set; }

    /// <summary>When the anchor was asked.</summary>
    internal long AskedAt { get; set; }

    internal long SealedSince { get; set; }

    internal Refusal? Failure { get; set; }

    /// <summary>The newest failure since the last success, or round without one, that says something of the name or of
    /// who asks: a check that failed, or an identity that nobody knows.</summary>
    internal Refusal? Doubt { get; set; }

    /// <summary>The anchors whose newest word was such a failure, as a bit set.</summary>
    internal ulong Doubters { get; set; }

    /// <summary>What was known of that when the newest word of every anchor was such a failure: <see
    /// cref="CachedName.Refused"/>.</summary>
    internal Refusal? Refused { get; set; }

    /// <summary>Whether what is kept over a restart is to go when the round ends without a success (V58).</summary>
    internal bool IsKeptInVain { get; set; }

    /// <summary>When to ask on our own, since no update came by itself; <see cref="long.MaxValue"/> for
    /// never.</summary>
    internal long RefreshAt { get; set; } = long.MaxValue;

    /// <summary>Until when the anchor that was asked may answer; <see cref="long.MaxValue"/> where none is being
    /// asked.</summary>
    internal long AnswerDue { get; set; } = long.MaxValue;

    /// <summary>When to try an anchor that comes before this one in the order; <see cref="long.MaxValue"/> for
    /// never.</summary>
    internal long ReturnAt { get; set; } = long.MaxValue;

    /// <summary>The anchor that the subscription is at; -1 for none.</summary>
    internal int Anchor { get; set; } = -1;

    /// <summary>The anchors that failed since the last success, as a bit set.</summary>
    internal ulong Tried { get; set; }

    /// <summary>How many times in a row all anchors failed.</summary>
    internal int Rounds { get; set; }

    /// <summary>How many times in a row the name went back to an earlier anchor and had to leave it again.</summary>
    internal int Returns { get; set; }

    /// <summary>Whether what is asked for is a longer life: what is held already does not do.</summary>
    internal bool IsRenewing { get; set; }

    /// <summary>Where the queue has it; <see cref="long.MaxValue"/> for nowhere.</summary>
    internal long QueuedAt { get; set; } = long.MaxValue;

    internal bool IsAsking => AnswerDue != long.MaxValue;

    internal bool IsLiving => State is NameState.Fresh or NameState.Stale or NameState.Absent or NameState.Denied;

    /// <summary>The entry as it is; the same object as long as nothing changes, so that a hit allocates
    /// nothing.</summary>
    internal CachedName View() => _view is { } view && Shows(view)
        ? view
        : _view = new(Name, State, Answer, VerifiedAt, ExpiresAt, SealedSince, Failure)
        {
            LastRecord = LastRecord,
            Refused = Refused,
            StaleUntil = StaleUntil,
            EndsAt = EndsAt,
            WasStrict = WasStrict,
        };

    private bool Shows(CachedName view) =>
        view.State == State && ReferenceEquals(view.Answer, Answer) && view.VerifiedAt == VerifiedAt
        && view.ExpiresAt == ExpiresAt && view.SealedSince == SealedSince && ReferenceEquals(view.Failure, Failure)
        && ReferenceEquals(view.Refused, Refused) && ReferenceEquals(view.LastRecord, LastRecord)
        && view.StaleUntil == StaleUntil && view.EndsAt == EndsAt && view.WasStrict == WasStrict;

    /// <summary>The next moment at which time alone changes something.</summary>
    internal long Due()
    {
        var life = State == NameState.Stale ? StaleUntil : IsLiving ? ExpiresAt : long.MaxValue;
        return Math.Min(Math.Min(life, ReturnAt), Math.Min(RefreshAt, Math.Min(AnswerDue, HedgeAt)));
    }

    /// <summary>What time alone makes of the state now (V58).</summary>
    internal NameState StateAt(long now) => State switch
    {
        NameState.Fresh when ExpiresAt <= now && MayBeStale && StaleUntil > now => NameState.Stale,
        NameState.Stale when StaleUntil > now && MayBeStale => NameState.Stale,
        NameState.Stale => NameState.Expired,
        _ when IsLiving && ExpiresAt <= now => NameState.Expired,
        _ => State,
    };

    /// <summary>Whether nothing is served, and an anchor was asked that has not answered, or is to be.</summary>
    internal bool IsAwaitingFirst =>
        !IsLiving && (Waiting is not null || (Anchor >= 0 && AnswerDue != long.MaxValue));

    private bool MayBeStale => !IsDoubted && !NeedsProof;

    /// <summary>Leaves the clock: nothing is due any more.</summary>
    internal void End()
    {
        State = NameState.Expired;
        RefreshAt = AnswerDue = ReturnAt = HedgeAt = long.MaxValue;
    }
}
