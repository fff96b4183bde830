using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Fairlead.Sidecar.Dns;
using static Fairlead.Sidecar.Tests.Dns.DnsPrograms;

namespace Fairlead.Sidecar.Tests.Dns;

/// <summary>What dig, delv, getent and a C library say, to the server itself and through a real CoreDNS.</summary>
public sealed class DnsStrangersTests
{
    private const string Space = "shop.svc.us1.internal";

    /// <summary>The question, the code, and the words of the extended error if there is one.</summary>
    public static TheoryData<string, string, string, string?> States => new()
    {
        { "checkout." + Space, "A", "NOERROR", null },
        { "checkout." + Space, "AAAA", "NOERROR", null },
        { Space, "A", "NOERROR", null },
        { "svc.us1.internal", "SOA", "NOERROR", null },
        { "absent." + Space, "A", "NXDOMAIN", null },
        { "cart-9.cart." + Space, "A", "NXDOMAIN", null },
        { "a.b.c.cart." + Space, "A", "NXDOMAIN", null },
        { "denied." + Space, "A", "REFUSED", "18 (Prohibited): (denied: a segment on the path refuses this consumer)" },
        { "host.denied." + Space, "AAAA", "REFUSED",
            "18 (Prohibited): (denied: a segment on the path refuses this consumer)" },
        { "expired." + Space, "A", "SERVFAIL", "22 (No Reachable Authority): (expired: nothing newer was heard)" },
        { "unreachable." + Space, "A", "SERVFAIL",
            "22 (No Reachable Authority): (unreachable: nothing newer was heard)" },
        { "slow." + Space, "A", "SERVFAIL", "14 (Not Ready): (pending: its traversal has not ended)" },
        { "example.com", "A", "NOERROR", null },
        { "nowhere.example.com", "A", "NXDOMAIN", null },
        { "checkout." + Space, "ANY", "NOERROR", null },
    };

    public static TheoryData<string, string, string> Answers => new()
    {
        { "checkout." + Space, "A", "VIP" },
        { "CHECKOUT." + Space, "A", "VIP" },
        { "cart." + Space, "A", "10.1.0.1 10.1.0.2" },
        { "cart." + Space, "AAAA", "fd00::5" },
        { "cart-1.cart." + Space, "A", "10.1.0.2" },
        { "_http._tcp.checkout." + Space, "SRV", "0 100 80 checkout.shop.svc.us1.internal." },
        { "_redis._tcp.cart." + Space, "SRV",
            "0 1 16379 cart-0.cart.shop.svc.us1.internal. 0 1 16379 cart-1.cart.shop.svc.us1.internal. "
            + "0 1 16379 cart-2.cart.shop.svc.us1.internal." },
        { "checkout." + Space, "TXT", "\"state=fresh\" \"segment=us1.internal\" \"epoch=1\"" },
        { "dns-version.clusterset.local", "TXT", "\"1.0.0\"" },
        { "example.com", "A", "192.0.2.1" },
    };

    [Theory]
    [MemberData(nameof(States))]
    public async Task Dig_SeesCodeAndReason(string name, string type, string code, string? error)
    {
        using var upstream = Upstream();
        await using var host = Start(upstream.Address);
        AssertSays(await DigAsync(host.Server.Address, name, type, "+notcp"), code, error);
    }

