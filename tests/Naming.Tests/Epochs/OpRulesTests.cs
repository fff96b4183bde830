using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Naming.Tests.Epochs;

/// <summary>V44: what an operation may change, of the epoch and of its leaves.</summary>
public sealed class OpRulesTests
{
    private static readonly Dictionary<string, Func<Epoch, Epoch>> Changes = new()
    {
        ["nothing"] = epoch => epoch,
        ["anchors"] = epoch => epoch with { Anchors = epoch.Anchors.SetItem(0, epoch.Anchors[0] with { Host = "h" }) },
        ["quorum"] = epoch => epoch with { Quorum = epoch.Quorum with { Attest = 2 } },
        ["recovery"] = epoch => epoch with
        {
            Recovery = new Recovery { Delay = 3_600_000, Keys = [TestKeys.Key(7)], Threshold = 1 },
        },
        ["policy"] = epoch => epoch with { Policy = epoch.Policy with { MaxTtl = 1 } },
        ["domains"] = epoch => epoch with { Domains = ["a"] },
        ["salt"] = epoch => epoch with { Salt = default },
        ["min_verifier"] = epoch => epoch with { MinVerifier = 1 },
        ["peers"] = epoch => epoch with { Peers = [default] },
        ["uplinks"] = epoch => epoch with { Uplinks = [Uplink(0)] },
        ["effective"] = epoch => epoch with { Effective = 1 },
        ["ext"] = epoch => epoch with { Ext = epoch.Ext.Add("a", "b") },
    };

    [Theory]
    [MaliciousInput(141, "renew that touches the quorum: OpMismatch")]
    [InlineData(OpType.Renew, "nothing")]
    [InlineData(OpType.Join, "nothing uplinks")]
    [InlineData(OpType.Leave, "nothing uplinks")]
    [InlineData(OpType.Evict, "nothing")]
    [InlineData(OpType.Peer, "nothing peers")]
    [InlineData(OpType.Unpeer, "nothing peers")]
    [InlineData(OpType.Rotate, "nothing anchors quorum recovery")]
    [InlineData(OpType.Policy, "nothing policy domains salt min_verifier")]
    [InlineData(OpType.Credential, "nothing")]
    [InlineData(OpType.Split, "nothing")]
    [InlineData(OpType.Migrate, "nothing")]
    [InlineData(OpType.Genesis, "")]
    [InlineData("unheard-of", "")]
    public void Check_OfEachOperation_AllowsExactlyItsRow(string op, string allowed)
    {
        var before = new TestSegment().Newest.Value;
        Assert.All(Changes, change =>
        {
            var after = change.Value(before) with { Number = 1, Op = new EpochOp { Type = op } };
            Assert.Equal(
                allowed.Split(' ').Contains(change.Key) ? null : VerificationFailure.OpMismatch,
                OpRules.Check(before, after)?.Failure);
        });
    }

    [Fact]
    public void Renew_OfAnUplinksFloor_IsAllowed()
    {
        var before = new TestSegment().Newest.Value with { Uplinks = [Uplink(0)] };
        var renewed = before with { Op = new EpochOp { Type = OpType.Renew }, Uplinks = [Uplink(5)] };
        Assert.Null(OpRules.Check(before, renewed));
        Assert.Equal(
            VerificationFailure.OpMismatch,
            OpRules.Check(before, renewed with { Uplinks = [Uplink(5) with { Label = "other" }] })?.Failure);
    }

    [Fact]
    public void Rotate_OfMoreThanF_NeedsACompromise()
    {
        var before = new TestSegment().Newest.Value;
        var two = before with
        {
            Anchors = [.. before.Anchors.Select(
                (anchor, i) => i < 2 ? anchor with { Tls = TestKeys.Key(40 + i) } : anchor)],
            Op = new EpochOp { Type = OpType.Rotate },
        };
        Assert.Equal(VerificationFailure.OpMismatch, OpRules.Check(before, two)?.Failure);
        Assert.Null(OpRules.Check(before, two with { Op = two.Op with { Reason = "compromise" } }));
        Assert.Null(OpRules.Check(before, two with { Anchors = two.Anchors.SetItem(0, before.Anchors[0]) }));
    }

