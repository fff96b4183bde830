using System.Collections.Immutable;
using Fairlead.TestKit;

namespace Fairlead.Naming.Tests.Documents;

/// <summary>A document of every type with every member set, so that order and optionality show.</summary>
internal static class Samples
{
    private const long Now = TestSegmentOptions.Start;
    private static readonly Hex16 Opening = TestSegment.Bytes16("opening");
    private static readonly ServicePart Cart = ServicePart.Parse("cart.shop.svc");
    private static readonly FullName CartOfUs1 = FullName.Parse("cart.shop.svc.us1.internal");
    private static readonly IpEndpoint Endpoint = IpEndpoint.Parse("[2001:db8::1]:443");

    private static readonly ImmutableSortedDictionary<string, string> Ext =
        ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal)
            .Add("affinity", "client-ip").Add("note", "x");

    internal static ImmutableArray<Sample> All { get; } =
    [
        Sample.Of(MakeEpoch()),
        Sample.Of(new Manifest
        {
            Changes =
            [
                new ManifestChange { Class = 3, Name = "us1" },
                new ManifestChange { Class = 13, Digest = D("scope"), Name = "x" },
            ],
        }),
        Sample.Of(new Vote { Digest = D("e"), Epoch = 1, Phase = VotePhase.Commit, Round = 0, Segment = D("g") }),
        Sample.Of(new Consent { Digest = D("e"), Epoch = 1, Segment = D("g") }),
        Sample.Of(new Seal
        {
            Count = 3, Epoch = 1, EpochDigest = D("e"), Expires = Now + 1, Issued = Now, Prev = D("p"), Root = D("r"),
            Segment = D("g"), Seq = 0,
        }),
        Sample.Of(new Handover
        {
            Count = 3, Epoch = 1, Issued = Now, Next = D("n"), Prev = D("p"), Root = D("r"), Segment = D("g"), Seq = 9,
        }),
        .. Published(),
        .. OpMade(),
        .. Others(),
    ];

    internal static Digest D(string text) => Digest.Sha256(System.Text.Encoding.ASCII.GetBytes(text));

    private static Epoch MakeEpoch()
    {
        var epoch = new TestSegment().Epochs[0].Value;
        return epoch with
        {
            Domains = ["a.example", "b.example"],
            Effective = Now,
            MinVerifier = 1,
            Number = 7,
            Op = new EpochOp { Type = OpType.Rotate, Base = D("b"), Manifest = D("m"), Reason = "compromise" },
            Peers = [.. new[] { D("1"), D("2") }.Order()],
            Policy = epoch.Policy with { Auto = ["renew", "rotate"], Refuse = ["crash"], RequireScope = 1 },
            Prev = D("prev"),
            Quorum = epoch.Quorum with
            {
                GovGroups = [new GroupMinimum { Group = "a", Min = 1 }, new GroupMinimum { Group = "b", Min = 2 }],
                SealGroups = [new GroupMinimum { Group = "a", Min = 1 }],
            },
            Recovery = new Recovery { Delay = 3_600_000, Keys = [.. Keys(1, 2)], Threshold = 2 },
            Segment = D("g"),
            Uplinks =
            [
                new Uplink { Endpoints = [Endpoint], Floor = new Floor(D("f"), 3), Label = "us1", Parent = D(
                    "parent") },
            ],
            Ext = Ext,
        };
    }

    private static IEnumerable<PublicKey> Keys(params int[] numbers) =>
        numbers.Select(TestKeys.Key).OrderBy(key => key.Text, StringComparer.Ordinal);

    private static ImmutableArray<Sample> Published() =>
    [
        Sample.Of(new Record
        {
            Continuity = 0, Expires = Now + 1, Identities = ["spiffe://a.example/x"], Issued = Now,
            Kind = RecordKind.Headless,
            Name = Cart, Opening = Opening, Origin = new Origin { Segment = D("o"), Version = 3 },
            Ports =
            [
                new Port { Name = "web", Number = 80, Protocol = PortProtocol.Http },
                new Port { Number = 80, Protocol = PortProtocol.Tcp },
                new Port { Number = 443, Protocol = PortProtocol.Grpc },
            ],
            Publisher = D("k"),
            Slices =
            [
                new SliceReference { Count = 2, Digest = D("z"), Region = "eu" },
                new SliceReference { Count = 0, Digest = D("a") },
            ],
            TtlMax = 0, Uid = Opening, Version = Now, Ext = Ext,
        }),
        Sample.Of(new Slice
        {
            Endpoints =
            [
                new SliceEndpoint
                {
                    Address = "10.0.0.1", Host = "cart-0", Identity = "spiffe://a.example/x", Network = "n1",
                    State = EndpointState.Draining, Weight = 3, Zone = "z1",
                },
                new SliceEndpoint { Address = "10.0.0.1", Host = "cart-1" },
                new SliceEndpoint { Address = "2001:db8::2" },
            ],
            Name = Cart, Ports = [8080, 8080, 1], Region = "eu",
        }),
        Sample.Of(new Set
        {
            Expires = Now + 1, Identities = ["a", "b"], Issued = Now,
            Members = [new SetMember { Genesis = D("g"), Name = CartOfUs1, Priority = 0, Weight = 1 }],
            Name = Cart, Opening = Opening, Publisher = D("k"), TtlMax = 1, Version = 2,
        }),
        Sample.Of(new Bundle
        {
            Domain = "a.example", Expires = Now + 1, Issued = Now, Opening = Opening, Publisher = D("k"), Version = 2,
            X509 = [new string('A', Limits.CertificateBytes)],
        }),
        Sample.Of(new Gateway
        {
            Addresses = [Endpoint], Expires = Now + 1, Identities = ["a"], Issued = Now, Network = "n1",
            Opening = Opening,
            Publisher = D("k"), Version = 2,
        }),
        Sample.Of(new Withdraw
        {
            Class = 1, Expires = Now, Issued = Now, Name = "cart.shop.svc", Opening = Opening, Publisher = D("k"),
            Uid = Opening, Version = 3,
        }),
        Sample.Of(new Withdrawn
        {
            OfClass = 1, Expires = Now, Name = "cart.shop.svc", Of = D("w"), Opening = Opening, Uid = Opening,
            Version = 3,
        }),
    ];

    private static ImmutableArray<Sample> OpMade() =>
    [
        Sample.Of(new Credential
        {
            Expires = Now, Key = TestKeys.Key(1), MaxTtl = 5, Names = [NamePattern.Parse("*.svc")],
            Types = [PublishedType.Record, PublishedType.Set], Made = 0, Opening = Opening,
        }),
        Sample.Of(new Link
        {
            At = LinkPoint.Parse("shop.svc"), Endpoints = [Endpoint], Floor = new Floor(D("f"), 0), Genesis = D("c"),
            Label = "us1", Terms = new Terms { MaxTtl = 3 }, Made = 1, Opening = Opening,
        }),
        Sample.Of(new Peer
        {
            Endpoints = [Endpoint], Floor = new Floor(D("f"), 0), Genesis = D("c"),
            Name = SegmentName.Parse("us1.internal"),
            Terms = new Terms { MaxTtl = 3 }, Made = 1, Opening = Opening,
        }),
        Sample.Of(new Rule
        {
            Constraints = new Constraints { MaxTtl = 1, Regions = ["eu*"] }, Effect = RuleEffect.Allow, Id = "open",
            Names = [NamePattern.Parse("*.svc"), NamePattern.Parse("us1.internal")],
            Subjects =
            [
                new RuleSubject { Account = "a", Namespace = "n", Segment = "*" },
                new RuleSubject { Segment = D("g").ToString() },
            ],
            Made = 1, Opening = Opening,
        }),
        Sample.Of(new Scope
        {
            Cidrs = ["10.0.0.0/8"], Domains = ["a.example"], Networks = ["n1"], Segment = D("g"), Made = 1,
            Opening = Opening,
        }),
        Sample.Of(new Tombstone
        {
            At = LinkPoint.Parse("us1"), Genesis = D("g"), Until = Now, Made = 1, Opening = Opening,
        }),
        Sample.Of(new Redirect
        {
            Genesis = D("g"), Name = Cart, State = RedirectState.Moved, Target = CartOfUs1, Uid = Opening, Until = Now,
            Version = 3, Made = 1, Opening = Opening,
        }),
        Sample.Of(new Witness
        {
            Epoch = 1, EpochDigest = D("e"), Seal = D("s"), SeenAt = Now, Segment = D("g"), Seq = 2, Opening = Opening,
        }),
    ];

    private static ImmutableArray<Sample> Others() =>
    [
        Sample.Of(new Query { Home = D("h"), Name = CartOfUs1, Subject = D("s") }),
        Sample.Of(new Grant
        {
            Audience = D("a"), Expires = Now, Home = D("h"), HomeEpoch = 1, Issued = Now,
            Names = [NamePattern.Parse("*.shop.svc")], Subject = new Subject { Account = "a", Namespace = "n" },
            Tls = D("t"),
        }),
        Sample.Of(new Attest
        {
            Constraints = new Constraints { Regions = ["eu"] }, Decision = RuleEffect.Allow, Epoch = 1, Expires = Now,
            Home = D("h"), Issued = Now, Next = D("n"), Policy = D("p"), Renew = Now, Role = AttestRole.Target,
            Rule = D("r"),
            Scope = NamePattern.Parse("cart.shop.svc"), Segment = D("g"), Subject = D("s"),
        }),
        Sample.Of(new Head { Epoch = 1, Nonce = Opening, Seal = D("s"), Segment = D("g"), Seq = 2, Time = Now }),
        Sample.Of(new Transfer { At = LinkPoint.Parse("us1"), New = D("n"), Old = D("o"), Parent = D("p") }),
    ];
}
