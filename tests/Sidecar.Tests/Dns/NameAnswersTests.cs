using System.Collections.Immutable;
using System.Net;
using Fairlead.Naming;
using Fairlead.Resolver;
using Fairlead.Sidecar.Dns;

namespace Fairlead.Sidecar.Tests.Dns;

public sealed class NameAnswersTests
{
    private const string Checkout = "checkout.shop.svc.us1.internal";
    private const string Cart = "cart.shop.svc.us1.internal";
    private const string None = "none.shop.svc.us1.internal";
    private const string Behind = "behind.shop.svc.us1.internal";
    private const string Now = "now";

    private static readonly DnsZones Zones = new([SegmentName.Parse("internal")]);
    private static readonly IPAddress Vip = IPAddress.Parse("127.99.7.7");
    private static readonly Refusal Silent = new(VerificationFailure.Behind, "x", "secret details");
    private static readonly Refusal Lied = new(VerificationFailure.ProofMismatch, "x", "secret details");

    private static readonly ServiceView ClusterIp =
        FakeNames.ClusterIp(new ServicePort("http", 80), new ServicePort(null, 9090));

    private static readonly ServiceView Headless = FakeNames.Headless(
        FakeNames.Host("10.1.0.1", "cart-0"),
        FakeNames.Host("10.1.0.2", "cart-1"),
        FakeNames.Host("10.1.0.3", "cart-2", isReady: false),
        FakeNames.Host("fd00::5", null),
        FakeNames.Host("10.1.0.9", null));

    private static readonly ServiceView NoneReady =
        FakeNames.Headless(FakeNames.Host("10.1.0.3", "cart-2", isReady: false));

    [Theory]
    // A service with an address: VIP, port by port, the evidence; never IPv6.
    [InlineData(Checkout, "A", "A 127.99.7.7")]
    [InlineData(Checkout, "AAAA", "NoError SOA svc.us1.internal.")]
    [InlineData(Checkout, "MX", "NoError SOA svc.us1.internal.")]
    [InlineData(Checkout, "SRV",
        "SRV 80 checkout.shop.svc.us1.internal.;SRV 9090 checkout.shop.svc.us1.internal.+A 127.99.7.7")]
    [InlineData("_http._tcp." + Checkout, "SRV", "SRV 80 checkout.shop.svc.us1.internal.+A 127.99.7.7")]
    [InlineData("_http._tcp." + Checkout, "A", "NoError SOA svc.us1.internal.")]
    [InlineData("_tcp." + Checkout, "SRV", "NoError SOA svc.us1.internal.")]
    [InlineData("_udp." + Checkout, "SRV", "NXDomain SOA svc.us1.internal.")]
    [InlineData("_http._udp." + Checkout, "SRV", "NXDomain SOA svc.us1.internal.")]
    [InlineData("_nothing._tcp." + Checkout, "SRV", "NXDomain SOA svc.us1.internal.")]
    [InlineData("10-1-0-1." + Checkout, "A", "NXDomain SOA svc.us1.internal.")]
    [InlineData(Checkout, "ANY", "HINFO")]
    // A headless service: what is ready, by family; hosts by label, or by address.
    [InlineData(Cart, "A", "A 10.1.0.1;A 10.1.0.2;A 10.1.0.9")]
    [InlineData(Cart, "AAAA", "AAAA fd00::5")]
    [InlineData("cart-0." + Cart, "A", "A 10.1.0.1")]
    [InlineData("cart-0." + Cart, "AAAA", "NoError SOA svc.us1.internal.")]
    [InlineData("cart-2." + Cart, "A", "NoError SOA svc.us1.internal.")]
    [InlineData("cart-3." + Cart, "A", "NXDomain SOA svc.us1.internal.")]
    [InlineData("10-1-0-9." + Cart, "A", "A 10.1.0.9")]
    [InlineData("10-1-0-1." + Cart, "A", "NXDomain SOA svc.us1.internal.")]
    [InlineData("fd00--5." + Cart, "AAAA", "AAAA fd00::5")]
    [InlineData("_redis._tcp." + Cart, "SRV",
        "SRV 16379 cart-0.cart.shop.svc.us1.internal.;SRV 16379 cart-1.cart.shop.svc.us1.internal.;"
        + "SRV 16379 fd00--5.cart.shop.svc.us1.internal.;SRV 16379 10-1-0-9.cart.shop.svc.us1.internal."
        + "+A 10.1.0.1;A 10.1.0.2;AAAA fd00::5;A 10.1.0.9")]
    // What has no traversal.
    [InlineData("svc.us1.internal", "SOA", "SOA svc.us1.internal.")]
    [InlineData("svc.us1.internal", "A", "NoError SOA svc.us1.internal.")]
    [InlineData("shop.svc.us1.internal", "A", "NoError SOA svc.us1.internal.")]
    [InlineData("shop.svc.us1.internal", "ANY", "HINFO")]
    [InlineData("a.b." + Checkout, "A", "NXDomain SOA svc.us1.internal.")]
    [InlineData("dns-version.clusterset.local", "A", "NoError SOA clusterset.local.")]
    public void Fresh_Answers(string name, string type, string expected) =>
        Assert.Equal(expected,
            Say(Ask(name, type, Now, name.EndsWith(Cart, StringComparison.Ordinal) ? Headless : ClusterIp)));

