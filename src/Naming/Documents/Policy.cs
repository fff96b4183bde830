using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// A segment's policy: the numbers and rules that a verifier of its answers applies. Durations in ms; the caps are
/// V11's.
/// </summary>
public sealed record Policy
{
    /// <summary>Life of a target's or home's Attest.</summary>
    public required long AttestTarget { get; init; }

    /// <summary>When a transit's Attest is to be renewed.</summary>
    public required long AttestTransit { get; init; }

    /// <summary>Operations that anchors prepare without an operator.</summary>
    public ImmutableArray<string> Auto { get; init; } = [];

    /// <summary>Clock tolerance.</summary>
    public required long ClockDelta { get; init; }

    /// <summary>How long an answer may outlive a transport failure; 0 = strict.</summary>
    public required long ContinuityMax { get; init; }

    /// <summary>How long an entry lives on after a new epoch that asks for a new proof.</summary>
    public required long Grace { get; init; }

    /// <summary>Longest time between two seals.</summary>
    public required long Heartbeat { get; init; }

    /// <summary>How long an introduction holds (V57).</summary>
    public required long IntroductionMaxAge { get; init; }

    /// <summary>Longest path through this segment.</summary>
    public required long MaxHops { get; init; }

    /// <summary>Longest life of a published leaf.</summary>
    public required long MaxRecordLife { get; init; }

    /// <summary>Longest TTL of an answer.</summary>
    public required long MaxTtl { get; init; }

    /// <summary>TTL of a negative.</summary>
    public required long NegativeTtl { get; init; }

    /// <summary>Assurance tags of other segments that this home refuses.</summary>
    public ImmutableArray<string> Refuse { get; init; } = [];

    /// <summary>1: a foreign segment without a Scope leaf may name no address (V53).</summary>
    public long? RequireScope { get; init; }

    /// <summary>The rules digest; absent where there is no Rule.</summary>
    public Digest? Rules { get; init; }

    /// <summary>Longest validity of a seal.</summary>
    public required long SealValidity { get; init; }

    internal static Policy Read(DocumentReader reader) => new()
    {
        AttestTarget = reader.Integer("attest_target"),
        AttestTransit = reader.Integer("attest_transit"),
        Auto = reader.Texts("auto"),
        ClockDelta = reader.Integer("clock_delta"),
        ContinuityMax = reader.Integer("continuity_max"),
        Grace = reader.Integer("grace"),
        Heartbeat = reader.Integer("heartbeat"),
        IntroductionMaxAge = reader.Integer("introduction_max_age"),
        MaxHops = reader.Integer("max_hops"),
        MaxRecordLife = reader.Integer("max_record_life"),
        MaxTtl = reader.Integer("max_ttl"),
        NegativeTtl = reader.Integer("neg_ttl"),
        Refuse = reader.Texts("refuse"),
        RequireScope = reader.OptionalInteger("require_scope", 1),
        Rules = reader.OptionalDigest("rules"),
        SealValidity = reader.Integer("seal_validity"),
    };

    internal void WriteMembers(CanonicalWriter writer)
    {
        writer.Member("attest_target", AttestTarget);
        writer.Member("attest_transit", AttestTransit);
        writer.Texts("auto", Auto);
        writer.Member("clock_delta", ClockDelta);
        writer.Member("continuity_max", ContinuityMax);
        writer.Member("grace", Grace);
        writer.Member("heartbeat", Heartbeat);
        writer.Member("introduction_max_age", IntroductionMaxAge);
        writer.Member("max_hops", MaxHops);
        writer.Member("max_record_life", MaxRecordLife);
        writer.Member("max_ttl", MaxTtl);
        writer.Member("neg_ttl", NegativeTtl);
        writer.Texts("refuse", Refuse);
        writer.Member("require_scope", RequireScope);
        writer.Member("rules", Rules);
        writer.Member("seal_validity", SealValidity);
    }
}
