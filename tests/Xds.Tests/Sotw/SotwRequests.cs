using System.Runtime.CompilerServices;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.Xds.Sotw;
using Google.Protobuf;

namespace Fairlead.Xds.Tests.Sotw;

/// <summary>Requests as they come over the wire: each stream reads all of its own by one parser.</summary>
internal static class SotwRequests
{
    private static readonly ConditionalWeakTable<SotwStream, SotwRequestParser> Parsers = [];

    internal static IReadOnlyList<StreamEvent> Receive(
        this SotwStream stream, DiscoveryRequest request, TimeSpan now) =>
        stream.Receive(Parsers.GetOrCreateValue(stream).Parse(request.ToByteArray()), now);
}
