using Fairlead.Naming;

namespace Fairlead.Anchor.Serving;

/// <summary>Denials of one home by one Rule. Immutable.</summary>
/// <param name="Terms">Whom and what the last one was about.</param>
/// <param name="Reason">Which Rule decided.</param>
/// <param name="Epoch">The number of the epoch in which the Rule stands.</param>
/// <param name="Times">How often it was decided so in that epoch, renewals included.</param>
/// <param name="First">When first, in unix milliseconds.</param>
/// <param name="Last">When last, in unix milliseconds.</param>
internal sealed record NotedDenial(
    AttestTerms Terms, DenialReason Reason, long Epoch, long Times, long First, long Last);
