using Fairlead.EnvoyApi.Discovery;
using Fairlead.Xds.Streams;
using Google.Protobuf;

namespace Fairlead.Xds.Delta;

/// <summary>Reads the requests of one delta stream: of the node the first alone is read. Not safe for concurrent
/// use.</summary>
internal sealed class DeltaRequestParser : IRequestParser<DeltaDiscoveryRequest>
{
    private const byte NodeTag = 0x0A;

    private static readonly MessageParser<DeltaDiscoveryRequest> Parser =
        DeltaDiscoveryRequest.Parser.WithDiscardUnknownFields(true);

    private bool _isOpen;

    public DeltaDiscoveryRequest Parse(ReadOnlySpan<byte> bytes)
    {
        var request = Parser.ParseFrom(_isOpen ? NodeField.Without(bytes, NodeTag) : bytes);
        _isOpen = true;
        return request;
    }
}
