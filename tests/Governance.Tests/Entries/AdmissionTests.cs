using System.Security.Cryptography;
using Fairlead.Governance.Tests.Seals;
using Fairlead.Naming;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Governance.Tests.Entries;

/// <summary>What a publisher may say, and what it is told (V45, V49, V59).</summary>
public sealed class AdmissionTests
{
    private readonly EngineBench _bench = new();

    [Fact]
    public void Publish_Good_IsAcceptedGossipedAndSealed()
    {
        var entry = _bench.Sign(_bench.Record());
        var outputs = _bench.Step(new SealInput.Publish(5, entry));
        Assert.Contains(new SealOutput.Accepted(5), outputs);
        Assert.Contains(outputs, o => o is SealOutput.Broadcast { Message: SealMessage.Entries });
        Assert.Contains(new SealOutput.Sealed(5, 1, 3), _bench.Seal(3, entry));
        Assert.Equal(0, _bench.Engine.Pending);
        outputs = _bench.Step(new SealInput.Publish(6, entry));
        Assert.Contains(new SealOutput.Sealed(6, 1, 3), outputs);
    }

    [Fact]
    public void Publish_GreaterIsSealed_IsSuperseded()
    {
        _bench.Step(new SealInput.Publish(5, _bench.Sign(_bench.Record())));
        var greater = _bench.Sign(_bench.Record(version: _bench.Now + 1));
        Assert.Contains(new SealOutput.Superseded(5, 1, 0), _bench.Seal(0, greater));
    }

    [Fact]
    [MaliciousInput(53, "change outside the Credential: PublisherOutOfScope")]
    public void Publish_OutsideCredential_IsOutOfScope()
    {
        var stranger = _bench.World.Signer("gov a0");
        var record = Document.Make(_bench.Record() with { Publisher = stranger.Key.Kid });
        _bench.Refused(
            VerificationFailure.PublisherOutOfScope,
            new SignedEntry("record", Envelope.Sign(record, stranger), []));
        var gateway = Document.Make(new Gateway
        {
            Addresses = [IpEndpoint.Parse("10.0.0.1:443")],
            Expires = _bench.Now + 1_000,
            Issued = _bench.Now,
            Network = "net",
            Opening = _bench.Opening(),
            Publisher = _bench.World.Publisher.Key.Kid,
            Version = _bench.Now,
        });
        _bench.Refused(
            VerificationFailure.PublisherOutOfScope,
            new SignedEntry("gateway", Envelope.Sign(gateway, _bench.World.Publisher), []));
    }

    [Fact]
    [MaliciousInput(54, "change by revoked publisher: PublisherRevoked")]
    public void Publish_RevokedKey_IsPublisherRevoked()
    {
        var stranger = _bench.World.Signer("gov a0");
        var bench = new EngineBench(o => o with { RevokedPublishers = new HashSet<Digest> { stranger.Key.Kid } });
        var record = Document.Make(bench.Record() with { Publisher = stranger.Key.Kid });
        bench.Refused(
            VerificationFailure.PublisherRevoked, new SignedEntry("record", Envelope.Sign(record, stranger), []));
    }

    [Fact]
    [MaliciousInput(127, "version or issued ahead of the clock: FromFuture")]
    public void Publish_AheadOfClock_IsFromFuture()
    {
        _bench.Refused(VerificationFailure.FromFuture, _bench.Sign(_bench.Record(version: _bench.Now + 1_001)));
        var record = _bench.Record() with { Issued = _bench.Now + 1_001 };
        _bench.Refused(VerificationFailure.FromFuture, _bench.Sign(record));
    }

    [Fact]
    [MaliciousInput(128, "new version expiring before the old: RecordRollback")]
    public void Publish_BelowHeld_IsRecordRollback()
    {
        _bench.Seal(0, _bench.Sign(_bench.Record(version: _bench.Now - 10)));
        _bench.Refused(
            VerificationFailure.RecordRollback, _bench.Sign(_bench.Record(version: _bench.Now, life: 99_999)));
        _bench.Refused(VerificationFailure.RecordRollback, _bench.Sign(_bench.Record(version: _bench.Now - 11)));
    }

    [Fact]
    [MaliciousInput(98, "higher version, other uid: UidChanged")]
    public void Publish_OtherUid_IsUidChanged()
    {
        _bench.Seal(0, _bench.Sign(_bench.Record(version: _bench.Now - 10)));
        _bench.Refused(VerificationFailure.UidChanged, _bench.Sign(_bench.Record() with { Uid = _bench.Opening() }));
        _bench.Refused(VerificationFailure.UidChanged, _bench.Sign(Withdrawal() with { Uid = _bench.Opening() }));
    }