    [Fact]
    public void Texts_TellTheEvidence()
    {
        var reply = Ask(Checkout, "TXT", Now, ClusterIp);
        Assert.Equal("state=fresh|segment=us1.internal|epoch=1", Texts(Assert.Single(reply.Answers)));
        var version = Ask("dns-version.clusterset.local", "TXT", Now, null);
        Assert.Equal("1.0.0", Texts(Assert.Single(version.Answers)));
    }

    [Fact]
    public void Answer_KeepsTheSpellingOfTheQuestion()
    {
        var reply = Ask("ChEckOut.shop.svc.us1.INTERNAL", "A", Now, ClusterIp);
        Assert.Equal("ChEckOut.shop.svc.us1.INTERNAL.", Assert.Single(reply.Answers).Name.ToString());
        Assert.True(reply.IsAuthoritative);
    }

    [Theory]
    [InlineData("A")]
    [InlineData("SRV")]
    [InlineData("TXT")]
    public void Headless_WithNoneReady_HasNoName_AndSaysWhy(string type)
    {
        var reply = Ask(Cart, type, Now, NoneReady);
        Assert.Equal("NXDomain SOA svc.us1.internal.", Say(reply));
        Assert.Equal("verified: no endpoint of this service is ready", Assert.Single(reply.Errors).Text);
    }

    [Theory]
    [InlineData(NameState.Absent, false, DnsRcode.NXDomain, null)]
    [InlineData(NameState.Denied, false, DnsRcode.Refused,
        "Prohibited denied: a segment on the path refuses this consumer")]
    [InlineData(NameState.Pending, false, DnsRcode.ServFail, "NotReady pending: its traversal has not ended")]
    [InlineData(NameState.Unreachable, false, DnsRcode.ServFail, "NoReachableAuthority unreachable: Behind")]
    [InlineData(NameState.Unreachable, true, DnsRcode.ServFail,
        "Other unreachable: the answers were refused: ProofMismatch")]
    [InlineData(NameState.Expired, false, DnsRcode.ServFail, "NoReachableAuthority expired: Behind")]
    [InlineData(NameState.Expired, true, DnsRcode.ServFail, "Other expired: the answers were refused: ProofMismatch")]
    internal void State_WithoutAService_SaysWhatItIs(NameState state, bool lied, DnsRcode rcode, string? error)
    {
        // The same for every name below it and every type: nothing is learned from asking around.
        foreach (var name in new[] { Checkout, "host." + Checkout, "_http._tcp." + Checkout, "_tcp." + Checkout })
        {
            foreach (var type in new[] { "A", "AAAA", "SRV", "TXT", "ANY" })
            {
                var view = new NameView(Checkout, state, 20_000, null, lied ? Lied : Silent);
                var reply = Ask(name, type, view, Context());
                Assert.Equal(rcode, reply.Rcode);
                Assert.Equal(error, reply.Errors is [var one] ? $"{one.Code} {one.Text}" : null);
                Assert.Equal(state == NameState.Absent, reply.IsAuthoritative);
                Assert.Equal(state == NameState.Absent, reply.Authorities.Count == 1);
                Assert.Empty(reply.Answers);
            }
        }
    }

