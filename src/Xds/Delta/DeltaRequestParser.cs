using Fairlead.EnvoyApi.Discovery;
using Fairlead.Xds.Streams;
using Google.Protobuf;

namespace Fairlead.Xds.Delta;

/// <summary>Reads the requests of a delta stream, each for itself. Stateless.</summary>
internal sealed class DeltaRequestParser : IRequestParser<DeltaDiscoveryRequest>
{
    private static readonly MessageParser<DeltaDiscoveryRequest> Parser =
        DeltaDiscoveryRequest.Parser.WithDiscardUnknownFields(true);

    public static DeltaRequestParser Instance { get; } = new();

    public DeltaDiscoveryRequest Parse(ReadOnlySpan<byte> bytes) => Parser.ParseFrom(bytes);
}
