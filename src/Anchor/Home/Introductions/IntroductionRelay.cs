using System.Collections.Immutable;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Resolver.Home;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Home.Introductions;

/// <summary>
/// Asks the next segment for the hops of a home that has no direct route to it (4.9). What comes is the home's to
/// verify, hop by hop, as if it had asked itself; nothing of it is used or kept here. Thread-safe.
/// </summary>
internal sealed class IntroductionRelay(ServingContext context, HomeVerifier verifier, ChainBook chains)
{
    // So that a home hears of a failure behind this segment before its own patience ends.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(12);

    /// <summary>Asks on.</summary>
    /// <param name="view">The own segment.</param>
    /// <param name="request">The request as it came; its chains are as they were shown here.</param>
    /// <param name="own">The own hop, which introduces the home there.</param>
    /// <param name="visited">The segments that it came through, the own one included.</param>
    /// <param name="next">The next segment.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The hops from the next segment on, or why none of its anchors gave them.</returns>
    internal async Task<(UnverifiedAnswer? Answer, Refusal? Refusal)> AskAsync(
        SegmentView view,
        IntroduceRequest request,
        UnverifiedHop own,
        ImmutableArray<Digest> visited,
        Onward next,
        CancellationToken cancellationToken)
    {
        if (visited.Contains(next.Genesis))
        {
            return (null, new Refusal(
                VerificationFailure.LoopDetected, next.Name.Text, "the introduction came through it already"));
        }

        Refusal? last = null;
        foreach (var endpoint in PlacesOf(next.Genesis, next.Endpoints))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var client = new AnchorClient(
                endpoint, context.Transport, context.Time, verifier.Chain(next.Genesis)) { Patience = Patience };
            await using (client.ConfigureAwait(false))
            {
                try
                {
                    var (answer, refusal) = await AskOneAsync(
                        client, view, request, own, visited, next, cancellationToken).ConfigureAwait(false);
                    if (answer is not null)
                    {
                        return (answer, null);
                    }

                    last = refusal;
                }
                catch (RpcException e) when (!cancellationToken.IsCancellationRequested)
                {
                    last = HomeMeeting.Describe(e, endpoint);
                }
            }
        }

        return (null, last ?? new Refusal(VerificationFailure.Behind, next.Name.Text, "it has no anchors"));
    }

    /// <summary>Passes a page of a chain on, to the anchor that is asked first afterwards: what is shown counts there
    /// for questions over the same key alone.</summary>
    /// <param name="view">The own segment.</param>
    /// <param name="to">The neighbour.</param>
    /// <param name="request">The page.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RpcException">It is no neighbour, or none of its anchors took the page; with the last one's
    /// reason.</exception>
    internal async Task<PresentResponse> PassAsync(
        SegmentView view, Digest to, PresentRequest request, CancellationToken cancellationToken)
    {
        if (view.FloorOf(to) is null)
        {
            throw RpcFailures.ToException(new Refusal(
                VerificationFailure.LinkNotAccepted, "to", $"{to} is no neighbour of this segment"));
        }

        Refusal? last = null;
        foreach (var endpoint in PlacesOf(to, view.Around().FirstOrDefault(one => one.Key == to).Value))
        {
            var client = new AnchorClient(endpoint, context.Transport, context.Time, verifier.Chain(to))
            {
                Patience = Patience,
            };
            await using (client.ConfigureAwait(false))
            {
                try
                {
                    return await client.PresentAsync(
                        new PresentRequest { Genesis = request.Genesis, Epochs = { request.Epochs } },
                        cancellationToken).ConfigureAwait(false);
                }
                catch (RpcException e) when (!cancellationToken.IsCancellationRequested)
                {
                    last = HomeMeeting.Describe(e, endpoint);
                }
            }
        }

        throw RpcFailures.ToException(
            last?.At("to") ?? new Refusal(VerificationFailure.Behind, "to", "it has no anchors"));
    }

    // Always in one order: pages and questions go to the same anchor.
    private ImmutableArray<IpEndpoint> PlacesOf(Digest segment, ImmutableArray<IpEndpoint> named) =>
        verifier.Chain(segment) is { } chain
            ? [.. chain.Newest.Value.Anchors.SelectMany(anchor => anchor.Endpoints)]
            : named.IsDefault ? [] : named;

    private async Task<(UnverifiedAnswer? Answer, Refusal? Refusal)> AskOneAsync(
        AnchorClient client,
        SegmentView view,
        IntroduceRequest request,
        UnverifiedHop own,
        ImmutableArray<Digest> visited,
        Onward next,
        CancellationToken cancellationToken)
    {
        if (await chains.MeetAsync(client, next.Genesis, next.Floor, view, cancellationToken).ConfigureAwait(false)
            is { } stranger)
        {
            return (null, stranger);
        }

        var (hop, hidden) = await ShownAsync(client, view, request, own, cancellationToken).ConfigureAwait(false);
        if (hop is null)
        {
            return (null, hidden);
        }

        var onward = new IntroduceRequest
        {
            Query = request.Query,
            Child = next.Kind == HopKind.Up ? view.Name.Label : "",
            HopsLeft = request.HopsLeft - 1,
            Known = { request.Known },
            HomeEpochs = { request.HomeEpochs },
            Via = { request.Via, WireWriter.ToMessage(hop) },
            Visited = { visited.Select(WireWriter.ToBytes) },
        };
        var response = await client.IntroduceAsync(onward, cancellationToken).ConfigureAwait(false);
        if (!WireReader.TryRead(response.Answer, out var answer, out var malformed))
        {
            return (null, malformed);
        }

        return answer.Hops.Length >= 1 && (uint)answer.Hops.Length <= request.HopsLeft
            ? (answer, null)
            : (null, new Refusal(
                VerificationFailure.PathBroken, client.Endpoint.Text,
                $"{answer.Hops.Length} hops, where {request.HopsLeft} are left"));
    }

    // The own chain goes along where there is room beside the home's (V36), and is shown before where there is not.
    private static async Task<(UnverifiedHop? Hop, Refusal? Refusal)> ShownAsync(
        AnchorClient client, SegmentView view, IntroduceRequest request, UnverifiedHop own,
        CancellationToken cancellationToken)
    {
        var hop = new RelayedHop(own with { Epochs = [] }, EpochLog.Of(view.Epochs)) { Introduces = true };
        var room = Limits.PageEpochs - request.HomeEpochs.Count - request.Via.Sum(before => before.Epochs.Count);
        if (view.Epochs.Length <= room)
        {
            return (hop.After(null), null);
        }

        return await ChainShowing.PagesAsync(client, view.Genesis, view.Epochs, null, cancellationToken)
            .ConfigureAwait(false) is { } refusal
            ? (null, refusal)
            : (hop.ForVerifier(), null);
    }
}
