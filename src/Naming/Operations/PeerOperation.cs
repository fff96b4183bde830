using System.Collections.Immutable;

namespace Fairlead.Naming.Operations;

/// <summary>A peer as two operators agree on it over a channel they trust (4.10).</summary>
/// <param name="Name">Its full name.</param>
/// <param name="Genesis">The peer.</param>
/// <param name="Floor">Its newest verified epoch.</param>
/// <param name="Endpoints">Where its anchors are, 1 to 4.</param>
/// <param name="Terms">What is demanded; null for what the Peer leaf that stands demands, if one does.</param>
/// <param name="Scope">What it may name; null leaves that as it is; <c>Made</c> and <c>Opening</c> are set when the
/// candidate is built.</param>
public sealed record PeerRequest(
    SegmentName Name,
    Digest Genesis,
    Floor Floor,
    ImmutableArray<IpEndpoint> Endpoints,
    Terms? Terms = null,
    Scope? Scope = null);

/// <summary>Builds op peer (4.4): Peer leaf, <c>peers</c>, Scope. Pure, thread-safe.</summary>
public static class PeerOperation
{
    /// <summary>The candidate that follows the ground.</summary>
    /// <param name="ground">The newest epoch.</param>
    /// <param name="request">The peer.</param>
    /// <param name="now">Unix ms.</param>
    /// <param name="openings">16 fresh random bytes at each call.</param>
    /// <param name="refusal">TooLarge, LinkRepointed where the name is another peer's, CrossSegmentWrite,
    /// OpMismatch.</param>
    public static EpochProposal? Build(
        EpochGround ground, PeerRequest request, long now, Func<Hex16> openings, out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(ground);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(openings);
        var draft = new CandidateDraft(ground, now, openings);
        var held = draft.Held<Peer>().FirstOrDefault(peer => peer.Name == request.Name);
        if (held is not null && held.Genesis != request.Genesis)
        {
            refusal = new Refusal(VerificationFailure.LinkRepointed, request.Name.Text,
                $"is the name of {held.Genesis}");
            return null;
        }

        if (request.Scope is { } foreign && foreign.Segment != request.Genesis)
        {
            refusal = new Refusal(VerificationFailure.CrossSegmentWrite, "scope", $"speaks of {foreign.Segment}");
            return null;
        }

        var peers = ground.Epoch.Value.Peers;
        peers = peers.Contains(request.Genesis) ? peers : [.. peers.Add(request.Genesis).Order()];
        if (peers.Length > Limits.Peers)
        {
            refusal = new Refusal(VerificationFailure.TooLarge, "peers", $"at most {Limits.Peers}");
            return null;
        }

        draft.Put(new Peer
        {
            Endpoints = [.. request.Endpoints.Order(CanonicalTexts.Instance)],
            Floor = request.Floor,
            Genesis = request.Genesis,
            Made = 0,
            Name = request.Name,
            Opening = default,
            Terms = request.Terms ?? held?.Terms,
        });
        if (request.Scope is { } scope)
        {
            draft.Put(scope);
        }

        return draft.Build(OpType.Peer, epoch => epoch with { Peers = peers }, mayBeEmpty: false, out refusal);
    }
}
