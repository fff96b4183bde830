using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Resolver;

/// <summary>All that the cache keeps of one name. Owned by <see cref="NameCache"/>; times are monotonic milliseconds.</summary>
internal sealed class NameEntry(string name)
{
    private CachedName? _view;

    internal string Name { get; } = name;

    internal NameState State { get; set; } = NameState.Pending;

    internal VerifiedAnswer? Answer { get; set; }

    internal long VerifiedAt { get; set; }

    internal long ExpiresAt { get; set; }

    internal long SealedSince { get; set; }

    internal Refusal? Failure { get; set; }

    /// <summary>When to ask on our own, since no update came by itself; <see cref="long.MaxValue"/> for never.</summary>
    internal long RefreshAt { get; set; } = long.MaxValue;

    /// <summary>Until when the anchor that was asked may answer; <see cref="long.MaxValue"/> where none is being asked.</summary>
    internal long AnswerDue { get; set; } = long.MaxValue;

    /// <summary>The anchor that the subscription is at.</summary>
    internal int Anchor { get; set; } = -1;

    /// <summary>The anchors that failed since the last success, as a bit set.</summary>
    internal ulong Tried { get; set; }

    /// <summary>How many times in a row all anchors failed.</summary>
    internal int Rounds { get; set; }

    internal bool IsAsking => AnswerDue != long.MaxValue;

    /// <summary>The entry as it is; the same object as long as nothing changes, so that a hit allocates nothing.</summary>
    internal CachedName View() => _view is { } view && Shows(view)
        ? view
        : _view = new(Name, State, Answer, VerifiedAt, ExpiresAt, SealedSince, Failure);

    private bool Shows(CachedName view) =>
        view.State == State && ReferenceEquals(view.Answer, Answer) && view.VerifiedAt == VerifiedAt
        && view.ExpiresAt == ExpiresAt && view.SealedSince == SealedSince && ReferenceEquals(view.Failure, Failure);

    /// <summary>The next moment at which time alone changes something.</summary>
    internal long Due()
    {
        var life = State is NameState.Fresh or NameState.Stale or NameState.Absent or NameState.Denied ? ExpiresAt : long.MaxValue;
        return Math.Min(life, Math.Min(RefreshAt, AnswerDue));
    }
}