    /// <summary>What failed here, or on the way, is not said to be wrong with the answers.</summary>
    [Theory]
    [InlineData(VerificationFailure.TransportKeyMismatch, "NoReachableAuthority unreachable: TransportKeyMismatch")]
    [InlineData(VerificationFailure.RateLimited, "NoReachableAuthority unreachable: RateLimited")]
    [InlineData(VerificationFailure.ClockSkew, "Other unreachable: this sidecar cannot judge answers: ClockSkew")]
    [InlineData(
        VerificationFailure.StateNotDurable, "Other unreachable: this sidecar cannot judge answers: StateNotDurable")]
    [InlineData(
        VerificationFailure.SubjectUnknown, "Other unreachable: the anchors do not know this consumer: SubjectUnknown")]
    [InlineData(VerificationFailure.BudgetExceeded, "Other unreachable: the answers were refused: BudgetExceeded")]
    public void Failure_IsToldForWhatItIs(VerificationFailure failure, string expected)
    {
        var view = new NameView(Checkout, NameState.Unreachable, 0, null, new Refusal(failure, "x", "secret details"));
        var error = Assert.Single(Ask(Checkout, "A", view, Context()).Errors);
        Assert.Equal(expected, $"{error.Code} {error.Text}");
    }

    [Theory]
    [InlineData(NameState.Fresh)]
    [InlineData(NameState.Stale)]
    [InlineData(NameState.Absent)]
    [InlineData(NameState.Denied)]
    internal void State_WhoseTimeIsOver_IsExpired(NameState state)
    {
        var view = new NameView(Checkout, state, 1_000, ClusterIp);
        var reply = Ask(Checkout, "A", view, Context() with { Now = 1_000 });
        Assert.Equal(DnsRcode.ServFail, reply.Rcode);
        Assert.StartsWith("expired", Assert.Single(reply.Errors).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(NameState.Fresh, 900_000, 300u, 300)]
    [InlineData(NameState.Fresh, 7_999, 300u, 7)]
    [InlineData(NameState.Fresh, 999, 300u, 0)]
    [InlineData(NameState.Fresh, 900_000, 5u, 5)]
    [InlineData(NameState.Stale, 900_000, 300u, 30)]
    [InlineData(NameState.Stale, 900_000, 5u, 5)]
    [InlineData(NameState.Absent, 900_000, 300u, 300)]
    [InlineData(NameState.Absent, 2_500, 300u, 2)]
    internal void Ttl_IsWhatIsLeft_Capped(NameState state, long left, uint max, int expected)
    {
        var view = new NameView(Checkout, state, 50_000 + left, state == NameState.Absent ? null : ClusterIp);
        var reply = Ask(Checkout, "A", view, Context() with { Now = 50_000, TtlMax = max });
        var record = state == NameState.Absent ? Assert.Single(reply.Authorities) : Assert.Single(reply.Answers);
        Assert.Equal((uint)expected, record.Ttl);
        if (record.Type == DnsType.SOA)
        {
            Assert.Equal((uint)expected,
                System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(record.Data.Span[^4..]));
        }
    }

    /// <summary>What a service lacks may come to be: a client believes that no longer than its segment allows, however
    /// long it may use what is there.</summary>
    [Theory]
    [InlineData("10-1-0-1." + Checkout, "A", 900_000, 10)]
    [InlineData("_nothing._tcp." + Checkout, "SRV", 900_000, 10)]
    [InlineData(Checkout, "AAAA", 900_000, 10)]
    [InlineData("cart-3." + Cart, "A", 900_000, 10)]
    [InlineData("cart-2." + Cart, "A", 900_000, 10)]
    [InlineData(None, "A", 900_000, 10)]
    [InlineData(Checkout, "AAAA", 7_000, 7)]
    [InlineData(Cart, "A", 900_000, 300)]
    public void NegativeTtl_IsTheSegments(string name, string type, long left, int expected)
    {
        var service = name.EndsWith(Cart, StringComparison.Ordinal) ? Headless
            : name.EndsWith(None, StringComparison.Ordinal) ? NoneReady : ClusterIp;
        var context = Context() with { Now = 50_000, TtlMax = 300 };
        var reply = Ask(name, type, new NameView("x", NameState.Fresh, 50_000 + left, service), context);
        Assert.Equal((uint)expected, (reply.Answers.Count > 0 ? reply.Answers : reply.Authorities)[0].Ttl);

        // Nor longer than the proof holds that a segment has nothing of it.
        service = service with { NegativesEnd = 53_500 };
        reply = Ask(name, type, new NameView("x", NameState.Fresh, 50_000 + left, service), context);
        Assert.Equal(
            (uint)(expected == 300 ? 300 : 3), (reply.Answers.Count > 0 ? reply.Answers : reply.Authorities)[0].Ttl);
    }

    [Fact]
    public void Stale_IsMarked()
    {
        var reply = Ask(Checkout, "A", new NameView(Checkout, NameState.Stale, 99_000, ClusterIp), Context());
        Assert.Equal("A 127.99.7.7", Say(reply));
        Assert.Equal(ExtendedErrorCode.StaleAnswer, Assert.Single(reply.Errors).Code);
    }

    /// <summary>Only a seal in its time proves what a record lacks: what is stale says what it has, and of nothing that
    /// it is not there.</summary>
    [Theory]
    [InlineData("10-1-0-1." + Checkout, "A", "ServFail ")]
    [InlineData("_nothing._tcp." + Checkout, "SRV", "ServFail ")]
    [InlineData("_udp." + Checkout, "SRV", "ServFail ")]
    [InlineData("cart-3." + Cart, "A", "ServFail ")]
    [InlineData(None, "A", "ServFail ")]
    [InlineData("_redis._tcp." + None, "SRV", "ServFail ")]
    [InlineData(Checkout, "A", "A 127.99.7.7")]
    [InlineData(Checkout, "AAAA", "NoError SOA svc.us1.internal.")]
    [InlineData("cart-0." + Cart, "A", "A 10.1.0.1")]
    [InlineData("cart-0." + Cart, "AAAA", "NoError SOA svc.us1.internal.")]
    [InlineData("cart-0." + Cart, "MX", "NoError SOA svc.us1.internal.")]
    [InlineData("cart-2." + Cart, "A", "ServFail ")]
    [InlineData("_idle._tcp." + Cart, "SRV", "ServFail ")]
    [InlineData(Behind, "A", "ServFail ")]
    public void Stale_ProvesNoAbsence(string name, string type, string expected)
    {
        var service = name.EndsWith(Cart, StringComparison.Ordinal) ? Headless
            : name.EndsWith(None, StringComparison.Ordinal) ? NoneReady
            : name == Behind ? FakeNames.Headless(FakeNames.Host("10.1.0.1", "x") with { IsInReach = false })
            : ClusterIp;
        service = name.StartsWith("_idle", StringComparison.Ordinal)
            ? service with
            {
                Ports = [.. service.Ports, new ServicePort("idle", 1)],
                Endpoints = [.. service.Endpoints.Select(one => one with { Ports = [.. one.Ports, 0] })],
            }
            : service;
        var reply = Ask(name, type, new NameView("x", NameState.Stale, 60_000, service), Context());
        Assert.Equal(expected, Say(reply));
        Assert.All(reply.Authorities, one => Assert.Equal(0u, one.Ttl));
        var error = Assert.Single(reply.Errors);
        Assert.Equal(
            reply.Rcode == DnsRcode.ServFail
                ? (ExtendedErrorCode.NoReachableAuthority, "stale: nothing proves now what is not there")
                : (ExtendedErrorCode.StaleAnswer, "stale"),
            (error.Code, error.Text));
        Assert.Equal(reply.Rcode != DnsRcode.ServFail, reply.IsAuthoritative);
    }

    [Theory]
    [InlineData(Checkout, "A")]
    [InlineData(Checkout, "SRV")]
    [InlineData("_http._tcp." + Checkout, "SRV")]
    public void ClusterIp_WithoutAnAddressHere_Fails_AndSaysWhy(string name, string type)
    {
        var view = new NameView(Checkout, NameState.Fresh, 99_000, ClusterIp);
        var reply = Ask(name, type, view, Context() with { Vip = null, VipTrouble = "VipExhausted: x" });
        Assert.Equal("ServFail ", Say(reply));
        Assert.Empty(reply.Additionals);
        Assert.Equal("VipExhausted: x", Assert.Single(reply.Errors).Text);
    }

    [Theory]
    [InlineData("db.shop.svc.clusterset.local", "A", "A 10.1.0.1;A 10.2.0.1")]
    [InlineData("db-0.us1.db.shop.svc.clusterset.local", "A", "A 10.1.0.1")]
    [InlineData("db-0.eu1.db.shop.svc.clusterset.local", "A", "A 10.2.0.1")]
    [InlineData("db-0.ap1.db.shop.svc.clusterset.local", "A", "NXDomain SOA clusterset.local.")]
    [InlineData("us1.db.shop.svc.clusterset.local", "A", "NoError SOA clusterset.local.")]
    [InlineData("db-0.db.shop.svc.clusterset.local", "A", "A 10.1.0.1;A 10.2.0.1")]
    [InlineData("_redis._tcp.db.shop.svc.clusterset.local", "SRV",
        "SRV 16379 db-0.us1.db.shop.svc.clusterset.local.;SRV 16379 db-0.eu1.db.shop.svc.clusterset.local."
        + "+A 10.1.0.1;A 10.2.0.1")]
    public void ClusterSet_NamesHostsByTheirCluster(string name, string type, string expected) =>
        Assert.Equal(expected, Say(Ask(name, type, Now, FakeNames.Headless(
            FakeNames.Host("10.1.0.1", "db-0", cluster: "us1"), FakeNames.Host("10.2.0.1", "db-0", cluster: "eu1")))));

    /// <summary>An address has no order of its own: the best priority that has a ready endpoint is all that is told,
    /// while a host is found whatever its priority.</summary>
    [Theory]
    [InlineData(true, "db.shop.svc.clusterset.local", "A", "A 10.1.0.1")]
    [InlineData(false, "db.shop.svc.clusterset.local", "A", "A 10.2.0.1;A 10.3.0.1")]
    [InlineData(true, "db-0.eu1.db.shop.svc.clusterset.local", "A", "A 10.2.0.1")]
    [InlineData(false, "_redis._tcp.db.shop.svc.clusterset.local", "SRV",
        "SRV 16379 db-0.eu1.db.shop.svc.clusterset.local.+A 10.2.0.1")]
    public void ClusterSet_TellsTheBestPriorityThatIsReady(bool isReady, string name, string type, string expected) =>
        Assert.Equal(expected, Say(Ask(name, type, Now, FakeNames.Headless(
            FakeNames.Host("10.1.0.1", "db-0", isReady, cluster: "us1"),
            FakeNames.Host("10.2.0.1", "db-0", cluster: "eu1") with { Priority = 1 },
            FakeNames.Host("10.3.0.1", "db-0", cluster: "eu2") with { Priority = 1, Ports = [0] },
            FakeNames.Host("10.4.0.1", "db-0", cluster: "ap1") with { Priority = 2 }))));

    /// <summary>What a segment may have of which nothing is proven now is never said not to exist; what the others
    /// have, and what the name asks of one of them, is told as ever.</summary>
    [Theory]
    [InlineData("db.shop.svc.clusterset.local", "A", "A 10.1.0.1")]
    [InlineData("db-0.us1.db.shop.svc.clusterset.local", "A", "A 10.1.0.1")]
    [InlineData("db-9.us1.db.shop.svc.clusterset.local", "A", "NXDomain SOA clusterset.local.")]
    [InlineData("db-0.ap1.db.shop.svc.clusterset.local", "A", "NXDomain SOA clusterset.local.")]
    [InlineData("db-0.eu1.db.shop.svc.clusterset.local", "A", "ServFail ")]
    [InlineData("db-9.db.shop.svc.clusterset.local", "A", "ServFail ")]
    [InlineData("eu1.db.shop.svc.clusterset.local", "A", "ServFail ")]
    [InlineData("_nothing._tcp.db.shop.svc.clusterset.local", "SRV", "ServFail ")]
    public void ClusterSet_WithAMemberLeftOut_ProvesNothingOfIt(string name, string type, string expected)
    {
        var reply = Ask(name, type, Now, LeftOut(FakeNames.Host("10.1.0.1", "db-0", cluster: "us1")));
        Assert.Equal(expected, Say(reply));
        Assert.Equal(reply.Rcode == DnsRcode.ServFail ? ["eu1 is left out: denied"] : [], Texts(reply));
        Assert.Equal(reply.Rcode != DnsRcode.ServFail, reply.IsAuthoritative);
    }

    [Fact]
    public void ClusterSet_WhoseReadyEndpointsMayBeInTheMemberLeftOut_IsNotSaidToHaveNone()
    {
        var reply = Ask(
            "db.shop.svc.clusterset.local", "A", Now,
            LeftOut(FakeNames.Host("10.1.0.1", "db-0", isReady: false, cluster: "us1")));
        Assert.Equal("ServFail ", Say(reply));
        Assert.Equal(["eu1 is left out: denied"], Texts(reply));
    }

    /// <summary>An endpoint behind a gateway exists and has no address here.</summary>
    [Theory]
    [InlineData("cart-0." + Cart, "A", "NoError SOA svc.us1.internal.")]
    [InlineData("cart-1." + Cart, "A", "NXDomain SOA svc.us1.internal.")]
    [InlineData(Cart, "A", "NoError SOA svc.us1.internal.")]
    [InlineData(Cart, "SRV", "NoError SOA svc.us1.internal.")]
    [InlineData("_redis._tcp." + Cart, "SRV", "NoError SOA svc.us1.internal.")]
    public void Headless_BehindAGateway_ExistsWithoutAnAddress(string name, string type, string expected) =>
        Assert.Equal(expected, Say(Ask(
            name, type, Now, FakeNames.Headless(FakeNames.Host("10.1.0.1", "cart-0") with { IsInReach = false }))));

    private static ServiceView LeftOut(HostView other) =>
        FakeNames.Headless(other) with { Unproven = [("eu1", "eu1 is left out: denied")] };

    private static IEnumerable<string> Texts(DnsReply reply) => reply.Errors.Select(error => error.Text);

    /// <summary>One question costs what its answer holds, however large the service is; the answer is the one that
    /// all of it would give, up to the last byte.</summary>
    [Theory]
    [InlineData(Cart, "A", true)]
    [InlineData(Cart, "SRV", true)]
    [InlineData(Cart, "SRV", false)]
    [InlineData("_p7._tcp." + Cart, "SRV", true)]
    public void Answer_OfALargeService_IsMadeOfWhatFits(string name, string type, bool isUdp)
    {
        var service = Large(400, i => $"host-{i}");
        var query = new DnsMessage
        {
            Header = new DnsHeader(7, 0),
            Questions = [new DnsQuestion(DnsName.Parse(name), Type(type), DnsClass.IN)],
            Edns = new Edns(1232, 0, 0, false, []),
        };
        var view = new NameView(Cart, NameState.Fresh, 60_000, service);
        var max = Responses.RecordsMax(query, isUdp);
        var reply = Ask(name, type, view, Context() with { RecordsMax = max });
        Assert.InRange(reply.Answers.Count, 1, max);
        Assert.InRange(reply.Additionals.Count, 0, max);
        var whole = Ask(name, type, view, Context() with { RecordsMax = int.MaxValue });
        Assert.Equal(Responses.Write(query, whole, isUdp), Responses.Write(query, reply, isUdp));
        Assert.True(DnsReader.TryRead(Responses.Write(query, reply, isUdp), out var read));
        Assert.Equal(isUdp, (read.Header.Flags & DnsHeader.Truncated) != 0);
    }

    /// <summary>Nor does what is looked at for it: a segment that publishes thirty times as many endpoints makes no
    /// question dearer.</summary>
    [Theory]
    [InlineData(Cart, "A")]
    [InlineData(Cart, "AAAA")]
    [InlineData(Cart, "SRV")]
    [InlineData("_p7._tcp." + Cart, "SRV")]
    [InlineData("10-1-0-7." + Cart, "A")]
    [InlineData("10-1-99-7." + Cart, "A")]
    public void Question_CostsAsMuch_HoweverManyEndpointsThereAre(string name, string type)
    {
        var (few, many) = (Cost(400), Cost(12_000));
        Assert.InRange(many, 0, few + (few / 4) + 1_000);

        long Cost(int endpoints)
        {
            var view = new NameView(Cart, NameState.Fresh, 60_000, Large(endpoints, _ => null));
            var context = Context() with { RecordsMax = 78 };
            Ask(name, type, view, context);
            var before = GC.GetAllocatedBytesForCurrentThread();
            Ask(name, type, view, context);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    /// <summary>Nor does one whose endpoints are all of one host: a bounded number of them is looked at.</summary>
    [Fact]
    public void Answer_OfManyEndpointsOfOneHost_LooksAtABoundedNumber()
    {
        var service = Large(10_000, _ => "host");
        var before = GC.GetAllocatedBytesForCurrentThread();
        var reply = Ask(Cart, "SRV", new NameView(Cart, NameState.Fresh, 60_000, service), Context());
        Assert.Equal(64, reply.Answers.Count);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 12 * 1_048_576);
    }

    private static ServiceView Large(int endpoints, Func<int, string?> host)
    {
        ImmutableArray<ServicePort> ports = [.. Enumerable.Range(1, 64).Select(i => new ServicePort($"p{i}", i))];
        return FakeNames.Headless(
            [.. Enumerable.Range(0, endpoints).Select(i => FakeNames.Host($"10.1.{i / 250}.{i % 250}", host(i)) with
            {
                Ports = [.. ports.Select(port => 8000 + port.Number)],
            })]) with { Ports = ports };
    }

    [Fact]
    public void Rotation_BeginsElsewhere_AndLeavesNothingOut()
    {
        var view = new NameView(Cart, NameState.Fresh, 99_000, Headless);
        var firsts = Enumerable.Range(-2, 8).Select(i => Say(Ask(Cart, "A", view, Context() with { Rotation = i })))
            .ToList();
        Assert.Equal(3, firsts.Select(said => said.Split(';')[0]).Distinct().Count());
        Assert.All(firsts, said =>
            Assert.Equal("A 10.1.0.1;A 10.1.0.2;A 10.1.0.9", string.Join(';', said.Split(';').Order())));
    }

    [Theory]
    [InlineData("7.7.99.127.in-addr.arpa", "PTR", "PTR checkout.shop.svc.us1.internal.")]
    [InlineData("7.7.99.127.in-addr.arpa", "A", "NoError SOA 99.127.in-addr.arpa.")]
    [InlineData("8.7.99.127.in-addr.arpa", "PTR", "NXDomain SOA 99.127.in-addr.arpa.")]
    [InlineData("7.99.127.in-addr.arpa", "PTR", "NoError SOA 99.127.in-addr.arpa.")]
    [InlineData("1.0.0.127.in-addr.arpa", "PTR", null)]
    [InlineData("127.in-addr.arpa", "PTR", null)]
    [InlineData("7.7.99.127.example.com", "PTR", null)]
    [InlineData("in-addr.arpa", "SOA", null)]
    [InlineData("199.127.in-addr.arpa", "SOA", null)]
    [InlineData("099.127.in-addr.arpa", "SOA", null)]
    [InlineData("x.127.in-addr.arpa", "PTR", null)]
    // Whatever is under the zone and no address is proven not to be: nobody else may say what it is.
    [InlineData("7.07.99.127.in-addr.arpa", "PTR", "NXDomain SOA 99.127.in-addr.arpa.")]
    [InlineData("x.7.99.127.in-addr.arpa", "PTR", "NXDomain SOA 99.127.in-addr.arpa.")]
    [InlineData("256.7.99.127.in-addr.arpa", "PTR", "NXDomain SOA 99.127.in-addr.arpa.")]
    [InlineData("x.1.0.99.127.in-addr.arpa", "PTR", "NXDomain SOA 99.127.in-addr.arpa.")]
    [InlineData("1.7.7.99.127.in-addr.arpa", "PTR", "NXDomain SOA 99.127.in-addr.arpa.")]
    [InlineData("foo.99.127.in-addr.arpa", "A", "NXDomain SOA 99.127.in-addr.arpa.")]
    [InlineData("f*o.99.127.IN-ADDR.arpa", "A", "NXDomain SOA 99.127.in-addr.arpa.")]
    [InlineData("99.127.in-addr.arpa", "SOA", "SOA 99.127.in-addr.arpa.")]
    [InlineData("99.127.in-addr.arpa", "NS", "NoError SOA 99.127.in-addr.arpa.")]
    [InlineData("99.127.in-addr.arpa", "ANY", "HINFO")]
    public void Reverse_NamesOfTheRange_AreAnswered(string name, string type, string? expected) =>
        Assert.Equal(expected, Reverse("127.99.0.0/16", name, type));

    /// <summary>The zones of a range that ends within an octet begin where everything is inside.</summary>
    [Theory]
    [InlineData("127.99.0.0/20", "7.7.99.127.in-addr.arpa", "PTR", "PTR checkout.shop.svc.us1.internal.")]
    [InlineData("127.99.0.0/20", "8.7.99.127.in-addr.arpa", "PTR", "NXDomain SOA 7.99.127.in-addr.arpa.")]
    [InlineData("127.99.0.0/20", "x.7.99.127.in-addr.arpa", "PTR", "NXDomain SOA 7.99.127.in-addr.arpa.")]
    [InlineData("127.99.0.0/20", "7.99.127.in-addr.arpa", "SOA", "SOA 7.99.127.in-addr.arpa.")]
    [InlineData("127.99.0.0/20", "99.127.in-addr.arpa", "SOA", null)]
    [InlineData("127.99.0.0/20", "x.99.127.in-addr.arpa", "PTR", null)]
    [InlineData("127.99.0.0/20", "16.99.127.in-addr.arpa", "PTR", null)]
    [InlineData("127.99.7.4/30", "7.7.99.127.in-addr.arpa", "SOA", "SOA 7.7.99.127.in-addr.arpa.")]
    [InlineData("127.99.7.4/30", "6.7.99.127.in-addr.arpa", "PTR", "NoError SOA 6.7.99.127.in-addr.arpa.")]
    [InlineData("127.99.7.4/30", "x.6.7.99.127.in-addr.arpa", "PTR", "NXDomain SOA 6.7.99.127.in-addr.arpa.")]
    [InlineData("127.99.7.4/30", "8.7.99.127.in-addr.arpa", "PTR", null)]
    public void Reverse_ZonesBeginWithinTheRange(string range, string name, string type, string? expected) =>
        Assert.Equal(expected, Reverse(range, name, type));

    private static string? Reverse(string range, string name, string type)
    {
        Assert.True(VipRange.TryParse(range, out var parsed));
        var reverse = new ReverseAnswers(new VipTable(parsed, [new VipEntry(Checkout, Vip, 1)]));
        var reply = reverse.Answer(new DnsQuestion(DnsName.Parse(name), Type(type), DnsClass.IN), 5);
        return reply is null ? null : Say(reply);
    }

    private static AnswerContext Context() => new()
    {
        Now = 10_000, TtlMax = 5, Vip = Vip, RecordsMax = 4_096,
    };

    private static DnsReply Ask(string name, string type, string _, ServiceView? service)
    {
        var target = Zones.Find(DnsName.Parse(name))!;
        return Ask(name, type, new NameView(target.Service ?? "none", NameState.Fresh, 60_000, service), Context());
    }

    private static DnsReply Ask(string name, string type, NameView view, AnswerContext context)
    {
        var question = new DnsQuestion(DnsName.Parse(name), Type(type), DnsClass.IN);
        return NameAnswers.Answer(question, Zones.Find(question.Name)!, view, context);
    }

    private static DnsType Type(string type) => type == "MX" ? (DnsType)15 : Enum.Parse<DnsType>(type);

    private static string Say(DnsReply reply)
    {
        var answers = string.Join(';', reply.Answers.Select(Say));
        var more = string.Join(';', reply.Additionals.Select(Say));
        return reply.Answers.Count == 0
            ? $"{reply.Rcode} {string.Join(';', reply.Authorities.Select(Say))}"
            : answers + (more.Length > 0 ? "+" + more : "");
    }

    private static string Say(DnsRecord record)
    {
        var data = record.Data.Span;
        return $"{record.Type} " + record.Type switch
        {
            DnsType.A or DnsType.AAAA => IpAddress.Format(new IPAddress(data)),
            DnsType.SRV => $"{(data[4] << 8) | data[5]} {DnsName.FromWire(data[6..])}",
            DnsType.PTR => DnsName.FromWire(data).ToString(),
            DnsType.SOA => record.Name.ToString(),
            _ => "",
        } is var said ? said.TrimEnd() : "";
    }

    private static string Texts(DnsRecord record)
    {
        var (data, texts) = (record.Data.ToArray(), new List<string>());
        for (var at = 0; at < data.Length; at += data[at] + 1)
        {
            texts.Add(System.Text.Encoding.ASCII.GetString(data, at + 1, data[at]));
        }

        return string.Join('|', texts);
    }
}
