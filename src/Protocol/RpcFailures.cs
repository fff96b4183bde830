using System.Text;
using Fairlead.Naming;
using Fairlead.Rpc;

namespace Fairlead.Protocol;

/// <summary>
/// Carries named errors over gRPC: a status code that any client understands, and the error's name, place and detail in
/// trailers. What a peer says of its reasons is advice: it never counts as evidence. Thread-safe.
/// </summary>
public static class RpcFailures
{
    /// <summary>The trailer with the error's name.</summary>
    public const string FailureKey = "fairlead-failure";

    /// <summary>The trailer with the object that failed.</summary>
    public const string WhereKey = "fairlead-where";

    /// <summary>The trailer with the detail.</summary>
    public const string DetailKey = "fairlead-detail";

    private const int MaxText = 512;

    /// <summary>The exception that ends a call with this error.</summary>
    /// <param name="refusal">The error.</param>
    public static RpcException ToException(Refusal refusal)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        var trailers = new Metadata
        {
            { FailureKey, refusal.Failure.ToString() },
            { WhereKey, Printable(refusal.Where) },
            { DetailKey, Printable(refusal.Detail) },
        };
        return new RpcException(new Status(CodeOf(refusal.Failure), Printable(refusal.ToString())), trailers);
    }

    /// <summary>The named error that a call ended with, or null where the peer named none of those known
    /// here.</summary>
    /// <param name="exception">The failed call.</param>
    public static Refusal? Read(RpcException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return Text(exception.Trailers, FailureKey) is { } name && TryParse(name, out var failure)
            ? new Refusal(failure, Text(exception.Trailers, WhereKey) ?? "", Text(exception.Trailers, DetailKey) ?? "")
            : null;
    }

    /// <summary>The error of that name.</summary>
    /// <param name="name">A name exactly as the enum writes it.</param>
    /// <param name="failure">The error.</param>
    /// <returns>False for a name that is not in the enum, and for numbers.</returns>
    public static bool TryParse(string? name, out VerificationFailure failure)
    {
        if (name is { Length: > 0 and <= 64 } && char.IsAsciiLetter(name[0]) && Enum.TryParse(name, false, out failure))
        {
            return Enum.IsDefined(failure) && failure.ToString() == name;
        }

        failure = default;
        return false;
    }

    /// <summary>Whether the same request may succeed later or at another anchor, without any change (V64,
    /// V52).</summary>
    /// <param name="failure">The error.</param>
    public static bool IsRetriable(VerificationFailure failure) =>
        failure is VerificationFailure.Behind or VerificationFailure.NotSealed or VerificationFailure.RateLimited;

    /// <summary>The status code that stands beside an error's name.</summary>
    /// <param name="failure">The error.</param>
    public static StatusCode CodeOf(VerificationFailure failure) => failure switch
    {
        VerificationFailure.Behind or VerificationFailure.NotSealed => StatusCode.Unavailable,
        VerificationFailure.RateLimited or VerificationFailure.TooLarge or VerificationFailure.BudgetExceeded =>
            StatusCode.ResourceExhausted,
        VerificationFailure.BadName or VerificationFailure.BadEnvelope or VerificationFailure.NonCanonicalPayload
            or VerificationFailure.BadAddress or VerificationFailure.WrongPayloadType => StatusCode.InvalidArgument,
        VerificationFailure.PolicyDenied or VerificationFailure.PublisherOutOfScope
            or VerificationFailure.PublisherRevoked => StatusCode.PermissionDenied,
        VerificationFailure.SubjectUnknown or VerificationFailure.TokenAudience or VerificationFailure.GrantExpired
            or VerificationFailure.GrantAudience or VerificationFailure.GrantReplayed
            or VerificationFailure.GrantForeignSubject or VerificationFailure.TransportKeyMismatch =>
            StatusCode.Unauthenticated,
        VerificationFailure.StateNotDurable or VerificationFailure.StoreRolledBack => StatusCode.Internal,
        _ => StatusCode.FailedPrecondition,
    };

    private static string? Text(Metadata trailers, string key) =>
        trailers.Get(key) is { IsBinary: false, Value.Length: <= MaxText } entry ? entry.Value : null;

    private static string Printable(string text)
    {
        var clean = new StringBuilder(Math.Min(text.Length, MaxText));
        foreach (var c in text)
        {
            if (clean.Length == MaxText)
            {
                break;
            }

            clean.Append(c is >= ' ' and <= '~' ? c : '?');
        }

        return clean.ToString();
    }
}