    [Fact]
    [MaliciousInput(139, "equal version, two contents, one key: PublisherEquivocation (greater digest kept)")]
    public void Publish_TwoContentsOfOneVersion_IsEvidenceAndKeepsGreater()
    {
        var pair = new[] { _bench.Sign(_bench.Record()), _bench.Sign(_bench.Record()) };
        var greater = pair.MaxBy(e => _bench.Read(e).Digest)!;
        foreach (var order in new[] { pair, [.. pair.Reverse()] })
        {
            var bench = new EngineBench();
            bench.Step(new SealInput.Publish(1, order[0]));
            var outputs = bench.Step(new SealInput.Publish(2, order[1]));
            var refused = Assert.Single(outputs.OfType<SealOutput.Refused>());
            Assert.Equal(VerificationFailure.PublisherEquivocation, refused.Refusal.Failure);
            Assert.Equal(
                VerificationFailure.PublisherEquivocation,
                Assert.Single(outputs.OfType<SealOutput.Evidence>()).Failure);
            bench.Receive("a0", bench.Propose(0, []));
            var sent = bench.Step(new SealInput.Connected("a2"))
                .OfType<SealOutput.Send>().Select(s => s.Message).OfType<SealMessage.Entries>();
            Assert.Equal(greater.Document.Payload.ToArray(), Assert.Single(sent).List[0].Document.Payload.ToArray());
        }
    }

    [Fact]
    public void Publish_OutsidePolicy_IsPolicyOutOfRange()
    {
        var day = _bench.Epoch.Value.Policy.MaxRecordLife;
        _bench.Refused(VerificationFailure.PolicyOutOfRange, _bench.Sign(_bench.Record(life: day + 1)));
        _bench.Refused(VerificationFailure.PolicyOutOfRange, _bench.Sign(_bench.Record() with { TtlMax = 300_001 }));
        _bench.Refused(VerificationFailure.PolicyOutOfRange, _bench.Sign(_bench.Record(life: 0)));
        _bench.Now -= 9_000;
        var late = _bench.Record(life: day) with { Issued = _bench.Now };
        _bench.Refused(VerificationFailure.PolicyOutOfRange, _bench.Sign(late with { Expires = late.Expires + 1_000 }));
    }

    [Fact]
    public void Publish_Expired_IsRecordExpired()
    {
        var entry = _bench.Sign(_bench.Record(life: 1_000));
        _bench.Now += 2_001;
        _bench.Step(new SealInput.Tick());
        _bench.Refused(VerificationFailure.RecordExpired, entry);
    }

    [Fact]
    public void Publish_OtherSlices_IsSliceMismatch()
    {
        var slice = Document.Make(new Slice
        {
            Endpoints = [new SliceEndpoint { Address = "10.0.0.1" }],
            Name = ServicePart.Parse("n1.shop.svc"),
            Ports = [8080],
        });
        var record = _bench.Record() with { Slices = [new SliceReference { Count = 1, Digest = slice.Digest }] };
        var entry = _bench.Sign(record);
        _bench.Refused(VerificationFailure.SliceMismatch, entry);
        _bench.Refused(
            VerificationFailure.SliceMismatch,
            _bench.Sign(_bench.Record()) with { Slices = [slice.Payload] });
        var twice = record with { Slices = [new SliceReference { Count = 2, Digest = slice.Digest }] };
        _bench.Refused(VerificationFailure.SliceMismatch, _bench.Sign(twice) with { Slices = [slice.Payload] });
        Assert.Contains(
            new SealOutput.Accepted(1),
            _bench.Step(new SealInput.Publish(1, entry with { Slices = [slice.Payload] })));
    }

    /// <summary>An answer shows so many Gateways: an endpoint in one more network would spoil its whole name.</summary>
    [Fact]
    public void Publish_EndpointsInMoreNetworksThanAnAnswerShows_IsPolicyOutOfRange()
    {
        _bench.Refused(VerificationFailure.PolicyOutOfRange, InNetworks(Limits.RecordNetworks + 1));
        Assert.Contains(
            new SealOutput.Accepted(1),
            _bench.Step(new SealInput.Publish(1, InNetworks(Limits.RecordNetworks))));

        // What was sealed before there was such a bound is read on.
        _bench.ReadHeld(InNetworks(Limits.RecordNetworks + 1));
    }

