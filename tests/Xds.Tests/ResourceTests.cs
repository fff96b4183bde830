using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.EnvoyApi.TransportSockets;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests;

public sealed class ResourceTests
{
    [Fact]
    public void Version_OfTheSameContent_IsTheSameWhateverTheOrderOfMaps()
    {
        Assert.Equal(WithMetadata("a", "b", "c").Version, WithMetadata("c", "b", "a").Version);
        Assert.NotEqual(WithMetadata("a", "b", "c").Version, WithMetadata("a", "b", "d").Version);
    }

    [Fact]
    public void Version_OfAnotherName_Differs()
    {
        Assert.NotEqual(Resource.EmptyEndpoints("a").Version, Resource.EmptyEndpoints("b").Version);
    }

    /// <summary>Of a name, a zero and the bytes in a response: another would have every client told everything anew by
    /// the next release.</summary>
    [Fact]
    public void Version_OfKnownContent_StaysWhatItIs()
    {
        Assert.Equal("1540d035e59538350ee28ff961796789", Resource.EmptyEndpoints("a").Version);
    }

    /// <summary>Wherever it stands, and that alone.</summary>
    [Fact]
    public void Version_OfEndpoints_IsWithoutWhatIsNoPartOfIt()
    {
        Assert.Equal(Of("now1", "a", "now1").Version, Of("now2", "a", "now2").Version);
        Assert.NotEqual(Of("now1", "a", "now1").Version, Of("now1", "b", "now1").Version);
        Assert.NotEqual(Of("now1", "a", "now2").Version, Of("now2", "a", "now1").Version);
        Assert.Equal("now1", Read(Of("now1", "a", "x")).Endpoints[0].Locality.Zone);
        Assert.Equal(Resource.EmptyEndpoints("a").Version, Resource.Create(new ClusterLoadAssignment
        {
            ClusterName = "a",
        }, [[]]).Version);

        static Resource Of(string unversioned, params string[] zones) => Resource.Create(
            new ClusterLoadAssignment
            {
                ClusterName = "a",
                Endpoints =
                {
                    zones.Prepend(unversioned).Select(
                        zone => new LocalityLbEndpoints { Locality = new Locality { Zone = zone } }),
                },
            },
            new Locality { Zone = unversioned }.ToByteArray());

        static ClusterLoadAssignment Read(Resource resource) => resource.ToAny().Unpack<ClusterLoadAssignment>();
    }

    [Fact]
    public void References_OfACluster_NameItsServiceNameOrItself()
    {
        Assert.Equal([new ResourceReference(ResourceType.Endpoints, "a")], Cluster("a").References);
        Assert.Equal([new ResourceReference(ResourceType.Endpoints, "s")], Cluster("a", "s").References);
    }

    /// <summary>Of all its sockets, each once, and none that comes out of a file.</summary>
    [Fact]
    public void References_OfACluster_NameItsSecrets()
    {
        var source = PerType(isDelta: true);
        var cluster = new Cluster
        {
            Name = "a",
            TransportSocket = Tls(new SdsSecretConfig { Name = "s", SdsConfig = source }),
            TransportSocketMatches =
            {
                Of(new SdsSecretConfig { Name = "t", SdsConfig = source }),
                Of(new SdsSecretConfig { Name = "s", SdsConfig = source }),
                Of(new SdsSecretConfig { Name = "bootstrap" }),
                new Cluster.Types.TransportSocketMatch { TransportSocket = new TransportSocket { Name = "raw" } },
            },
        };
        Assert.Equal(["s", "t"], Resource.Create(cluster).References.Select(one => one.Name));
        Assert.All(Resource.Create(cluster).References, one => Assert.Equal(ResourceType.Secret, one.Type));

        static Cluster.Types.TransportSocketMatch Of(SdsSecretConfig secret) => new() { TransportSocket = Tls(secret) };
    }

    [Fact]
    public void References_OfListenerAndRoute_AreFound()
    {
        Assert.Equal([new ResourceReference(ResourceType.Route, "r")], Listener("l", "r").References);
        Assert.Equal([new ResourceReference(ResourceType.Cluster, "c")], Routes("r", "c").References);
    }

    [Fact]
    public void Dangling_RouteToNoCluster_IsReportedAndMissingEndpointsAreNot()
    {
        var snapshot = Snapshot(Cluster("a"), Routes("r", "b"));

        var (from, to) = Assert.Single(snapshot.Dangling());

        Assert.Equal("r", from.Name);
        Assert.Equal(new ResourceReference(ResourceType.Cluster, "b"), to);
    }

    [Fact]
    public void Set_UnchangedContent_KeepsTheResourceThatStreamsHold()
    {
        var first = Snapshot(Cluster("a"));
        var second = Next(first, Cluster("a"));

        Assert.Same(first.Resources(ResourceType.Cluster), second.Resources(ResourceType.Cluster));
        Assert.Equal(first.Sequence + 1, second.Sequence);
    }

    [Fact]
    public void Set_WildcardForEndpoints_IsAMistake()
    {
        Assert.Throws<ArgumentException>(
            () => ResourceSnapshot.Unprimed.ToBuilder().Set(Endpoints("a", 1), wildcard: true));
    }

    private static Resource WithMetadata(params string[] keys)
    {
        var metadata = new Metadata();
        foreach (var key in keys)
        {
            metadata.FilterMetadata.Add(key, new Struct { Fields = { { key, Value.ForString(key) } } });
        }

        var endpoint = new LbEndpoint { Endpoint = new Endpoint(), Metadata = metadata };
        var locality = new LocalityLbEndpoints { LbEndpoints = { endpoint } };
        return Resource.Create(new ClusterLoadAssignment { ClusterName = "a", Endpoints = { locality } });
    }
}
