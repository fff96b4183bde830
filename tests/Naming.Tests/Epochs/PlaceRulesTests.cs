using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Naming.Tests.Epochs;

/// <summary>V49: where the leaves of an operation may stand.</summary>
public sealed class PlaceRulesTests
{
    private static readonly Digest Child = Digest.Sha256("child"u8);
    private static readonly Digest Stranger = Digest.Sha256("stranger"u8);

    [Theory]
    [InlineData("us1.acme.internal", null)]
    [InlineData("other.internal", null)]
    [InlineData("acme.internal", VerificationFailure.NameConflict)]
    [InlineData("internal", VerificationFailure.NameConflict)]
    [InlineData("eu1.acme.internal", VerificationFailure.NameConflict)]
    [InlineData("shop.eu1.acme.internal", VerificationFailure.NameConflict)]
    [MaliciousInput(138, "Peer named above or below me: NameConflict")]
    public void Peer_NamedAboveOrBelowMe_NameConflict(string name, VerificationFailure? expected) =>
        Assert.Equal(expected, Judge("eu1.acme.internal", OpType.Peer, [], [Peer(name)]));

    [Theory]
    [InlineData(0, true, VerificationFailure.LabelInHoldDown)]
    [InlineData(1000, true, VerificationFailure.LabelInHoldDown)]
    [InlineData(1001, true, null)]
    [InlineData(0, false, null)]
    [MaliciousInput(83, "label in hold-down: LabelInHoldDown")]
    public void Link_AtALabelInHoldDown_LabelInHoldDown(int later, bool stranger, VerificationFailure? expected) =>
        Assert.Equal(expected, Judge(
            "acme.internal", OpType.Join, [Tombstone("us1", 1001)], [Link("us1", stranger ? Stranger : Child)],
            later: later));

    [Fact]
    public void Leaf_UnderATombstone_IsFrozen()
    {
        Assert.Equal(VerificationFailure.Frozen, Judge(
            "acme.internal", OpType.Split, [Tombstone("shop.svc", 1001)], [Link("cart.shop.svc", Child)]));
        Assert.Equal(VerificationFailure.Frozen, Judge(
            "acme.internal", OpType.Migrate, [Tombstone("shop.svc", 1001)], [Redirect("cart.shop.svc")]));
        Assert.Null(Judge("acme.internal", OpType.Migrate, [Tombstone("shop.svc", 1001)], [Redirect("cart.bank.svc")]));
    }

    [Fact]
    public void Leaf_UnderALink_IsOccluded()
    {
        Assert.Equal(VerificationFailure.OccludedByLink, Judge(
            "acme.internal", OpType.Migrate, [Link("shop.svc", Child)], [Redirect("cart.shop.svc")]));
        Assert.Equal(VerificationFailure.OccludedByLink, Judge(
            "acme.internal", OpType.Split, [Link("shop.svc", Child)], [Link("cart.shop.svc", Stranger)]));
        Assert.Null(Judge("acme.internal", OpType.Join, [Link("us1", Child)], [Link("us2", Stranger)]));
    }

    [Fact]
    public void Link_OverWhatStandsThere_IsOccluded()
    {
        Assert.Equal(VerificationFailure.OccludedByLink, Judge(
            "acme.internal", OpType.Split, [Link("cart.shop.svc", Child)], [Link("shop.svc", Stranger)]));
        Assert.Equal(VerificationFailure.OccludedByLink, Judge(
            "acme.internal", OpType.Split, [Redirect("cart.shop.svc")], [Link("shop.svc", Stranger)]));
        Assert.Null(Judge("acme.internal", OpType.Split, [Redirect("cart.bank.svc")], [Link("shop.svc", Stranger)]));
    }

    [Fact]
    public void Tombstone_BeforeItsTime_GoesOnlyForTheLinkItWaitsFor()
    {
        var held = Tombstone("us1", 1001);
        Assert.Equal(VerificationFailure.Frozen, Judge("acme.internal", OpType.Evict, [held], [], [held]));
        Assert.Equal(
            VerificationFailure.Frozen, Judge("acme.internal", OpType.Evict, [held], [Tombstone("us1", 1000)]));
        Assert.Null(Judge("acme.internal", OpType.Split, [held], [Link("us1", Child)], [held]));
        Assert.Null(Judge("acme.internal", OpType.Evict, [held], [], [held], later: 1001));
    }