    [Fact]
    public void CheckLeaves_OfAClassThatIsNotTheOperations_IsRefused()
    {
        var segment = new TestSegment();
        var before = LeavesOf(segment);
        var rule = TestLeaves.Rule("more", RuleEffect.Deny, ["*.svc"], made: 1);
        var epoch = segment.Advance(
            OpType.Peer,
            next => next with { Policy = next.Policy with { Rules = RulesOf(segment, rule) } },
            [rule]);
        var after = Apply(before, segment, epoch, rule);
        Assert.Equal(VerificationFailure.OpMismatch, OpRules.CheckLeaves(epoch.Value, before, after)?.Failure);
        var policy = epoch.Value with { Op = epoch.Value.Op with { Type = OpType.Policy } };
        Assert.Null(OpRules.CheckLeaves(policy, before, after));
    }

    [Fact]
    public void Genesis_AppliedFromNothing_GivesTheCeremonysLeaves()
    {
        var segment = new TestSegment();
        Assert.Equal(
            segment.Leaves.Select(leaf => leaf.Commitment), LeavesOf(segment)
                .Leaves.Values.Select(leaf => leaf.Commitment));
    }

    [Fact]
    [MaliciousInput(85, "manifest missing a leaf: ManifestMismatch")]
    public void Apply_OfAManifestWithoutItsLeaf_IsRefused()
    {
        var segment = new TestSegment();
        var manifest = segment.Manifests[0]!.Payload;
        var all = segment.Leaves.Select(leaf => (leaf.Class, leaf.Payload)).ToList();
        VerificationFailure? Apply(IEnumerable<(LeafClass Class, ReadOnlyMemory<byte> Payload)> leaves) =>
            OperationLeaves.None.Apply(segment.Epochs[0], manifest, leaves, out var refusal) is null
                ? refusal!.Failure
                : null;

        Assert.Null(Apply(all));
        Assert.Equal(VerificationFailure.ManifestMismatch, Apply(all.Skip(1)));
        Assert.Equal(VerificationFailure.ManifestMismatch, Apply([.. all, all[0]]));
        var other = TestLeaves.Rule("open", RuleEffect.Deny, ["*.svc"]);
        Assert.Equal(VerificationFailure.ManifestMismatch, Apply([all[0], all[1], (other.Class, other.Payload)]));
        var credential = all.Find(leaf => leaf.Class == LeafClass.Credential);
        Assert.Equal(VerificationFailure.ManifestMismatch, Apply([credential, (other.Class, other.Payload)]));
    }

    private static OperationLeaves LeavesOf(TestSegment segment) =>
        Apply(OperationLeaves.None, segment, segment.Epochs[0], [.. segment.Leaves]);

    private static OperationLeaves Apply(
        OperationLeaves before, TestSegment segment, Parsed<Epoch> epoch, params IReadOnlyList<ParsedLeaf> leaves)
    {
        var after = before.Apply(
            epoch,
            segment.Manifests[(int)epoch.Value.Number]!.Payload,
            leaves.Select(leaf => (leaf.Class, leaf.Payload)),
            out var refusal);
        Assert.Null(refusal);
        return after!;
    }

    private static Digest RulesOf(TestSegment segment, ParsedLeaf more) =>
        Hashes.Rules(
            segment.Leaves.Append(more).Where(leaf => leaf.Class == LeafClass.Rule).Select(leaf => leaf.Commitment));

    private static Uplink Uplink(long epoch) => new()
    {
        Endpoints = [IpEndpoint.Parse("127.0.0.1:1")],
        Floor = new Floor(default, epoch),
        Label = "us1",
        Parent = default,
    };
}
