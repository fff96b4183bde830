using Fairlead.Naming;

namespace Fairlead.Cli.Ceremony;

/// <summary>The policies that a ceremony can choose.</summary>
internal static class Policies
{
    /// <summary>The names that <c>--policy</c> takes.</summary>
    internal static IReadOnlyList<string> Names { get; } = ["default", "demo", "demo-continuity"];

    /// <summary>The default numbers: seals live a minute, answers outlive a transport failure by an hour.</summary>
    internal static Policy Default { get; } = new()
    {
        AttestTarget = 300 * Limits.Second,
        AttestTransit = Limits.Hour,
        ClockDelta = 5 * Limits.Second,
        ContinuityMax = Limits.Hour,
        Grace = 2 * Limits.Second,
        Heartbeat = 20 * Limits.Second,
        IntroductionMaxAge = 24 * Limits.Hour,
        MaxHops = Limits.Hops,
        MaxRecordLife = 24 * Limits.Hour,
        MaxTtl = 300 * Limits.Second,
        NegativeTtl = 10 * Limits.Second,
        SealValidity = 60 * Limits.Second,
    };

    /// <summary>
    /// Short lives, so that a demo shows within a minute what a cluster shows in an hour. Strict: nothing outlives its
    /// TTL.
    /// </summary>
    internal static Policy Demo { get; } = Default with
    {
        ClockDelta = Limits.Second,
        ContinuityMax = 0,
        Heartbeat = 5 * Limits.Second,
        SealValidity = 15 * Limits.Second,
    };

    /// <summary>As <see cref="Demo"/>, and an answer outlives a transport failure by some seconds.</summary>
    internal static Policy DemoContinuity { get; } = Demo with { ContinuityMax = 8 * Limits.Second };

    /// <summary>The policy of a name; null for none of <see cref="Names"/>.</summary>
    internal static Policy? Find(string name) => name switch
    {
        "default" => Default,
        "demo" => Demo,
        "demo-continuity" => DemoContinuity,
        _ => null,
    };
}
