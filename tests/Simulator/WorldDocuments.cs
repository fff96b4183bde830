using System.Collections.Immutable;
using System.Net;
using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Simulator;

/// <summary>The documents that a ceremony leaves behind: epoch 1, the handover before it, and a Credential.</summary>
internal sealed record WorldDocuments(
    Digest Genesis, EpochGround Ground, Parsed<Handover> Handover, Envelope Certificate)
{
    internal Parsed<Epoch> Epoch => Ground.Epoch;

    internal IReadOnlyList<ParsedLeaf> Leaves => [.. Ground.Leaves.Leaves.Values];

    internal const long Validity = 15_000;
    internal const long Heartbeat = 5_000;
    internal const long Delta = 1_000;
    internal const long RecordLife = 20_000;

    private const long Day = 86_400_000;
    private const long Begin = VirtualTime.Start - 10_000;

    internal static WorldDocuments Make(
        SimulationOptions options, IReadOnlyList<string> ids, Func<string, EcdsaSigner> key)
    {
        var genesis = Digest.Sha256("a simulated segment"u8);
        var first = Document.Make(Credential(key("publisher").Key));
        var second = Document.Make(Credential(key("second publisher").Key));
        var manifest = Document.Make(new Manifest
        {
            Changes =
            [
                .. new[] { first, second }.Select(c => new ManifestChange
                {
                    Class = (long)LeafClass.Credential, Digest = c.Digest, Name = c.Value.LeafName,
                }).OrderBy(c => c.Name, StringComparer.Ordinal),
            ],
        });
        ImmutableArray<EpochAnchor> anchors = [.. ids.Select((id, i) => Member(id, i, key))];
        var epoch = Document.Make(new Epoch
        {
            Anchors = anchors,
            Expires = Begin + Day,
            Issued = Begin,
            Number = 1,
            Op = new EpochOp { Type = OpType.Peer },
            Policy = Policy(),
            Prev = genesis,
            Quorum = new Quorum
            {
                Assurance = Assurance.Of(anchors, options.Faults, options.Threshold, options.Threshold),
                Attest = 1,
                F = options.Faults,
                TGov = options.Threshold,
                TSeal = options.Threshold,
            },
            Salt = Hex16.FromBytes(new byte[16]),
            Segment = genesis,
        });
        var handover = Document.Make(new Handover
        {
            Count = 2, Epoch = 0, Issued = Begin, Next = epoch.Digest, Root = genesis, Segment = genesis, Seq = 0,
        });
        var genesisEpoch = Document.Make(epoch.Value with
        {
            Number = 0,
            Op = new EpochOp { Type = OpType.Genesis, Manifest = manifest.Digest },
            Prev = null,
            Segment = null,
        });
        var leaves = OperationLeaves.None.Apply(
            genesisEpoch,
            manifest.Payload,
            [(LeafClass.Credential, first.Payload), (LeafClass.Credential, second.Payload)],
            out var refusal)
            ?? throw new InvalidOperationException(refusal!.ToString());
        return new WorldDocuments(
            genesis,
            new EpochGround(genesis, epoch, leaves, [SegmentName.Parse("us1.acme.internal")]),
            handover,
            Envelope.Sign(handover, ids.Take(options.Threshold).Select(id => key($"seal {id}"))));
    }

    internal static Credential Credential(PublicKey key) => new()
    {
        Expires = Begin + Day,
        Key = key,
        Made = 0,
        MaxTtl = 300_000,
        Names = [NamePattern.Parse("*.svc")],
        Opening = Hex16.FromBytes(new byte[16]),
        Types = [PublishedType.Record],
    };

    private static EpochAnchor Member(string id, int index, Func<string, EcdsaSigner> key) => new()
    {
        Admin = $"admin-{id}",
        Endpoints = [IpEndpoint.Of(IPAddress.Loopback, 16443 + index)],
        Gov = key($"gov {id}").Key,
        Host = $"host-{id}",
        Id = id,
        Seal = key($"seal {id}").Key,
        Tls = key($"tls {id}").Key,
        Weight = 1,
    };

    private static Policy Policy() => new()
    {
        AttestTarget = 300_000,
        AttestTransit = 3_600_000,
        ClockDelta = Delta,
        ContinuityMax = 0,
        Grace = 2_000,
        Heartbeat = Heartbeat,
        IntroductionMaxAge = Day,
        MaxHops = 8,
        MaxRecordLife = Day,
        MaxTtl = 300_000,
        NegativeTtl = 10_000,
        SealValidity = Validity,
    };
}
