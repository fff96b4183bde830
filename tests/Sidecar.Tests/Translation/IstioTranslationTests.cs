using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Tests.Translation;

/// <summary>What a cluster of istiod's reads in endpoints.</summary>
public sealed class IstioTranslationTests
{
    /// <summary>Two processes behind one address, as of a host's network: mutual TLS to the one that has no identity
    /// would fail each request to it.</summary>
    [Fact]
    public void Endpoint_WithoutAnIdentity_IsNotMarkedForAnotherAtItsAddress()
    {
        var name = new ServedName(
            "checkout.shop.svc.us1.internal", null,
            [new ServedPort("http", 80, "http"), new ServedPort("admin", 81, "http")],
            [At(8080, 9090) with { Peer = "one" }, At(9090, 8080)],
            new Provenance("us1.internal", 1, 1, "2026-11-24T15:00:00.000Z"));
        Assert.Equal([(8080u, true), (9090u, false)], Marked(0));
        Assert.Equal([(8080u, false), (9090u, true)], Marked(1));

        IEnumerable<(uint Port, bool IsMarked)> Marked(int port)
        {
            var assignment = AssignmentTranslation.Translate(name, "outbound|80||x", port);
            IstioTranslation.MarkMutual(assignment, name, port);
            return assignment.Endpoints.SelectMany(locality => locality.LbEndpoints)
                .Select(one => (one.Endpoint.Address.SocketAddress.PortValue,
                    one.Metadata.FilterMetadata.ContainsKey("envoy.transport_socket_match")))
                .OrderBy(one => one.PortValue);
        }

        static ServedEndpoint At(params int[] ports) =>
            new("10.1.0.1", [.. ports], "us1", "a", 1, ServedHealth.Healthy);
    }
}
