using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// What a segment's Rules say of one asker and one name (4.1 Rules), before anything is looked up: a matching deny
/// denies; else matching allows allow, within the bounds of all of them, and the one with the smallest max_ttl, then
/// the lowest digest, is the deciding one; else subjects of the own segment are allowed and everybody else is denied.
/// Immutable, thread-safe.
/// </summary>
public sealed record RuleDecision
{
    private static readonly RuleDecision Unmatched = new() { Denial = new DenialReason(DenialCause.NoAllow) };

    private RuleDecision()
    {
    }

    /// <summary>Whether the asker may.</summary>
    public bool IsAllowed { get; private init; }

    /// <summary>The deciding Rule; null where no Rule decided, and in a denial, which names none.</summary>
    public Parsed<Rule>? Rule { get; private init; }

    /// <summary>Why it is a denial, which only the segment's own operators may see; null where the asker may.</summary>
    public DenialReason? Denial { get; private init; }

    /// <summary>Whether the deciding Rule is shown to the asker: all of its subjects match.</summary>
    public bool MayShow { get; private init; }

    /// <summary>The bounds of all matching Rules together; null for none.</summary>
    public Constraints? Constraints { get; private init; }

    /// <summary>Decides as the target does: subject and service part, a host as its service.</summary>
    /// <param name="rules">The Rules of the segment's newest epoch.</param>
    /// <param name="own">The segment's genesis digest.</param>
    /// <param name="home">The asker's segment.</param>
    /// <param name="subject">The asker within it; null for the segment as a whole.</param>
    /// <param name="name">The name.</param>
    public static RuleDecision ForService(
        ImmutableArray<Parsed<Rule>> rules, Digest own, Digest home, Subject? subject, ServicePart name) =>
        Decide(rules, own, home, subject, pattern => pattern.Matches(name));

    /// <summary>Decides as the home does of going out, and a transit of leading through: by the target segment's
    /// name.</summary>
    /// <param name="rules">The Rules of the segment's newest epoch.</param>
    /// <param name="own">The segment's genesis digest.</param>
    /// <param name="home">The asker's segment.</param>
    /// <param name="subject">The asker within it; null for the segment as a whole.</param>
    /// <param name="name">The target segment's name.</param>
    public static RuleDecision ForSegment(
        ImmutableArray<Parsed<Rule>> rules, Digest own, Digest home, Subject? subject, SegmentName name) =>
        Decide(rules, own, home, subject, pattern => pattern.Matches(name));

    /// <summary>Whether slices of a region may be seen under these bounds; a slice without a region only where all
    /// may.</summary>
    public static bool Admits(Constraints? constraints, string? region) =>
        constraints is null || constraints.Regions.IsDefaultOrEmpty
        || (region is not null && constraints.Regions.Any(pattern => Covers(pattern, region)));

    /// <summary>Whether a Rule's subject speaks of an asker.</summary>
    public static bool Matches(RuleSubject pattern, Digest home, Subject? subject)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return (pattern.Segment == RuleSubject.Any || pattern.Segment == home.ToString())
            && (pattern.Namespace is null || pattern.Namespace == subject?.Namespace)
            && (pattern.Account is null || pattern.Account == subject?.Account);
    }

    private static RuleDecision Decide(
        ImmutableArray<Parsed<Rule>> rules, Digest own, Digest home, Subject? subject, Func<NamePattern, bool> covers)
    {
        var matching = rules.Where(rule => rule.Value.Names.Any(covers) && IsFor(rule.Value, home, subject)).ToList();
        var denying = matching.Where(rule => rule.Value.Effect == RuleEffect.Deny).MinBy(rule => rule.Digest);
        if (denying is not null)
        {
            return DeniedBy(DenialCause.Deny, denying);
        }

        if (matching.Count == 0)
        {
            return home == own ? new RuleDecision { IsAllowed = true } : Unmatched;
        }

        var deciding = matching.MinBy(rule => (rule.Value.Constraints?.MaxTtl ?? long.MaxValue, rule.Digest))!;
        return Together(matching, out var constraints)
            ? new RuleDecision
            {
                IsAllowed = true,
                Rule = deciding,
                MayShow = deciding.Value.Subjects.All(pattern => Matches(pattern, home, subject)),
                Constraints = constraints,
            }
            : DeniedBy(DenialCause.NoRegion, deciding);

        RuleDecision DeniedBy(DenialCause cause, Parsed<Rule> rule) => new()
        {
            Denial = new DenialReason(
                cause,
                rule,
                rule.Value.Subjects.FirstOrDefault(pattern => Matches(pattern, home, subject)),
                rule.Value.Names.First(covers)),
        };
    }

    private static bool IsFor(Rule rule, Digest home, Subject? subject) =>
        rule.Subjects.IsEmpty || rule.Subjects.Any(pattern => Matches(pattern, home, subject));

    // False where two Rules leave no region that both admit: then nothing is left that could be shown.
    private static bool Together(List<Parsed<Rule>> rules, out Constraints? constraints)
    {
        long? maxTtl = null;
        ImmutableArray<string>? regions = null;
        foreach (var one in rules.Select(rule => rule.Value.Constraints).OfType<Constraints>())
        {
            maxTtl = one.MaxTtl is { } ttl ? Math.Min(ttl, maxTtl ?? long.MaxValue) : maxTtl;
            if (!one.Regions.IsEmpty)
            {
                regions = regions is { } so ? Intersect(so, one.Regions) : one.Regions;
            }
        }

        constraints = maxTtl is null && regions is null
            ? null
            : new Constraints { MaxTtl = maxTtl, Regions = regions ?? [] };
        return regions is not { IsEmpty: true };
    }

    private static ImmutableArray<string> Intersect(ImmutableArray<string> left, ImmutableArray<string> right) =>
    [
        .. left.SelectMany(a => right.Select(b => Narrower(a, b))).OfType<string>().Distinct(StringComparer.Ordinal)
            .Order(Comparer<string>.Create(CanonicalOrder.Compare)),
    ];

    // Two patterns meet in the longer one, where it lies within the other.
    private static string? Narrower(string a, string b) =>
        ConstraintRules.Lies(a, b) ? a : ConstraintRules.Lies(b, a) ? b : null;

    private static bool Covers(string pattern, string region) =>
        pattern.EndsWith('*') ? region.StartsWith(pattern[..^1], StringComparison.Ordinal) : region == pattern;
}
