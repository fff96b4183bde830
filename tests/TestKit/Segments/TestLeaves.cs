using Fairlead.Naming;

namespace Fairlead.TestKit;

/// <summary>Leaf documents of tests.</summary>
public static class TestLeaves
{
    /// <summary>The op-made leaves of epoch 0: a Credential, the Rule <c>open</c>, and what the test adds.</summary>
    public static IReadOnlyList<ParsedLeaf> OfGenesis(TestSegmentOptions options, PublicKey publisher)
    {
        var leaves = new List<ParsedLeaf> { Credential(publisher, options.Issued + (180L * 24 * 3600 * 1000)) };
        if (options.OpenRule)
        {
            leaves.Add(Rule("open", RuleEffect.Allow, ["*.svc"]));
        }

        leaves.AddRange(options.Leaves);
        return leaves;
    }

    public static ParsedLeaf Credential(PublicKey key, long expires, string names = "*.svc", long made = 0) =>
        ParsedLeaf.Of(Document.Make(new Credential
        {
            Expires = expires,
            Key = key,
            MaxTtl = 300_000,
            Names = [NamePattern.Parse(names)],
            Types = [PublishedType.Bundle, PublishedType.Gateway, PublishedType.Record, PublishedType.Set],
            Made = made,
            Opening = TestSegment.Bytes16($"credential {key.Kid}"),
        }));

    public static ParsedLeaf Rule(
        string id,
        string effect,
        IReadOnlyList<string> names,
        IReadOnlyList<RuleSubject>? subjects = null,
        Constraints? constraints = null,
        long made = 0) =>
        ParsedLeaf.Of(Document.Make(new Rule
        {
            Constraints = constraints,
            Effect = effect,
            Id = id,
            Names = [.. names.Select(NamePattern.Parse)],
            Subjects = subjects is null ? [new RuleSubject { Segment = "*" }] : [.. subjects],
            Made = made,
            Opening = TestSegment.Bytes16($"rule {id}"),
        }));

    /// <summary>A record with one HTTP port, no slices yet.</summary>
    public static Record Record(TestSegment segment, string name, long version, long life = 3_600_000) => new()
    {
        Expires = version + life,
        Issued = version,
        Kind = RecordKind.Service,
        Name = ServicePart.Parse(name),
        Opening = TestSegment.Bytes16($"record {name} {version}"),
        Ports = [new Port { Name = "http", Number = 80, Protocol = PortProtocol.Http }],
        Publisher = segment.Publisher.Key.Kid,
        TtlMax = 60_000,
        Uid = TestSegment.Bytes16($"uid {name}"),
        Version = version,
    };

    /// <summary>A slice with endpoints at the addresses.</summary>
    public static Parsed<Slice> Slice(string name, int port, params IEnumerable<string> addresses) =>
        Document.Make(new Slice
    {
        Endpoints =
        [
            .. addresses.Order(StringComparer.Ordinal).Select(address => new SliceEndpoint { Address = address }),
        ],
        Name = ServicePart.Parse(name),
        Ports = [port],
    });
}
