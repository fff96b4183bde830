using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Peers;

/// <summary>
/// Takes what the other anchors of the segment say. Whoever's key is not a tls key of the newest epoch is not heard (V63).
/// Thread-safe.
/// </summary>
internal sealed class PeerService(string self, Func<Epoch> newest, Action<string, SealMessage> heard)
{
    /// <summary>The service, to be served.</summary>
    internal ServerServiceDefinition Build() =>
        ServerServiceDefinition.CreateBuilder().AddMethod(PeerMethods.Gossip, GossipAsync).Build();

    private async Task<GossipClosed> GossipAsync(IAsyncStreamReader<PeerMessage> messages, ServerCallContext call)
    {
        if (Find(call.PeerKey) is not { } anchor)
        {
            throw RpcFailures.ToException(
                new Refusal(VerificationFailure.TransportKeyMismatch, "tls", "no other anchor of this segment"));
        }

        await call.WriteResponseHeadersAsync([]).ConfigureAwait(false);
        while (await messages.MoveNext(call.CancellationToken).ConfigureAwait(false))
        {
            var message = PeerWire.Read(messages.Current)
                ?? throw RpcFailures.ToException(new Refusal(VerificationFailure.BadEnvelope, "gossip", "a message of no form"));
            heard(anchor, message);
        }

        return new GossipClosed();
    }

    private string? Find(byte[]? point)
    {
        if (point is null)
        {
            return null;
        }

        foreach (var anchor in newest().Anchors)
        {
            if (anchor.Id != self && anchor.Tls.Point.SequenceEqual(point))
            {
                return anchor.Id;
            }
        }

        return null;
    }
}
