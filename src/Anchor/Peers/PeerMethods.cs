using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Peers;

/// <summary>The methods of the service <c>fairlead.v1.AnchorPeer</c>.</summary>
internal static class PeerMethods
{
    /// <summary>The largest message between anchors: a page of a state, or a proposal with many records.</summary>
    internal const int MaxMessageBytes = 16 * 1024 * 1024;

    private const string ServiceName = "fairlead.v1.AnchorPeer";

    /// <summary>One anchor's words to another.</summary>
    internal static Method<PeerMessage, GossipClosed> Gossip { get; } =
        StrictMethod.Create<PeerMessage, GossipClosed>(
            MethodType.ClientStreaming, ServiceName, "Gossip", MaxMessageBytes, 64);

    /// <summary>One anchor's decision, asked for by another.</summary>
    internal static Method<AttestRequest, AttestResponse> Attest { get; } =
        StrictMethod.Create<AttestRequest, AttestResponse>(
            MethodType.Unary, ServiceName, "Attest", 4096, 2 * Limits.EnvelopeBytes);
}