    [Fact]
    public async Task Dig_ThroughCoreDns_SeesTheSame()
    {
        using var upstream = Upstream();
        await using var host = Start(upstream.Address);
        var through = OwnAddress();
        await using var core = await StartCoreDnsAsync(through, host.Server.Address);
        foreach (var row in States)
        {
            var (name, type, code, error) = row.Data;
            AssertSays(await DigAsync(through, name, type, "+notcp"), code, error);
        }

        foreach (var row in Answers)
        {
            var (name, type, expected) = row.Data;
            Assert.Equal(expected.Replace("VIP", host.Vip.ToString(), StringComparison.Ordinal),
                await ShortAsync(through, name, type));
        }

        // Larger than a datagram: truncated, then whole over TCP, in each of the two steps.
        Assert.Equal(250, (await ShortAsync(through, DnsHost.Big)).Split(' ').Length);
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Dig_GetsTheRecords_OverUdpAndTcp(string name, string type, string expected)
    {
        using var upstream = Upstream();
        await using var host = Start(upstream.Address);
        foreach (var transport in new[] { "+notcp", "+tcp", "+noedns", "+cookie", "+bufsize=4096", "+dnssec" })
        {
            Assert.Equal(
                expected.Replace("VIP", host.Vip.ToString(), StringComparison.Ordinal),
                await ShortAsync(host.Server.Address, name, type, transport));
        }
    }

    [Fact]
    public async Task Dig_OfALargeAnswer_IsTruncated_AndWholeOverTcp()
    {
        await using var host = DnsHost.Start();
        var cut = await DigAsync(host.Server.Address, DnsHost.Big, "+ignore");
        Assert.Matches(@";; flags: qr aa tc rd ra; QUERY: 1, ANSWER: \d\d,", cut);
        Assert.Contains("(UDP)", cut, StringComparison.Ordinal);
        var whole = await DigAsync(host.Server.Address, DnsHost.Big);
        Assert.Contains("ANSWER: 250,", whole, StringComparison.Ordinal);
        Assert.Contains("(TCP)", whole, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dig_OnOneConnection_GetsEachAnswer()
    {
        await using var host = DnsHost.Start();
        var said = await ShortAsync(
            host.Server.Address, "+tcp", "+keepopen", "cart-0.cart." + Space, "cart-1.cart." + Space, "+short");
        Assert.Equal("10.1.0.1 10.1.0.2", said);
    }

    [Fact]
    public async Task Dig_Reverse_FindsTheServiceOfAnAddress()
    {
        await using var host = DnsHost.Start();
        var address = await ShortAsync(host.Server.Address, DnsHost.Checkout);
        Assert.Equal(DnsHost.Checkout + ".", await ShortAsync(host.Server.Address, "-x", address));
    }

    [Theory]
    [MemberData(nameof(States))]
    public async Task Delv_Agrees(string name, string type, string code, string? error)
    {
        _ = error; // delv does not show it
        using var upstream = Upstream();
        await using var host = Start(upstream.Address);
        AssertDelvSays(await DelvAsync(host.Server.Address, name, type), name, type, code);
    }

    [Fact]
    public async Task Delv_ThroughCoreDns_SeesTheSame()
    {
        using var upstream = Upstream();
        await using var host = Start(upstream.Address);
        var through = OwnAddress();
        await using var core = await StartCoreDnsAsync(through, host.Server.Address);
        foreach (var row in States)
        {
            var (name, type, code, _) = row.Data;
            AssertDelvSays(await DelvAsync(through, name, type), name, type, code);
        }
    }

    [Fact]
    public async Task Getent_Agrees_DirectlyAndThroughCoreDns()
    {
        using var upstream = Upstream();
        var (own, through) = (OwnPort53(), OwnPort53());
        await using var host = StartOn(own, upstream.Address);
        await GetentAgreesAsync(host, own);
        await using var core = await StartCoreDnsAsync(through, own);
        await GetentAgreesAsync(host, through);
    }

    [Fact]
    public async Task CLibrary_TellsAbsence_FromWhatCannotBeKnown()
    {
        using var upstream = Upstream();
        var own = OwnPort53();
        await using var host = StartOn(own, upstream.Address);
        const string Program = """
            import socket, sys
            for name in sys.argv[1:]:
                try:
                    print(socket.getaddrinfo(name, 80, socket.AF_INET, socket.SOCK_STREAM)[0][4][0])
                except socket.gaierror as e:
                    print({socket.EAI_NONAME: "no such name", socket.EAI_AGAIN: "try again"}.get(e.errno, e))
            """;
        var said = await RunWithResolverAsync(
            own, "python3", ["-c", Program, "absent." + Space, "denied." + Space, "expired." + Space,
                "cart-0.cart." + Space]);
        Assert.Equal(["no such name", "try again", "try again", "10.1.0.1"], said.Trim().Split('\n'));
    }

    private static async Task GetentAgreesAsync(DnsHost host, IPEndPoint server)
    {
        Assert.Equal(host.Vip.ToString(), await AddressesAsync(DnsHost.Checkout, "ahostsv4"));
        Assert.Equal("10.1.0.1 10.1.0.2", await AddressesAsync(DnsHost.Cart, "ahostsv4"));
        Assert.Equal("10.1.0.1 10.1.0.2 fd00::5", await AddressesAsync(DnsHost.Cart, "ahosts"));
        Assert.Equal("10.1.0.1", await AddressesAsync("cart-0.cart." + Space, "ahosts"));
        Assert.Equal(250, (await AddressesAsync(DnsHost.Big, "ahostsv4")).Split(' ').Length);
        Assert.Equal("192.0.2.1", await AddressesAsync("example.com", "ahostsv4"));
        Assert.Equal("", await AddressesAsync("absent." + Space, "ahosts"));
        Assert.Equal("", await AddressesAsync("denied." + Space, "ahosts"));
        var reverse = await RunWithResolverAsync(server, "getent", "hosts", host.Vip.ToString());
        Assert.Contains(DnsHost.Checkout, reverse, StringComparison.Ordinal);

        async Task<string> AddressesAsync(string name, string database)
        {
            var lines = (await RunWithResolverAsync(server, "getent", database, name)).Split('\n');
            return string.Join(' ', lines.Where(line => line.Contains("STREAM", StringComparison.Ordinal))
                .Select(line => line.Split(' ')[0]).Distinct().Order(StringComparer.Ordinal));
        }
    }

    private static DnsHost StartOn(IPEndPoint address, IPEndPoint upstream)
    {
        try
        {
            return Start(upstream, address);
        }
        catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.AccessDenied })
        {
            Assert.Skip("port 53 needs root, or a lower net.ipv4.ip_unprivileged_port_start");
            throw;
        }
    }

    // For what a program sees of a wait that ends, its clock goes; and it ends long before a CoreDNS, which gives up
    // after 2 s, would.
    private static DnsHost Start(IPEndPoint upstream, IPEndPoint? address = null) => DnsHost.Start(
        TimeProvider.System,
        options => options with
        {
            Address = address ?? options.Address,
            Names = new AskedNamesOptions { Patience = TimeSpan.FromMilliseconds(100) },
            Forwarding = new ForwarderOptions { Patience = TimeSpan.FromMinutes(2) },
            ConnectionIdle = TimeSpan.FromMinutes(2),
        },
        upstream);

    // One name, and nothing else.
    private static FakeUpstream Upstream() => new((query, _) =>
    [
        query.Questions[0].Name.Equals(DnsName.Parse("example.com"))
            ? FakeUpstream.Answer(query, answer =>
                query.Questions[0].Type == DnsType.A ? answer : answer with { Answers = [] })
            : FakeUpstream.Answer(query, answer => answer with
            {
                Header = answer.Header with { Flags = (ushort)(answer.Header.Flags | (int)DnsRcode.NXDomain) },
                Answers = [],
            }),
    ]);

    private static void AssertDelvSays(string said, string name, string type, string code)
    {
        switch (code)
        {
            case "NOERROR" when type is "AAAA" || name == Space:
                Assert.Contains("ncache nxrrset", said, StringComparison.Ordinal);
                break;
            case "NOERROR":
                Assert.Matches($@"(?m)^{Regex.Escape(name)}\.\s+\d+\s+IN\s+{(type == "ANY" ? "HINFO" : type)}\s", said);
                break;
            case "NXDOMAIN":
                Assert.Contains("ncache nxdomain", said, StringComparison.Ordinal);
                break;
            default:
                Assert.Contains("resolution failed: failure", said, StringComparison.Ordinal);
                Assert.Equal(code == "REFUSED", said.Contains("REFUSED unexpected RCODE", StringComparison.Ordinal));
                break;
        }
    }

    private static void AssertSays(string said, string code, string? error)
    {
        Assert.Contains($"status: {code},", said, StringComparison.Ordinal);
        if (error is null)
        {
            Assert.DoesNotContain("; EDE:", said, StringComparison.Ordinal);
        }
        else
        {
            Assert.Contains($"; EDE: {error}", said, StringComparison.Ordinal);
        }

        if (code == "NXDOMAIN" && said.Contains("internal.", StringComparison.Ordinal))
        {
            Assert.Matches(@"(?m)^svc\.us1\.internal\.\s+\d+\s+IN\s+SOA\s", said);
        }
    }
}