    private SignedEntry InNetworks(int count)
    {
        var slice = Document.Make(new Slice
        {
            Endpoints =
            [
                .. Enumerable.Range(10, count).Select(i => new SliceEndpoint
                {
                    Address = $"10.0.0.{i}", Network = $"vpc-{i}",
                }),
            ],
            Name = ServicePart.Parse("n1.shop.svc"),
            Ports = [8080],
        });
        var head = new SliceReference { Count = count, Digest = slice.Digest };
        return _bench.Sign(_bench.Record() with { Slices = [head] }) with { Slices = [slice.Payload] };
    }

    [Fact]
    [MaliciousInput(59, "parent's own record under its link: OccludedByLink")]
    public void Publish_UnderLink_IsOccluded()
    {
        var link = Document.Make(new Link
        {
            At = LinkPoint.Parse("shop.svc"),
            Endpoints = [IpEndpoint.Parse("10.0.0.1:16443")],
            Floor = new Floor(_bench.Handover, 0),
            Genesis = _bench.Handover,
            Label = "child",
            Made = 1,
            Opening = _bench.Opening(),
        });
        var bench = With(ParsedLeaf.Of(link));
        bench.Refused(VerificationFailure.OccludedByLink, bench.Sign(bench.Record()));
        Assert.Contains(
            new SealOutput.Accepted(1),
            bench.Step(new SealInput.Publish(1, bench.Sign(bench.Record("n1.other.svc")))));
    }

    [Fact]
    [MaliciousInput(137, "change under a split's Tombstone: Frozen")]
    public void Publish_UnderTombstone_IsFrozen()
    {
        var tombstone = Document.Make(new Tombstone
        {
            At = LinkPoint.Parse("shop.svc"),
            Genesis = _bench.Handover,
            Made = 1,
            Opening = _bench.Opening(),
            Until = _bench.Now + 1,
        });
        var bench = With(ParsedLeaf.Of(tombstone));
        bench.Refused(VerificationFailure.Frozen, bench.Sign(bench.Record()));
        bench.Now += 1;
        Assert.Contains(
            new SealOutput.Accepted(1), bench.Step(new SealInput.Publish(1, bench.Sign(bench.Record()))));
    }

    [Fact]
    public void Publish_NoPublishedType_IsWrongPayloadType() =>
        _bench.Refused(
            VerificationFailure.WrongPayloadType, _bench.Sign(_bench.Record()) with { Type = "credential" });

    [Fact]
    public void Seal_Withdrawal_LeavesDerivedLeafAndKeepsVersionFloor()
    {
        var record = _bench.Sign(_bench.Record(version: _bench.Now - 10));
        _bench.Seal(0, record);
        var before = _bench.Read(record);
        var withdrawal = _bench.Sign(Withdrawal());
        _bench.Seal(1, withdrawal);
        var entry = _bench.Engine.Newest!.State.Find(before.Name)!;
        Assert.Equal((1, LeafClass.Withdrawn, "1/n1.shop.svc"), (entry.Rank, entry.LeafClass, entry.LeafName));
        Assert.False(_bench.Engine.Newest.State.Tree.TryGet(before.Key, out _));
        Assert.True(_bench.Engine.Newest.State.Tree.TryGet(entry.Key, out var commitment));
        Assert.True(Document.TryParse<Withdrawn>(entry.Leaf, out var leaf, out _));
        Assert.Equal(commitment, leaf.Digest);
        Assert.Equal(entry.Digest, leaf.Value.Of);
        _bench.Refused(VerificationFailure.RecordRollback, _bench.Sign(_bench.Record(version: _bench.Now - 10)));
        Assert.Contains(
            new SealOutput.Accepted(1),
            _bench.Step(new SealInput.Publish(1, _bench.Sign(_bench.Record(version: _bench.Now + 1, life: 200_001)))));
    }

    private Withdraw Withdrawal() => new()
    {
        Class = (long)LeafClass.Record,
        Expires = _bench.Now + 200_000,
        Issued = _bench.Now,
        Name = "n1.shop.svc",
        Opening = _bench.Opening(),
        Publisher = _bench.World.Publisher.Key.Kid,
        Uid = Hex16.FromBytes(SHA256.HashData("n1.shop.svc"u8).AsSpan(0, 16)),
        Version = _bench.Now,
    };

    private static EngineBench With(ParsedLeaf leaf) =>
        new(o => o with { OperationLeaves = [.. o.OperationLeaves, leaf] });
}
