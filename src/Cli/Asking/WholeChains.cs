using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;

namespace Fairlead.Cli.Asking;

/// <summary>
/// Completes an answer by the epochs from each segment's genesis on, for a file that verifies alone: an answer brings
/// only the newest of a long chain (V36). Nothing here is verified; who reads the file does that. Stateless.
/// </summary>
internal static class WholeChains
{
    /// <summary>The answer with whole chains, as far as the anchor shows them.</summary>
    /// <param name="anchor">The anchor that gave the answer.</param>
    /// <param name="answer">The answer.</param>
    /// <exception cref="Fairlead.Rpc.RpcException">The anchor failed.</exception>
    internal static async Task<UnverifiedAnswer> FetchAsync(
        AnchorClient anchor, UnverifiedAnswer answer, CancellationToken cancellationToken)
    {
        var hops = ImmutableArray.CreateBuilder<UnverifiedHop>(answer.Hops.Length);
        foreach (var hop in answer.Hops)
        {
            var first = hop.Epochs is [var shown, ..] && Document.TryParse<Epoch>(shown.Payload, out var epoch, out _)
                ? Math.Min(epoch.Value.Number, Limits.ChainEpochs)
                : 0;
            var before = await PagesAsync(anchor, hop.Genesis, first, cancellationToken).ConfigureAwait(false);
            hops.Add(hop with { Epochs = [.. before, .. hop.Epochs] });
        }

        return answer with { Hops = hops.MoveToImmutable() };
    }

    private static async Task<List<EpochDocument>> PagesAsync(
        AnchorClient anchor, Digest segment, long before, CancellationToken cancellationToken)
    {
        var epochs = new List<EpochDocument>();
        while (epochs.Count < before)
        {
            var page = await anchor.EpochsAsync(
                new EpochsRequest
                {
                    Genesis = WireWriter.ToBytes(segment),
                    From = (ulong)epochs.Count,
                    Limit = (uint)Math.Min(Limits.PageEpochs, before - epochs.Count),
                },
                cancellationToken).ConfigureAwait(false);
            if (!WireReader.TryRead(page.Epochs, out var documents, out _) || documents.IsEmpty)
            {
                break;
            }

            epochs.AddRange(documents);
        }

        return epochs;
    }
}
