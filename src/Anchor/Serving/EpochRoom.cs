using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Keeps an answer within what it may bring of epochs (V1, V36): of the longest chains only the newest epoch goes
/// along. Whoever lacks more than that sees the gap, and asks for the pages between. Pure.
/// </summary>
internal static class EpochRoom
{
    // An answer has 256 KiB for all hops; more than half of it is left to proofs and certificates.
    private const int BytesMax = 96 * 1024;

    /// <summary>The answer with as many epochs as it may bring.</summary>
    internal static UnverifiedAnswer Fit(UnverifiedAnswer answer)
    {
        var hops = answer.Hops;
        while (hops.Sum(hop => hop.Epochs.Length) > Limits.NewEpochs
            || hops.Sum(hop => BytesOf(hop.Epochs)) > BytesMax)
        {
            var longest = hops.MaxBy(hop => hop.Epochs.Length)!;
            if (longest.Epochs.Length <= 1)
            {
                break;
            }

            hops = hops.Replace(longest, longest with { Epochs = [longest.Epochs[^1]] });
        }

        return hops == answer.Hops ? answer : answer with { Hops = hops };
    }

    private static int BytesOf(ImmutableArray<EpochDocument> epochs) => epochs.Sum(epoch => epoch.Payload.Length
        + BytesOf(epoch.Vote) + BytesOf(epoch.Consent) + BytesOf(epoch.RecoveryConsent));

    private static int BytesOf(Envelope envelope) =>
        envelope.Payload.Length + envelope.Signatures.Sum(signature => Digest.Size + signature.Value.Length);
}
