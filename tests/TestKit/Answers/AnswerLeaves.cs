using System.Globalization;
using Fairlead.Naming;

namespace Fairlead.TestKit.Answers;

/// <summary>Leaves and slices with real digests; openings are derived, as tests need no hiding.</summary>
public static class AnswerLeaves
{
    public static Hex16 Opening(string of) =>
        Hex16.FromBytes(Digest.Sha256(System.Text.Encoding.ASCII.GetBytes(of)).ToArray().AsSpan(0, 16));

    public static Digest DigestOf(LeafDocument leaf) => leaf switch
    {
        Record it => Document.Make(it).Digest,
        Withdrawn it => Document.Make(it).Digest,
        Link it => Document.Make(it).Digest,
        Peer it => Document.Make(it).Digest,
        Rule it => Document.Make(it).Digest,
        Witness it => Document.Make(it).Digest,
        Credential it => Document.Make(it).Digest,
        Redirect it => Document.Make(it).Digest,
        Scope it => Document.Make(it).Digest,
        Gateway it => Document.Make(it).Digest,
        Set it => Document.Make(it).Digest,
        Bundle it => Document.Make(it).Digest,
        Tombstone it => Document.Make(it).Digest,
        _ => throw new ArgumentException(leaf.Class.ToString(), nameof(leaf)),
    };

    public static Peer PeerOf(AnswerSegment other) => new()
    {
        Endpoints = other.Newest.Value.Anchors[0].Endpoints,
        Floor = new Floor(other.Newest.Digest, other.Newest.Value.Number),
        Genesis = other.Genesis,
        Made = 1,
        Name = other.Name,
        Opening = Opening(other.Name.Text),
    };

    public static Link LinkOf(AnswerSegment child, string? at = null) => new()
    {
        At = LinkPoint.Parse(at ?? child.Name.Label),
        Endpoints = child.Newest.Value.Anchors[0].Endpoints,
        Floor = new Floor(child.Newest.Digest, child.Newest.Value.Number),
        Genesis = child.Genesis,
        Label = child.Name.Label,
        Made = 1,
        Opening = Opening(child.Name.Text),
    };

    public static Uplink UplinkTo(AnswerSegment parent, string label) => new()
    {
        Endpoints = parent.Newest.Value.Anchors[0].Endpoints,
        Floor = new Floor(parent.Newest.Digest, parent.Newest.Value.Number),
        Label = label,
        Parent = parent.Genesis,
    };

    public static Rule OpenRule() => new()
    {
        Effect = "allow",
        Id = "open",
        Made = 0,
        Names = [NamePattern.Parse("*.svc")],
        Opening = Opening("open"),
        Subjects = [new RuleSubject { Segment = "*" }],
    };

    public static Set SetOf(string name, long now, ISigner publisher, params SetMember[] members) => new()
    {
        Expires = now + AnswerEpochs.Day,
        Issued = now,
        Members = [.. members.OrderBy(member => member.Name)],
        Name = ServicePart.Parse(name),
        Opening = Opening($"set {name}"),
        Publisher = publisher.Key.Kid,
        TtlMax = 60_000,
        Version = now,
    };

    public static SetMember MemberOf(AnswerSegment segment, string service, long priority = 0, long weight = 1) =>
        new()
        {
            Genesis = segment.Genesis,
            Name = FullName.Parse($"{service}.{segment.Name.Text}"),
            Priority = priority,
            Weight = weight,
        };

    public static Scope ScopeOf(Digest segment, params string[] cidrs) => new()
    {
        Cidrs = [.. cidrs.Order(StringComparer.Ordinal)],
        Made = 1,
        Opening = Opening(segment.ToString()),
        Segment = segment,
    };

    public static Bundle BundleOf(string domain, long now, ISigner publisher, params string[] certificates) => new()
    {
        Domain = domain,
        Expires = now + Limits.Hour,
        Issued = now,
        Opening = Opening($"bundle {domain}"),
        Publisher = publisher.Key.Kid,
        Version = now,
        X509 = [.. certificates.Order(StringComparer.Ordinal)],
    };

    public static Gateway GatewayOf(string network, long now, ISigner publisher, params string[] addresses) => new()
    {
        Addresses = [.. addresses.Order(StringComparer.Ordinal).Select(IpEndpoint.Parse)],
        Expires = now + Limits.Hour,
        Issued = now,
        Network = network,
        Opening = Opening($"gateway {network}"),
        Publisher = publisher.Key.Kid,
        Version = now,
    };

    public static Slice SliceOf(string name, string? region, params string[] addresses) => new()
    {
        Endpoints = [.. addresses.Order(StringComparer.Ordinal).Select(
            address => new SliceEndpoint { Address = address })],
        Name = ServicePart.Parse(name),
        Ports = [8080],
        Region = region,
    };

    public static Record RecordOf(string name, long now, ISigner publisher, params Slice[] slices) => new()
    {
        Expires = now + AnswerEpochs.Day,
        Issued = now,
        Name = ServicePart.Parse(name),
        Opening = Opening(name),
        Ports = [new Port { Name = "http", Number = 80, Protocol = "http" }],
        Publisher = publisher.Key.Kid,
        Kind = RecordKind.Service,
        Slices = [.. slices.Select(slice => new SliceReference
        {
            Count = slice.Endpoints.Length,
            Digest = Document.Make(slice).Digest,
            Region = slice.Region,
        })],
        TtlMax = 60_000,
        Uid = Opening(string.Create(CultureInfo.InvariantCulture, $"uid {name}")),
        Version = now,
    };
}
