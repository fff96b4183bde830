using System.Text;
using Fairlead.Controller.Documents;
using Fairlead.Kubernetes.Manifests;
using Fairlead.Kubernetes.Reconciling;
using Fairlead.Naming;
using EndpointState = Fairlead.Naming.EndpointState;
using PortProtocol = Fairlead.Naming.PortProtocol;

namespace Fairlead.Controller.Tests;

/// <summary>Everything that a cluster can say of a Service, from its YAML to the members of the signed
/// record.</summary>
public sealed class RecordContentsTests
{
    private const string Manifests = """
        apiVersion: v1
        kind: Service
        metadata:
          name: db
          namespace: shop
          annotations:
            fairlead.dev/continuity: 0s
            fairlead.dev/ttl-max: 30s
            fairlead.dev/identities: spiffe://us1.example/ns/shop/sa/db
            fairlead.dev/weight: "7"
        spec:
          clusterIP: None
          sessionAffinity: ClientIP
          ports:
          - {name: web, port: 80, appProtocol: http}
          - {name: api, port: 81, appProtocol: kubernetes.io/h2c}
          - {name: grpc-admin, port: 82}
          - {name: other, port: 83}
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: db-4, namespace: shop, labels: {kubernetes.io/service-name: db}}
        addressType: IPv4
        endpoints:
        - {addresses: [10.0.0.1], hostname: db-0, zone: a}
        - {addresses: [10.0.0.2], hostname: db-1, conditions: {ready: false}}
        - {addresses: [10.0.0.3], hostname: db-2, conditions: {ready: false, serving: true, terminating: true}}
        ports:
        - {name: web, port: 8080}
        - {name: api, port: 8081}
        - {name: grpc-admin, port: 8082}
        - {name: other, port: 8083}
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: db-6, namespace: shop, labels: {kubernetes.io/service-name: db}}
        addressType: IPv6
        endpoints: [{addresses: ["2001:db8::1"], hostname: db-0}]
        ports:
        - {name: web, port: 8080}
        - {name: api, port: 8081}
        - {name: grpc-admin, port: 8082}
        - {name: other, port: 8083}
        ---
        apiVersion: multicluster.x-k8s.io/v1alpha1
        kind: ServiceExport
        metadata: {name: db, namespace: shop}
        """;

    [Fact]
    public void Record_OfAnAnnotatedService_CarriesEverySource()
    {
        var (record, slices) = Made();

        Assert.Equal("db.shop.svc", record.Name.Text);
        Assert.Equal(RecordKind.Headless, record.Kind);
        Assert.Equal((0L, 30_000L), (record.Continuity, record.TtlMax));
        Assert.Equal(["spiffe://us1.example/ns/shop/sa/db"], record.Identities);
        Assert.Equal("client-ip", record.Ext["affinity"]);
        Assert.Equal(
            [
                ("web", 80, PortProtocol.Http), ("api", 81, PortProtocol.Http2), ("grpc-admin", 82, PortProtocol.Grpc),
                ("other", 83, PortProtocol.Tcp),
            ],
            record.Ports.Select(port => (port.Name, (int)port.Number, port.Protocol)));
        Assert.Equal([(3, "us-east"), (1, "us-east")], record.Slices.Select(slice => ((int)slice.Count, slice.Region)));
        Assert.Equal([8080, 8081, 8082, 8083], slices[0].Ports);
        Assert.Equal(
            [
                ("10.0.0.1", "db-0", "a", null, 7), ("10.0.0.2", "db-1", null, EndpointState.Unready, 7),
                ("10.0.0.3", "db-2", null, EndpointState.Draining, 7), ("2001:db8::1", "db-0", null, null, 7),
            ],
            slices.SelectMany(slice => slice.Endpoints).Select(Facts));
    }

    private static (string, string?, string?, string?, long?) Facts(SliceEndpoint endpoint) =>
        (endpoint.Address, endpoint.Host, endpoint.Zone, endpoint.State, endpoint.Weight);

    private static (Naming.Record Record, List<Slice> Slices) Made()
    {
        var folder = new ManifestFolder();
        folder.Update([("m.yaml", Encoding.UTF8.GetBytes(Manifests))]);
        Assert.Empty(folder.Problems);
        var result = Reconciler.Reconcile(
            folder.Content, new ReconcileOptions { Segment = "us1.internal", Region = "us-east" });
        Assert.Empty(result.Problems);
        var content = RecordContents.Of(Assert.Single(result.Records), Digest.Sha256("publisher"u8));
        return (content.Template, [.. content.Slices.Select(Parse)]);
    }

    private static Slice Parse(ReadOnlyMemory<byte> payload)
    {
        Assert.True(Document.TryParse<Slice>(payload, out var slice, out var refusal), refusal?.ToString());
        return slice.Value;
    }
}
