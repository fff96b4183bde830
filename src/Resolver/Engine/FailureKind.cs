using Fairlead.Naming;

namespace Fairlead.Resolver;

/// <summary>What a failure says of the name that it came up for.</summary>
public enum FailureKind
{
    /// <summary>Nothing: no answer came, or one that will be better later (V58).</summary>
    Transport,

    /// <summary>Nothing: who asks cannot judge an answer now, by its own clock, disk or start.</summary>
    Own,

    /// <summary>Nothing: who asks has no room for one name more.</summary>
    Room,

    /// <summary>Nothing: the anchors do not know who asks.</summary>
    Identity,

    /// <summary>What was said of it did not pass a check.</summary>
    Answer,
}

/// <summary>The one place where failures are told apart by what they say of a name. Pure, thread-safe.</summary>
public static class FailureKinds
{
    /// <summary>The kind of a refusal.</summary>
    public static FailureKind Of(Refusal refusal)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        return refusal is { Failure: VerificationFailure.BudgetExceeded, IsOfNameAlone: true }
            ? FailureKind.Room : Of(refusal.Failure);
    }

    /// <summary>The kind of what is known of a name that is unreachable: that it was turned away, else what forbids to
    /// use it, else what failed last; null where nothing failed.</summary>
    public static FailureKind? Of(CachedName name)
    {
        ArgumentNullException.ThrowIfNull(name);
        FailureKind? last = name.Failure is { } failure ? Of(failure) : null;
        return last == FailureKind.Room || name.Refused is not { } refused ? last : Of(refused);
    }

    /// <summary>Whether a failure says that the name, or who asks for it, was refused. A record or a decision that is
    /// over by one clock and not yet by another is no lie, and a word that is not known here tells nothing.</summary>
    internal static bool IsOfNameOrAsker(Refusal refusal) =>
        Of(refusal) is FailureKind.Answer or FailureKind.Identity && !refusal.IsUnknownWord
        && refusal.Failure is not (VerificationFailure.RecordExpired or VerificationFailure.AttestationExpired);

    /// <summary>Whether two failures, or none, are of two kinds.</summary>
    internal static bool Differ(Refusal? one, Refusal? other) =>
        (one is null ? null : Of(one)) != (other is null ? (FailureKind?)null : Of(other));

    /// <summary>The kind of a failure, wherever there was room for the name.</summary>
    internal static FailureKind Of(VerificationFailure failure) => failure switch
    {
        // A server with another key is as good as none: whoever can put it there can drop packets as well.
        VerificationFailure.Behind or VerificationFailure.NotSealed or VerificationFailure.RateLimited
            or VerificationFailure.TransportKeyMismatch => FailureKind.Transport,

        // A disk that takes nothing and a clock that is wrong are here, not at the anchor.
        VerificationFailure.StateNotDurable or VerificationFailure.ClockRollback or VerificationFailure.ClockSkew
            or VerificationFailure.NoFreshHead => FailureKind.Own,
        VerificationFailure.SubjectUnknown or VerificationFailure.TokenAudience => FailureKind.Identity,
        _ => FailureKind.Answer,
    };
}
