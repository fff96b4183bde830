using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Resolver;

/// <summary>One name as the cache sees it at one moment. Immutable, thread-safe.</summary>
/// <param name="Name">The full name.</param>
/// <param name="State">What may be done with it.</param>
/// <param name="Answer">
/// The newest verified answer; kept when it expires, for what it tells of the service's shape, and never served then.
/// </param>
/// <param name="VerifiedAt">When it was verified, in monotonic milliseconds.</param>
/// <param name="ExpiresAt">When its time ends, in monotonic milliseconds.</param>
/// <param name="SealedSince">When the seal was issued under which this version of the record was first seen, in unix
/// milliseconds; 0 without a record.</param>
/// <param name="Failure">Why the last attempt to renew it failed; null after a success.</param>
public sealed record CachedName(
    string Name,
    NameState State,
    VerifiedAnswer? Answer,
    long VerifiedAt,
    long ExpiresAt,
    long SealedSince,
    Refusal? Failure)
{
    private readonly long? _endsAt;

    /// <summary>
    /// The newest record that was ever verified for the name, also where it is absent, denied or expired now: which
    /// ports the service had. Never a reason to serve an endpoint. Null where there was none.
    /// </summary>
    public Record? LastRecord { get; init; }

    /// <summary>
    /// Of a name of which nothing is held: the newest failure that forbids what was held before to be used on, where
    /// every anchor was asked and answered with one (V58). It stays until there is an answer, or none of them says it
    /// any more. What some of them are merely out of reach for has none, and so has one that is turned away.
    /// </summary>
    public Refusal? Refused { get; init; }

    /// <summary>
    /// Until when it may be served as stale once its time is over, in monotonic milliseconds (V58); no later than
    /// <see cref="ExpiresAt"/> for a strict name.
    /// </summary>
    public long StaleUntil { get; init; }

    /// <summary>
    /// Until when clients of a strict name may be told to use its endpoints, in monotonic milliseconds: a notice after
    /// <see cref="ExpiresAt"/>, so that they hear of what follows before they drop what they have (<see
    /// cref="NameCacheOptions.Notice"/>). Of a name that several segments serve it is its own answer's, whatever its
    /// members are.
    /// </summary>
    public long EndsAt
    {
        get => _endsAt ?? ExpiresAt;
        init => _endsAt = value;
    }

    /// <summary>Whether its endpoints end with its time, whatever fails (a strict name).</summary>
    public bool IsStrict => Answer is { } answer && StaleRule.IsStrict(answer);

    /// <summary>Whether it was strict when <see cref="LastRecord"/> was its answer.</summary>
    public bool WasStrict { get; init; }

    /// <summary>
    /// The members of a name that several segments serve, in the order in which they are preferred, those that are left
    /// out too; empty for every other name, and as the cache itself gives it (<see cref="Sets.SetBook"/> joins them).
    /// </summary>
    public ImmutableArray<Sets.SetPart> Members { get; init; } = [];

    /// <summary>When its endpoints may no longer be used, as far as is known now, in monotonic milliseconds.</summary>
    public long ServedUntil => State == NameState.Stale ? StaleUntil : ExpiresAt;

    /// <summary>Whether its endpoints may be used now.</summary>
    public bool IsServed => State is NameState.Fresh or NameState.Stale;
}
