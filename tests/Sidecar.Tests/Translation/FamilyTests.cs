using System.Collections.Immutable;
using System.Net;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.Sidecar.Hosting;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Tests.Translation;

/// <summary>A pod of a dual-stack Service is two endpoints: who has one family alone is told one of them.</summary>
public sealed class FamilyTests
{
    private const string Name = "cart.shop.svc.us1.internal";

    [Theory]
    [InlineData("envoy", null, "10.0.0.1 2001:db8::1")]
    [InlineData("envoy", "Both", "10.0.0.1 2001:db8::1")]
    [InlineData("envoy", "Ipv4", "10.0.0.1")]
    [InlineData("envoy", "Ipv6", "2001:db8::1")]
    [InlineData("gRPC Go", "Ipv4", "10.0.0.1")]
    public void Endpoints_OfTheOtherFamily_AreNotTold(string agent, string? families, string told) =>
        Assert.Equal(told, Told(agent, families, "http", "10.0.0.1", "2001:db8::1"));

    [Fact]
    public void Endpoints_OfTheOtherFamilyAlone_AreTold()
    {
        Assert.Equal("2001:db8::1 2001:db8::2", Told("envoy", "Ipv4", "http", "2001:db8::1", "2001:db8::2"));
        Assert.Equal("10.0.0.1 ::1", Told("envoy", "Ipv4", "http", "10.0.0.1", "2001:db8::1", "::1"));
    }

    /// <summary>Those that take no requests any more are none that can be reached, to Envoys as to the proxy.</summary>
    [Theory]
    [InlineData("Draining", 2)]
    [InlineData("Ending", 2)]
    [InlineData("Unready", 1)]
    public void Endpoints_OfTheOtherFamily_AreTold_WhereTheOthersLeave(string health, int count)
    {
        var all = Served("http", "10.0.0.1", "2001:db8::1");
        var leaving = all.Endpoints[0] with { Health = Enum.Parse<ServedHealth>(health) };
        Assert.Equal(
            count,
            FamilyTranslation.Reachable<ServedEndpoint>([leaving, all.Endpoints[1]], AddressFamilies.Ipv4).Length);
    }

    /// <summary>A member that has the other family alone is not gone because another one has both, and neither is a
    /// port.</summary>
    [Fact]
    public void Endpoints_OfTheOtherFamilyAlone_AreTold_OfAMemberAndAtAPort()
    {
        var all = Served("http", "10.0.0.1", "2001:db8::1", "2001:db8::2", "2001:db8::3");
        var set = all with
        {
            Endpoints = [.. all.Endpoints.Select((one, i) => one with { Member = Member(i < 2 ? "a" : "b") })],
        };
        Assert.Equal("10.0.0.1 2001:db8::2 2001:db8::3", Addresses(set, 0));
        var two = all with
        {
            Ports = [.. all.Ports, new ServedPort("raw", 9000, "tcp")],
            Endpoints = [.. all.Endpoints.Select((one, i) => one with { Ports = [i < 3 ? 80 : 0, i < 1 ? 0 : 9000] })],
        };
        Assert.Equal(("10.0.0.1", "2001:db8::1 2001:db8::2 2001:db8::3"), (Addresses(two, 0), Addresses(two, 1)));

        static ServedMember Member(string name) => new(name, 0, 1, new Provenance("us1.internal", 1, 1, ""));

        static string Addresses(ServedName name, int port) => string.Join(
            ' ',
            FamilyTranslation.Reachable(name, AddressFamilies.Ipv4).Endpoints
                .Where(one => one.Ports[port] > 0).Select(one => one.Address));
    }

    /// <summary>An interface may come up after the sidecar, or lose an address while it runs.</summary>
    [Fact]
    public void Addresses_ThatChange_AreFollowed()
    {
        var (time, views, own) = (new ManualTimeProvider(), Views(null), "10.1.2.3");
        views.Publish(Served("http", "10.0.0.1", "2001:db8::1"));
        using (new PodFamilies(() => own.Split(' ').Select(IPAddress.Parse), time, views.Reach, Assert.Fail))
        {
            Assert.Equal("10.0.0.1", Told(views, "envoy"));
            own = "10.1.2.3 2001:db8::3";
            time.Advance(PodFamilies.Interval);
            Assert.Equal("10.0.0.1 2001:db8::1", Told(views, "envoy"));
            own = "2001:db8::3";
            time.Advance(PodFamilies.Interval);
            Assert.Equal("2001:db8::1", Told(views, "envoy"));
            Assert.Equal("2001:db8::1", Told(views, "gRPC Go"));
        }

        own = "10.1.2.3";
        time.Advance(PodFamilies.Interval);
        Assert.Equal("2001:db8::1", Told(views, "envoy"));
        var said = Views(AddressFamilies.Both);
        said.Publish(Served("http", "10.0.0.1", "2001:db8::1"));
        said.Reach(AddressFamilies.Ipv4);
        Assert.Equal("10.0.0.1 2001:db8::1", Told(said, "envoy"));
    }

