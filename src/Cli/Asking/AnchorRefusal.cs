using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Rpc;

namespace Fairlead.Cli.Asking;

/// <summary>Why one anchor gave no usable answer.</summary>
/// <param name="Anchor">Its endpoint.</param>
/// <param name="Failure">The error's name; a status code's where the connection failed.</param>
/// <param name="Detail">For people.</param>
/// <param name="Check">The error that a check here found or the anchor named; null for a failed connection.</param>
internal sealed record AnchorRefusal(string Anchor, string Failure, string Detail, VerificationFailure? Check)
{
    /// <summary>Whether it says nothing of what the anchor said: the connection failed, or it will answer
    /// later.</summary>
    internal bool IsTransport => Check is not { } failure || RpcFailures.IsRetriable(failure);

    /// <summary>A check failed.</summary>
    internal static AnchorRefusal Of(IpEndpoint anchor, Refusal refusal) =>
        new(anchor.Text, refusal.Failure.ToString(), refusal.DetailFor(anchor.Text), refusal.Failure);

    /// <summary>A call failed: by a named error of the anchor, or in transport.</summary>
    internal static AnchorRefusal Of(IpEndpoint anchor, RpcException failure) =>
        RpcFailures.Read(failure) is { } refusal
        ? Of(anchor, refusal)
        : new AnchorRefusal(anchor.Text, failure.StatusCode.ToString(), failure.Status.Detail, null);
}
