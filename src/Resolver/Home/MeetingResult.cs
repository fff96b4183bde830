using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Rpc;

namespace Fairlead.Resolver.Home;

/// <summary>What came of meeting the home. Immutable.</summary>
/// <param name="Refusal">Why the home could not be met; null where it was.</param>
/// <param name="Heads">How many anchors said where the home stands.</param>
/// <param name="Failures">The anchors that could not be met or gave no head, in the order in which they failed.</param>
public sealed record MeetingResult(Refusal? Refusal, int Heads, ImmutableArray<MeetingFailure> Failures)
{
    /// <summary>
    /// Whether every anchor of the bootstrap file shows a chain that cannot be the one that the file means: its genesis
    /// or its floor is another. One that lies may say so; all of them at once mean that the file is wrong.
    /// </summary>
    /// <param name="bootstrap">Where the file has them, all of whom were asked.</param>
    public bool IsForeign(ImmutableArray<IpEndpoint> bootstrap) => !bootstrap.IsEmpty && bootstrap.All(
        anchor => Failures.Any(failure => failure.Anchor.Text == anchor.Text
            && failure.Exception is null && failure.Refusal.Failure
                is VerificationFailure.GenesisMismatch or VerificationFailure.FloorMismatch
                or VerificationFailure.BelowLinkFloor or VerificationFailure.WrongSegment));
}

/// <summary>One anchor that was not met. Immutable.</summary>
/// <param name="Anchor">Where it should listen.</param>
/// <param name="Refusal">Why, as a named error.</param>
/// <param name="Exception">The failed call, where it was one.</param>
public sealed record MeetingFailure(IpEndpoint Anchor, Refusal Refusal, RpcException? Exception)
{
    /// <summary>Whether the meeting ended without it: it may have been about to answer, and is to blame for nothing
    /// where the others sufficed.</summary>
    public bool IsUnheard { get; init; }
}

/// <summary>The bootstrap file does not fit the home that its anchors show: no waiting mends it.</summary>
/// <param name="message">What differs.</param>
public sealed class ForeignHomeException(string message) : Exception(message);