    /// <summary>It goes on to look, whatever failed, and what was told stays.</summary>
    [Fact]
    public void Addresses_ThatCannotBeRead_ChangeNothing()
    {
        var (time, told, troubles) = (new ManualTimeProvider(), new List<AddressFamilies>(), new List<string>());
        Func<IEnumerable<IPAddress>?> read = () => [IPAddress.Parse("10.1.2.3")];
        var isBroken = true;
        using var families = new PodFamilies(() => read(), time, Tell, troubles.Add);
        read = () => null;
        time.Advance(PodFamilies.Interval);
        read = () => throw new InvalidOperationException("no");
        time.Advance(3 * PodFamilies.Interval);
        Assert.Equal([AddressFamilies.Ipv4], told);
        Assert.Equal(["no"], troubles);

        // Who could not be told is told again.
        read = () => [IPAddress.Parse("2001:db8::3")];
        time.Advance(2 * PodFamilies.Interval);
        Assert.Equal([AddressFamilies.Ipv4], told);
        isBroken = false;
        time.Advance(PodFamilies.Interval);
        read = () => throw new InvalidOperationException("again");
        time.Advance(2 * PodFamilies.Interval);
        Assert.Equal([AddressFamilies.Ipv4, AddressFamilies.Ipv6], told);
        Assert.Equal(["no", "again"], troubles);

        void Tell(AddressFamilies now)
        {
            if (told.Count > 0 && isBroken)
            {
                throw new InvalidOperationException("not told");
            }

            told.Add(now);
        }
    }

    /// <summary>Ports of TCP are told apart from the others while connections to them end.</summary>
    [Fact]
    public void Endpoints_ToWhichConnectionsEnd_AreOfTheFamilyToo()
    {
        var name = Served("tcp", "10.0.0.1") with { Tcp = Served("tcp", "10.0.0.2", "2001:db8::2") };
        Assert.Equal(
            ["10.0.0.2"],
            FamilyTranslation.Reachable(name, AddressFamilies.Ipv4).Tcp!.Endpoints.Select(one => one.Address));
    }

    [Theory]
    [InlineData("", "Both")]
    [InlineData("127.0.0.1 ::1 fe80::1", "Both")]
    [InlineData("127.0.0.1 ::1 10.1.2.3 fe80::1", "Ipv4")]
    [InlineData("127.0.0.1 169.254.3.4 fd00::3", "Ipv6")]
    [InlineData("10.1.2.3 2001:db8::3", "Both")]
    public void Families_AreThoseOfAddressesThatLeadOut(string own, string families) => Assert.Equal(
        families,
        $"{FamilyTranslation.Of(own.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(IPAddress.Parse))}");

    private static string Told(string agent, string? families, string protocol, params string[] addresses)
    {
        var views = Views(families is null ? null : Enum.Parse<AddressFamilies>(families));
        views.Publish(Served(protocol, addresses));
        return Told(views, agent);
    }

    private static ServedViews Views(AddressFamilies? families) => new(
        new HashSet<string> { Name }, static (_, _) => { }, null, ClientTls.None,
        new OnDemandOptions { Clusters = new ClusterSettings { Families = families } },
        time: new ManualTimeProvider());

    private static string Told(ServedViews views, string agent)
    {
        var endpoints = views.Open(ClientNode.Anonymous with { UserAgent = agent }, null).Current
            .Find(ResourceType.Endpoints, Name + ":80");
        return string.Join(' ', Golden.Read(endpoints!).Unpack<ClusterLoadAssignment>().Endpoints
            .SelectMany(locality => locality.LbEndpoints)
            .Select(one => one.Endpoint.Address.SocketAddress.Address));
    }

    private static ServedName Served(string protocol, params string[] addresses) => new(
        Name, null, [new ServedPort(null, 80, protocol)],
        [
            .. addresses.Select(address => new ServedEndpoint(
                address, ImmutableArray.Create(80), "us1", "a", 1, ServedHealth.Healthy)),
        ],
        new Provenance("us1.internal", 1, 1, "2026-01-01T00:00:00.000Z"));
}
