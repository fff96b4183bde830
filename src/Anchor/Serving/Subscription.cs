using System.Diagnostics;
using Fairlead.Anchor.Home;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>One open question on a consumer's stream, and what was last sent for it. Owned by the stream's
/// task.</summary>
internal sealed class Subscription(ulong id, AskedQuestion question, RelayedName? relay)
{
    private static readonly TimeSpan Unrenewable = TimeSpan.FromSeconds(1);

    // Subscriptions that were sent under one seal are due up to a fifth earlier than at half of its life, in turn.
    private const int Turns = 64;
    private const int SpreadPart = 5;

    private readonly Dictionary<LeafName, object?> _watched = [];
    private Digest _epoch;
    private Relayed? _sentRelayed;
    private (SegmentView View, Relayed? Relayed, Refusal? Failure)? _inVain;
    private long _expiry;
    private long _leavesEnd;
    private long _halfGone = long.MaxValue;
    private bool _sent;

    /// <summary>Whether an answer was sent for it.</summary>
    internal bool HasAnswered => _expiry != 0;

    internal ulong Id { get; } = id;

    internal AskedQuestion Question { get; } = question;

    /// <summary>Its turn among those of its stream, from 0.</summary>
    internal int Turn { get; init; }

    /// <summary>The upstream subscription; null where the question ends in this segment.</summary>
    internal RelayedName? Relay { get; } = relay;

    /// <summary>The span from the question to its first answer; null where nobody listens.</summary>
    internal Activity? Span { get; init; }

    /// <summary>The own segment's epoch at which it was last asked where the question leads.</summary>
    internal Digest Epoch { get; set; }

    /// <summary>Whether it led to another segment then; the relay itself follows where to.</summary>
    internal bool Leads => Relay is not null;

    /// <summary>When the Grant behind it ends, in unix milliseconds.</summary>
    internal long GrantEnds { get; set; } = long.MaxValue;

    /// <summary>The failure last reported; null after an answer.</summary>
    internal VerificationFailure? Reported { get; set; }

    /// <summary>Since when something is missing that may come in a moment, by <see cref="ServingContext.Elapsed()"/>;
    /// null where nothing is.</summary>
    internal long? WaitingSince { get; set; }

    /// <summary>Whether what is missing are the decisions of other anchors, of whose coming neither the view nor the
    /// target's word tells.</summary>
    internal bool AwaitsAttests { get; set; }

    /// <summary>When to look at it again though nothing happens, by <see cref="ServingContext.Elapsed()"/>.</summary>
    internal long DueAt { get; private set; }

    /// <summary>Whether an update is called for: a leaf, the epoch or the target's word changed, or half of the oldest
    /// expiry is gone, of a denial half of what it may be kept.</summary>
    internal bool IsDue(SegmentView view, (Relayed? Current, Refusal? Failure) target, long now, long elapsed) =>
        !_sent || elapsed >= DueAt || now >= _halfGone
        || (_inVain is { } seen
            ? AwaitsAttests || !ReferenceEquals(seen.View, view) || !ReferenceEquals(seen.Relayed, target.Current)
                || !ReferenceEquals(seen.Failure, target.Failure)
            : IsOther(view, target.Current));

    /// <summary>Notes what was sent.</summary>
    internal void OnSent(Answerer.Composed composed, SegmentView view, Relayed? relayed, long now, long elapsed)
    {
        _sent = true;
        (WaitingSince, _inVain) = (null, null);
        Reported = null;
        _epoch = view.Epoch.Digest;
        _sentRelayed = relayed;
        _watched.Clear();
        foreach (var leaf in composed.Watched)
        {
            _watched[leaf] = view.Entry(leaf);
        }

        // Where nothing newer can be had, halving what is left again and again would only repeat the same answer.
        var wait = composed.Expiry > _expiry
            ? Math.Min(composed.Expiry - now, KeptAtMost(composed.Answer.Result)) / 2
            : (long)Unrenewable.TotalMilliseconds;
        wait -= wait / SpreadPart * (Turn % Turns) / Turns;
        wait = Math.Min(wait, Math.Max(1, composed.LeavesEnd - now));

        // Whichever clock says so first: what was sent by a wall clock that was behind may be over before.
        (DueAt, _halfGone) = (elapsed + wait, now + wait);
        _expiry = composed.Expiry;
        _leavesEnd = composed.LeavesEnd;
    }

    /// <summary>Nothing could be sent; it is looked at again a little later, and what it lacks waited for
    /// anew.</summary>
    internal void OnFailed(long elapsed)
    {
        WaitingSince = null;
        LookAgain(elapsed + (long)Unrenewable.TotalMilliseconds);
    }

    /// <summary>Nothing is said yet; it is looked at again in a moment.</summary>
    internal void OnWaiting(long until) => LookAgain(until);

    /// <summary>Nothing could be composed of these.</summary>
    internal void InVain(SegmentView view, (Relayed? Current, Refusal? Failure) target) =>
        _inVain = (view, target.Current, target.Failure);

    private void LookAgain(long at) => (_sent, DueAt, _halfGone) = (true, at, long.MaxValue);

    private bool IsOther(SegmentView view, Relayed? relayed) =>
        _epoch != view.Epoch.Digest || !ReferenceEquals(_sentRelayed, relayed)
        || _watched.Any(leaf => !ReferenceEquals(leaf.Value, view.Entry(leaf.Key)));

    private static long KeptAtMost(AnswerResult result) =>
        result == AnswerResult.Denied ? Limits.DenyLife : long.MaxValue;

    /// <summary>Whether a composed answer is only what was sent before.</summary>
    internal bool IsRepetition(Answerer.Composed composed, SegmentView view, Relayed? relayed) =>
        Reported is null && HasAnswered && composed.Expiry <= _expiry && composed.LeavesEnd == _leavesEnd
        && !IsOther(view, relayed);
}
