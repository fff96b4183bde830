using System.Collections.Immutable;

namespace Fairlead.Naming.Operations;

/// <summary>Merges one change of an epoch's members onto another, member by member; what both changed is a
/// conflict.</summary>
internal sealed class EpochMerge(Epoch old, Epoch wanted, Epoch decided)
{
    /// <summary>The first member that both changed, to different values.</summary>
    internal string? Conflict { get; private set; }

    internal Epoch Epoch() => decided with
    {
        Anchors = Record("anchors", e => new Anchored(e.Anchors), EpochDifference.ChangesAnchors).Anchors,
        Domains = List("domains", e => e.Domains),
        MinVerifier = One("min_verifier", e => e.MinVerifier),
        Peers = Set("peers", e => e.Peers),
        Policy = Policy(),
        Quorum = Record("quorum", e => e.Quorum, EpochDifference.ChangesQuorum),
        Recovery = Record("recovery", e => e.Recovery, EpochDifference.ChangesRecovery),
        Salt = One("salt", e => e.Salt),
        Uplinks = Record("uplinks", e => new Boxed(e.Uplinks), EpochDifference.ChangesUplinks).Uplinks,
    };

    private Policy Policy() => decided.Policy with
    {
        AttestTarget = One("attest_target", e => e.Policy.AttestTarget),
        AttestTransit = One("attest_transit", e => e.Policy.AttestTransit),
        Auto = List("auto", e => e.Policy.Auto),
        ClockDelta = One("clock_delta", e => e.Policy.ClockDelta),
        ContinuityMax = One("continuity_max", e => e.Policy.ContinuityMax),
        Grace = One("grace", e => e.Policy.Grace),
        Heartbeat = One("heartbeat", e => e.Policy.Heartbeat),
        IntroductionMaxAge = One("introduction_max_age", e => e.Policy.IntroductionMaxAge),
        MaxHops = One("max_hops", e => e.Policy.MaxHops),
        MaxRecordLife = One("max_record_life", e => e.Policy.MaxRecordLife),
        MaxTtl = One("max_ttl", e => e.Policy.MaxTtl),
        NegativeTtl = One("neg_ttl", e => e.Policy.NegativeTtl),
        Refuse = List("refuse", e => e.Policy.Refuse),
        RequireScope = One("require_scope", e => e.Policy.RequireScope),
        SealValidity = One("seal_validity", e => e.Policy.SealValidity),
    };

    private T One<T>(string member, Func<Epoch, T> of) =>
        Merge(member, of, static (one, two) => EqualityComparer<T>.Default.Equals(one, two));

    private ImmutableArray<T> List<T>(string member, Func<Epoch, ImmutableArray<T>> of) =>
        Merge(member, of, static (one, two) => one.SequenceEqual(two));

    private T Record<T>(string member, Func<Epoch, T> of, Func<Epoch, Epoch, bool> differ) =>
        !differ(old, wanted) || !differ(wanted, decided) ? of(decided)
        : !differ(old, decided) ? of(wanted)
        : Fail(member, of(decided));

    /// <summary>Members of a set come and go one by one, so that two operations on it need not conflict.</summary>
    private ImmutableArray<Digest> Set(string member, Func<Epoch, ImmutableArray<Digest>> of)
    {
        var added = of(wanted).Except(of(old));
        var removed = of(old).Except(of(wanted)).ToList();
        ImmutableArray<Digest> merged = [.. of(decided).Union(added).Except(removed).Order()];
        return merged.Length > Limits.Peers ? Fail(member, merged) : merged;
    }

    private T Merge<T>(string member, Func<Epoch, T> of, Func<T, T, bool> same) =>
        same(of(old), of(wanted)) || same(of(wanted), of(decided)) ? of(decided)
        : same(of(old), of(decided)) ? of(wanted)
        : Fail(member, of(decided));

    private T Fail<T>(string member, T value)
    {
        Conflict ??= member;
        return value;
    }

    private sealed record Anchored(ImmutableArray<EpochAnchor> Anchors);

    private sealed record Boxed(ImmutableArray<Uplink> Uplinks);
}
