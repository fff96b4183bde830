using System.Collections.Immutable;
using Fairlead.Naming;

namespace Fairlead.TestKit;

/// <summary>Policies of tests: the demo's short times, and the defaults.</summary>
public static class TestPolicies
{
    /// <summary>V = 15 s, heartbeat 5 s, delta 1 s, strict.</summary>
    public static Policy Demo { get; } = new()
    {
        AttestTarget = 300_000,
        AttestTransit = 3_600_000,
        ClockDelta = 1_000,
        ContinuityMax = 0,
        Grace = 2_000,
        Heartbeat = 5_000,
        IntroductionMaxAge = 86_400_000,
        MaxHops = 8,
        MaxRecordLife = 86_400_000,
        MaxTtl = 300_000,
        NegativeTtl = 10_000,
        SealValidity = 15_000,
    };

    internal static Epoch Genesis(
        TestSegmentOptions options,
        int threshold,
        ImmutableArray<EpochAnchor> anchors,
        Digest? manifest,
        IReadOnlyCollection<Digest> rules) => new()
        {
            Anchors = anchors,
            Expires = options.Issued + options.EpochLife,
            Issued = options.Issued,
            Number = 0,
            Op = new EpochOp { Type = OpType.Genesis, Manifest = manifest },
            Policy = Demo with { Rules = rules.Count == 0 ? null : Hashes.Rules(rules) },
            Quorum = new Quorum
            {
                Assurance = Assurance.Of(anchors, options.Faults, threshold, threshold),
                Attest = options.Attest,
                F = options.Faults,
                TGov = threshold,
                TSeal = threshold,
            },
            Salt = TestSegment.Bytes16($"salt {options.Name}"),
        };
}
