using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;

namespace Fairlead.Cli.Asking;

/// <summary>
/// Completes an answer by the epochs from each segment's genesis on, for a file that verifies alone: an answer brings
/// only the newest of a long chain (V36). Nothing here is verified; who reads the file does that. Stateless.
/// </summary>
internal static class WholeChains
{
    /// <summary>The answer with whole chains.</summary>
    /// <param name="anchors">Who is asked, in this order: each shows the same chains or lies.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The answer, and why a chain of it is not whole; the answer itself is as good as before.</returns>
    internal static async Task<(UnverifiedAnswer Answer, AnchorRefusal? Missing)> FetchAsync(
        IReadOnlyList<AnchorClient> anchors, UnverifiedAnswer answer, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var hops = ImmutableArray.CreateBuilder<UnverifiedHop>(answer.Hops.Length);
        AnchorRefusal? missing = null;
        foreach (var hop in answer.Hops)
        {
            var first = hop.Epochs is [var shown, ..] && Document.TryParse<Epoch>(shown.Payload, out var epoch, out _)
                ? Math.Min(epoch.Value.Number, Limits.ChainEpochs)
                : 0;
            List<EpochDocument> before = [];
            AnchorRefusal? failed = null;
            foreach (var anchor in anchors)
            {
                (before, failed) = await PagesAsync(anchor, hop.Genesis, first, time, cancellationToken)
                    .ConfigureAwait(false);
                if (failed is null)
                {
                    break;
                }
            }

            missing ??= failed;
            hops.Add(hop with { Epochs = [.. before, .. hop.Epochs] });
        }

        return (answer with { Hops = hops.MoveToImmutable() }, missing);
    }

    private static async Task<(List<EpochDocument> Epochs, AnchorRefusal? Failed)> PagesAsync(
        AnchorClient anchor, Digest segment, long before, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            var epochs = new List<EpochDocument>();
            var refusal = await ChainPages.ReadAsync(
                anchor, segment, 0, before, epochs, page => (epochs.Count + page.Length, null), time,
                cancellationToken).ConfigureAwait(false);
            refusal ??= epochs.Count < before
                ? new Refusal(
                    VerificationFailure.EpochGap,
                    "epochs",
                    $"{epochs.Count} of the {before} epochs before the answer's")
                : null;
            return (epochs, refusal is null ? null : AnchorRefusal.Of(anchor.Endpoint, refusal));
        }
        catch (RpcException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return ([], AnchorRefusal.Of(anchor.Endpoint, e));
        }
    }
}
