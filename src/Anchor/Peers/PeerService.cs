using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Peers;

/// <summary>
/// Takes what the other anchors of the segment say. Whoever's key is not a tls key of the newest epoch is not heard
/// (V63). Thread-safe.
/// </summary>
/// <param name="self">The own id.</param>
/// <param name="newest">The newest epoch.</param>
/// <param name="heard">Takes what is said, with its bytes; the next word of the stream is read after it
/// returned.</param>
/// <param name="decide">Answers the question for a decision.</param>
internal sealed class PeerService(
    string self, Func<Epoch> newest, Func<string, SegmentMessage, int, CancellationToken, ValueTask> heard,
    Func<AttestRequest, Envelope> decide)
{
    /// <summary>The service, to be served.</summary>
    internal ServerServiceDefinition Build() => ServerServiceDefinition.CreateBuilder()
        .AddMethod(PeerMethods.Gossip, GossipAsync)
        .AddMethod(PeerMethods.Attest, AttestAsync)
        .Build();

    private Task<AttestResponse> AttestAsync(AttestRequest request, ServerCallContext call)
    {
        _ = Identify(call.PeerKey);
        call.Accept();
        return Task.FromResult(new AttestResponse { Attest = WireWriter.ToMessage(decide(request)) });
    }

    private async Task<GossipClosed> GossipAsync(IAsyncStreamReader<PeerMessage> messages, ServerCallContext call)
    {
        _ = Identify(call.PeerKey);
        call.Accept();
        await call.WriteResponseHeadersAsync([]).ConfigureAwait(false);
        while (await messages.MoveNext(call.CancellationToken).ConfigureAwait(false))
        {
            var message = SegmentWire.Read(messages.Current)
                ?? throw RpcFailures.ToException(
                    new Refusal(VerificationFailure.BadEnvelope, "gossip", "a message of no form"));

            // An epoch that took the key away ends the stream with the next word.
            await heard(
                Identify(call.PeerKey), message, messages.Current.CalculateSize(), call.CancellationToken)
                .ConfigureAwait(false);
        }

        return new GossipClosed();
    }

    private string Identify(byte[]? point)
    {
        foreach (var anchor in newest().Anchors)
        {
            if (point is not null && anchor.Id != self && anchor.Tls.Point.SequenceEqual(point))
            {
                return anchor.Id;
            }
        }

        throw RpcFailures.ToException(
            new Refusal(VerificationFailure.TransportKeyMismatch, "tls", "no other anchor of this segment"));
    }
}
