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
