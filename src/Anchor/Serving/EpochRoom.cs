using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Keeps an answer within what it may bring of epochs (V1, V36): of the longest chains only the newest epoch and
/// that of the seal go along. Whoever lacks more than that sees the gap, and asks for the pages between. Pure.
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
            var least = Least(longest);
            if (longest.Epochs.Length <= least.Length)
            {
                break;
            }

            hops = hops.Replace(longest, longest with { Epochs = least });
        }

        return hops == answer.Hops ? answer : answer with { Hops = hops };
    }

    // An introduction stands under an epoch that need not be the newest (V16): whoever pages the rest keeps only the
    // newest ones as documents.
    private static ImmutableArray<EpochDocument> Least(UnverifiedHop hop)
    {
        if (hop.Seal is { } seal && Document.TryParse<Seal>(seal.Payload, out var parsed, out _))
        {
            foreach (var epoch in hop.Epochs[..^Math.Min(1, hop.Epochs.Length)])
            {
                if (Document.TryParse<Epoch>(epoch.Payload, out var one, out _)
                    && one.Digest == parsed.Value.EpochDigest)
                {
                    return [epoch, hop.Epochs[^1]];
                }
            }
        }

        return hop.Epochs.IsEmpty ? [] : [hop.Epochs[^1]];
    }

    private static int BytesOf(ImmutableArray<EpochDocument> epochs) => epochs.Sum(epoch => epoch.Payload.Length
        + BytesOf(epoch.Vote) + BytesOf(epoch.Consent) + BytesOf(epoch.RecoveryConsent));

    private static int BytesOf(Envelope envelope) =>
        envelope.Payload.Length + envelope.Signatures.Sum(signature => Digest.Size + signature.Value.Length);
}
