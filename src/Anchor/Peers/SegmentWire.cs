using Fairlead.Governance;
using Fairlead.Protocol.V1;

namespace Fairlead.Anchor.Peers;

/// <summary>
/// What the anchors of a segment tell each other as it travels: about seals (<see cref="PeerWire"/>), about the epoch
/// to come, and the steps by which one that was away follows (<see cref="EpochWire"/>). Reading checks lengths and
/// forms only; the engine judges the rest. Stateless.
/// </summary>
internal static class SegmentWire
{
    internal static PeerMessage Write(SegmentMessage message)
    {
        switch (message)
        {
            case SegmentMessage.Sealing sealing:
                var wire = PeerWire.Write(sealing.Message);
                wire.Epoch = (ulong)sealing.Epoch;
                return wire;
            case SegmentMessage.Governing governing:
                return new PeerMessage { Governing = EpochWire.Write(governing.Message) };
            case SegmentMessage.Ask ask:
                return new PeerMessage { AskSteps = (ulong)ask.Epoch };
            case SegmentMessage.Steps steps:
                return new PeerMessage { Steps = EpochWire.Write(steps) };
            default:
                throw new InvalidOperationException($"no wire form for {message.GetType().Name}");
        }
    }

    /// <summary>Reads a message; null where its form is bad.</summary>
    internal static SegmentMessage? Read(PeerMessage wire) => wire.KindCase switch
    {
        PeerMessage.KindOneofCase.Governing =>
            EpochWire.Read(wire.Governing) is { } message ? new SegmentMessage.Governing(message) : null,
        PeerMessage.KindOneofCase.AskSteps =>
            IsNumber(wire.AskSteps) ? new SegmentMessage.Ask((long)wire.AskSteps) : null,
        PeerMessage.KindOneofCase.Steps => EpochWire.Read(wire.Steps),
        _ => IsNumber(wire.Epoch) && PeerWire.Read(wire) is { } message
            ? new SegmentMessage.Sealing((long)wire.Epoch, message)
            : null,
    };

    /// <summary>Whether a number can be one of the protocol's: their integers end at 2^53-1.</summary>
    internal static bool IsNumber(ulong number) => number <= Naming.Limits.IntegerMax;
}
