using System.Collections.Immutable;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;

namespace Fairlead.Anchor.Home;

/// <summary>
/// How this segment shows itself to an anchor of another one (V48): by its chain and the hops that introduce it. What
/// does not fit into one request is shown page by page before it. Immutable.
/// </summary>
/// <param name="Home">The epochs of this segment that go along with the question.</param>
/// <param name="Via">The introducing hops.</param>
internal sealed record ChainShowing(ImmutableArray<EpochDocument> Home, ImmutableArray<UnverifiedHop> Via)
{
    /// <summary>Shows what does not fit.</summary>
    /// <param name="client">The anchor.</param>
    /// <param name="view">The own segment.</param>
    /// <param name="hops">The segments that introduce it, from here on.</param>
    /// <returns>What goes along with the question, or the first error.</returns>
    /// <exception cref="Rpc.RpcException">The anchor failed.</exception>
    /// <param name="to">The neighbour of the anchor's segment to which it is shown as well; null for none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static async Task<(ChainShowing? Showing, Refusal? Refusal)> ShowAsync(
        AnchorClient client, SegmentView view, IReadOnlyCollection<RelayedHop> hops, Digest? to,
        CancellationToken cancellationToken)
    {
        // What is shown page by page ends where the question says that it ends.
        var shown = hops.Select(hop => hop.Frozen()).ToList();

        // Each transit that relays it adds one epoch at least.
        var room = to is null ? Limits.PageEpochs : Limits.PageEpochs - Limits.Hops;
        if (view.Epochs.Length + shown.Sum(hop => hop.Epochs.Length) <= room)
        {
            return (new ChainShowing(view.Epochs, [.. shown.Select(hop => hop.After(null))]), null);
        }

        foreach (var (genesis, epochs) in shown.Select(hop => (hop.Hop.Genesis, hop.Epochs))
            .Prepend((view.Genesis, view.Epochs)))
        {
            var refusal = await PagesAsync(client, genesis, epochs, null, cancellationToken).ConfigureAwait(false);
            if (refusal is null && to is not null)
            {
                refusal = await PagesAsync(client, genesis, epochs, to, cancellationToken).ConfigureAwait(false);
            }

            if (refusal is not null)
            {
                return (null, refusal);
            }
        }

        return (new ChainShowing([view.Epochs[^1]], [.. shown.Select(hop => hop.ForVerifier())]), null);
    }

    /// <summary>Shows a chain page by page.</summary>
    /// <param name="client">The anchor.</param>
    /// <param name="genesis">The segment.</param>
    /// <param name="epochs">Its epochs, from the genesis on.</param>
    /// <param name="to">The neighbour to which the anchor passes them on; null to show them to itself.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The first error, or null.</returns>
    /// <exception cref="Rpc.RpcException">The anchor failed.</exception>
    internal static async Task<Refusal?> PagesAsync(
        AnchorClient client, Digest genesis, ImmutableArray<EpochDocument> epochs, Digest? to,
        CancellationToken cancellationToken)
    {
        var through = to is { } neighbour ? WireWriter.ToBytes(neighbour) : Google.Protobuf.ByteString.Empty;
        var request = new PresentRequest { Genesis = WireWriter.ToBytes(genesis), To = through };
        while (true)
        {
            var response = await client.PresentAsync(request, cancellationToken).ConfigureAwait(false);
            var next = (int)Math.Min(response.Next, (ulong)epochs.Length);
            if (next == epochs.Length)
            {
                return null;
            }

            // The pages are its to keep; one that forgets them at once would be shown them without end.
            if (request.Epochs.Count > 0 && next != request.Epochs.Count + First(request))
            {
                return new Refusal(
                    VerificationFailure.Behind, client.Endpoint.Text, $"does not keep the epochs of {genesis}");
            }

            request = new PresentRequest { Genesis = request.Genesis, To = through };

            // With the newest one that is held there: where that is another one, it can tell (V14, V38).
            request.Epochs.AddRange(epochs.Skip(Math.Max(0, next - 1)).Take(Limits.PageEpochs)
                .Select(WireWriter.ToMessage));
        }
    }

    private static int First(PresentRequest request) =>
        Document.TryParse<Naming.Epoch>(request.Epochs[0].Payload.Memory, out var epoch, out _)
            ? (int)epoch.Value.Number
            : 0;
}
