using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Peers;

/// <summary>
/// Takes what the other anchors of the segment say, each over one stream at a time. Whoever's key is not a tls key of
/// the newest epoch is not heard (V63). Thread-safe.
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
    private readonly PeerStreams _streams = new();

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
        var from = Identify(call.PeerKey);
        call.Accept();
        var stream = _streams.Begin(from, call.CancellationToken);
        try
        {
            await call.WriteResponseHeadersAsync([]).ConfigureAwait(false);
            return await HearAsync(messages, call, stream.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!call.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(
                new Status(StatusCode.Aborted, $"a newer stream of {from} took the place of this one"));
        }
        finally
        {
            _streams.End(from, stream);
        }
    }

    private async Task<GossipClosed> HearAsync(
        IAsyncStreamReader<PeerMessage> messages, ServerCallContext call, CancellationToken cancellationToken)
    {
        while (await messages.MoveNext(cancellationToken).ConfigureAwait(false))
        {
            var message = SegmentWire.Read(messages.Current)
                ?? throw RpcFailures.ToException(
                    new Refusal(VerificationFailure.BadEnvelope, "gossip", "a message of no form"));

            // An epoch that took the key away ends the stream with the next word.
            await heard(Identify(call.PeerKey), message, messages.Current.CalculateSize(), cancellationToken)
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
