using System.Net;
using Fairlead.Naming;

namespace Fairlead.Simulator;

/// <summary>The documents that a ceremony leaves behind: epoch 1, the handover before it, and a Credential.</summary>
internal sealed record WorldDocuments(
    Digest Genesis, Parsed<Epoch> Epoch, Parsed<Handover> Handover, IReadOnlyList<ParsedLeaf> Leaves)
{
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
        var credential = Document.Make(new Credential
        {
            Expires = Begin + Day,
            Key = key("publisher").Key,
            Made = 0,
            MaxTtl = 300_000,
            Names = [NamePattern.Parse("*.svc")],
            Opening = Hex16.FromBytes(new byte[16]),
            Types = [PublishedType.Record],
        });
        var epoch = Document.Make(new Epoch
        {
            Anchors = [.. ids.Select((id, i) => Member(id, i, key))],
            Expires = Begin + Day,
            Issued = Begin,
            Number = 1,
            Op = new EpochOp { Type = OpType.Peer },
            Policy = Policy(),
            Prev = genesis,
            Quorum = new Quorum
            {
                Attest = 1, F = options.Faults, TGov = options.Threshold, TSeal = options.Threshold,
            },
            Salt = Hex16.FromBytes(new byte[16]),
            Segment = genesis,
        });
        var handover = Document.Make(new Handover
        {
            Count = 1, Epoch = 0, Issued = Begin, Next = epoch.Digest, Root = genesis, Segment = genesis, Seq = 0,
        });
        return new WorldDocuments(
            genesis, epoch, handover, [ParsedLeaf.Of(credential)]);
    }

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