    [Fact]
    public void Renew_OfATombstoneBeforeItsTime_OpMismatch()
    {
        var held = Tombstone("us1", 1001);
        Assert.Equal(VerificationFailure.OpMismatch, Judge("acme.internal", OpType.Renew, [held], [], [held]));
        Assert.Null(Judge("acme.internal", OpType.Renew, [held], [], [held], later: 1001));
    }

    /// <summary>An epoch with leaves, then one by the operation, issued <paramref name="later"/> ms after time 0 of the
    /// Tombstones; judged as an anchor does.</summary>
    private static VerificationFailure? Judge(
        string name,
        string op,
        IReadOnlyList<ParsedLeaf> before,
        IReadOnlyList<ParsedLeaf> put,
        IReadOnlyList<ParsedLeaf>? remove = null,
        int later = 0)
    {
        var segment = new TestSegment(new TestSegmentOptions { Leaves = before });
        var first = Apply(OperationLeaves.None, segment, 0, [.. segment.Leaves]);
        var next = segment.Advance(
            op,
            epoch => epoch with { Issued = TestSegmentOptions.Start + 60_000 + later },
            [.. put.Select(leaf => Made(leaf, 1))],
            remove);
        return OpRules.CheckStep(
            SegmentName.Parse(name),
            segment.Epochs[0].Value,
            next.Value,
            first,
            Apply(first, segment, 1, [.. put.Select(leaf => Made(leaf, 1))]))?.Failure;
    }

    private static OperationLeaves Apply(OperationLeaves before, TestSegment segment, int epoch, ParsedLeaf[] leaves)
    {
        var after = before.Apply(
            segment.Epochs[epoch],
            segment.Manifests[epoch]?.Payload ?? default,
            leaves.Select(leaf => (leaf.Class, leaf.Payload)),
            out var refusal);
        Assert.Null(refusal);
        return after!;
    }

    private static ParsedLeaf Made(ParsedLeaf leaf, long epoch) => leaf.Document switch
    {
        Link link => ParsedLeaf.Of(Document.Make(link with { Made = epoch })),
        Peer peer => ParsedLeaf.Of(Document.Make(peer with { Made = epoch })),
        Redirect redirect => ParsedLeaf.Of(Document.Make(redirect with { Made = epoch })),
        Tombstone tombstone => ParsedLeaf.Of(Document.Make(tombstone with { Made = epoch })),
        _ => leaf,
    };

    private static ParsedLeaf Peer(string name) => ParsedLeaf.Of(Document.Make(new Peer
    {
        Endpoints = [IpEndpoint.Parse("127.0.0.1:1")],
        Floor = new Floor(Stranger, 0),
        Genesis = Stranger,
        Made = 0,
        Name = SegmentName.Parse(name),
        Opening = TestSegment.Bytes16(name),
    }));

    private static ParsedLeaf Link(string at, Digest genesis) => ParsedLeaf.Of(Document.Make(new Link
    {
        At = LinkPoint.Parse(at),
        Endpoints = [IpEndpoint.Parse("127.0.0.1:1")],
        Floor = new Floor(genesis, 0),
        Genesis = genesis,
        Label = at.Split('.')[0],
        Made = 0,
        Opening = TestSegment.Bytes16(at),
    }));

    private static ParsedLeaf Redirect(string name) => ParsedLeaf.Of(Document.Make(new Redirect
    {
        Genesis = Stranger,
        Made = 0,
        Name = ServicePart.Parse(name),
        Opening = TestSegment.Bytes16(name),
        State = RedirectState.Incoming,
        Target = FullName.Parse($"{name}.us1.internal"),
        Uid = TestSegment.Bytes16("uid"),
    }));

    private static ParsedLeaf Tombstone(string at, int until) => ParsedLeaf.Of(Document.Make(new Tombstone
    {
        At = LinkPoint.Parse(at),
        Genesis = Child,
        Made = 0,
        Opening = TestSegment.Bytes16($"tombstone {at} {until}"),
        Until = TestSegmentOptions.Start + 60_000 + until,
    }));
}
