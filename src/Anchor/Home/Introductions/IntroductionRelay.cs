using System.Buffers.Binary;
using System.Collections.Immutable;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using Google.Protobuf;

namespace Fairlead.Anchor.Home.Introductions;

/// <summary>
/// Asks the next segment for the hops of a home that has no direct route to it (4.9). What comes is the home's to
/// verify, hop by hop, as if it had asked itself; nothing of it is used or kept here. What one question costs here and
/// behind here is bounded, and how many there are at a time (V52). Thread-safe.
/// </summary>
internal sealed class IntroductionRelay : IAsyncDisposable
{
    private readonly ServingContext _context;
    private readonly HomeVerifier _verifier;
    private readonly ChainBook _chains;
    private readonly RelayPlaces _places;
    private readonly RelayTries _tries;
    private readonly RelayFlights _flights;
    private readonly CancellationTokenSource _stop = new();

    /// <param name="context">The anchor.</param>
    /// <param name="verifier">What is known of other segments.</param>
    /// <param name="chains">Their chains.</param>
    internal IntroductionRelay(ServingContext context, HomeVerifier verifier, ChainBook chains)
    {
        (_context, _verifier, _chains) = (context, verifier, chains);
        _places = new RelayPlaces(
            BinaryPrimitives.ReadUInt32BigEndian(context.TransportKid.ToArray()), context.Time);
        _tries = new RelayTries(_places, context.Time);
        _flights = new RelayFlights(context.Time);
    }

    /// <summary>Asks on.</summary>
    /// <param name="asker">The segment whose anchor asks here, the home or whoever relays for it, and the
    /// home.</param>
    /// <param name="view">The own segment.</param>
    /// <param name="request">The request as it came; its chains are as they were shown here.</param>
    /// <param name="own">The own hop, which introduces the home there.</param>
    /// <param name="visited">The segments that it came through, the own one included.</param>
    /// <param name="next">The next segment.</param>
    /// <param name="patience">How long whoever asked will wait.</param>
    /// <param name="cancellationToken">Ends the waiting for it.</param>
    /// <returns>The hops from the next segment on, or why none of its anchors gave them.</returns>
    internal async Task<(UnverifiedAnswer? Answer, Refusal? Refusal)> AskAsync(
        RelayAsker asker,
        SegmentView view,
        IntroduceRequest request,
        UnverifiedHop own,
        ImmutableArray<Digest> visited,
        Onward next,
        TimeSpan patience,
        CancellationToken cancellationToken)
    {
        if (visited.Contains(next.Genesis))
        {
            return (null, new Refusal(
                VerificationFailure.LoopDetected, next.Name.Text, "the introduction came through it already"));
        }

        var (answer, refusal) = await _flights.AskAsync(
            asker,
            Digest.Sha256(request.ToByteArray()),
            patience,
            () => _tries.RunAsync(
                next.Genesis,
                PlacesOf(next.Genesis, next.Endpoints),
                patience,
                (place, token) => _chains.MeetAsync(
                    place, next.Genesis, next.Genesis, next.Floor, view, token),
                (client, share, token) => AskOneAsync(client, share, view, request, own, visited, next, token),
                _stop.Token),
            cancellationToken).ConfigureAwait(false);
        return answer is null ? (null, refusal ?? Nobody(next.Name.Text)) : (answer, null);
    }

    /// <summary>Passes a page of a chain on, to the anchor that is asked first afterwards: what is shown counts there
    /// for questions over the same key alone.</summary>
    /// <param name="by">The segment whose anchor asks for it.</param>
    /// <param name="view">The own segment.</param>
    /// <param name="to">The neighbour.</param>
    /// <param name="request">The page.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RpcException">It is no neighbour, or none of its anchors took the page; with the last one's
    /// reason.</exception>
    internal async Task<PresentResponse> PassAsync(
        Digest by, SegmentView view, Digest to, PresentRequest request, CancellationToken cancellationToken)
    {
        if (view.FloorOf(to) is not { } floor)
        {
            throw RpcFailures.ToException(new Refusal(
                VerificationFailure.LinkNotAccepted, "to", $"{to} is no neighbour of this segment"));
        }

        var page = new PresentRequest { Genesis = request.Genesis, Epochs = { request.Epochs } };
        var named = view.Around().FirstOrDefault(one => one.Key == to).Value;
        var (response, refusal) = await _flights.CountAsync(RelayAsker.Self(by), () => _tries.RunAsync(
            to, PlacesOf(to, named), RelayTries.Longest,
            (place, token) => _chains.MeetAsync(place, to, to, floor, view, token),
            async (client, _, token) => (
                (PresentResponse?)await client.PresentAsync(page, token).ConfigureAwait(false), (Refusal?)null),
            cancellationToken)).ConfigureAwait(false);
        return response ?? throw RpcFailures.ToException((refusal ?? Nobody("to")).At("to"));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _flights.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    private ImmutableArray<IpEndpoint> PlacesOf(Digest segment, ImmutableArray<IpEndpoint> named) =>
        _verifier.Chain(segment) is { } chain ? _places.Of(chain) : _places.Of(segment, named);

    private static Refusal Nobody(string where) => new(VerificationFailure.Behind, where, "no anchor of it was asked");

    private static async Task<(UnverifiedAnswer? Answer, Refusal? Refusal)> AskOneAsync(
        AnchorClient client,
        TimeSpan share,
        SegmentView view,
        IntroduceRequest request,
        UnverifiedHop own,
        ImmutableArray<Digest> visited,
        Onward next,
        CancellationToken cancellationToken)
    {
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
        var response = await client.IntroduceAsync(onward, share, cancellationToken).ConfigureAwait(false);
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

        // Each of those that may follow adds one epoch at least.
        var room = Limits.PageEpochs - request.HomeEpochs.Count - request.Via.Sum(before => before.Epochs.Count)
            - (int)request.HopsLeft + 1;
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
