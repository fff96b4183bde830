using System.Collections.Immutable;
using Fairlead.Configuration;
using Fairlead.Naming;
using Fairlead.Naming.Names;
using Fairlead.Naming.Operations;

namespace Fairlead.Cli.Operating;

/// <summary>
/// The file of <c>propose policy</c>: {policy, rules, remove_rules, scopes, domains} with the member names of the
/// documents, durations in milliseconds. What is absent stays as it is: a section, and a member of <c>policy</c>. Lists
/// may be in any order and name nothing twice.
/// </summary>
internal static class PolicyFile
{
    private const string ExpectsText = "a text of printable ASCII without quotes and backslashes";
    private const string ExpectsDomain = "a trust domain: lower-case letters, digits, dots, dashes, underscores";
    private const string ExpectsNetwork = "a network as address/prefix, no bit set behind the prefix";

    /// <summary>Reads a file against the policy in force.</summary>
    /// <exception cref="CliException">It is missing or malformed; the message holds all that is wrong.</exception>
    internal static PolicyRequest Read(string path, Policy held)
    {
        try
        {
            var file = ConfigurationFile.Load(path, ImmutableDictionary<string, string>.Empty);
            var root = file.Root;
            var removed = Texts(root, "remove_rules");
            var request = new PolicyRequest
            {
                Policy = root.Has("policy") ? PolicyOf(root.Section("policy"), held) : null,
                Rules = root.Has("rules") ? RulesOf(root, removed) : [],
                RemoveRules = [.. removed],
                Scopes = root.Has("scopes") ? ScopesOf(root) : null,
                Domains = root.Has("domains") ? [.. Domains(root)] : null,
            };
            file.ThrowIfInvalid();
            return request;
        }
        catch (ConfigurationException e)
        {
            throw new CliException(ExitCode.Usage, e.Message);
        }
    }

    /// <summary>Reads the file of <c>propose peer --scope</c>: {cidrs, domains, networks} of one segment.</summary>
    /// <exception cref="CliException">It is missing or malformed; the message holds all that is wrong.</exception>
    internal static Scope ReadScope(string path, Digest segment)
    {
        try
        {
            var file = ConfigurationFile.Load(path, ImmutableDictionary<string, string>.Empty);
            var scope = ScopeOf(file.Root, segment);
            file.ThrowIfInvalid();
            return scope;
        }
        catch (ConfigurationException e)
        {
            throw new CliException(ExitCode.Usage, e.Message);
        }
    }

    private static Policy PolicyOf(ConfigurationSection policy, Policy held) => held with
    {
        AttestTarget = Number(policy, "attest_target", held.AttestTarget),
        AttestTransit = Number(policy, "attest_transit", held.AttestTransit),
        Auto = policy.Has("auto") ? [.. Names(policy, "auto", OpType.Automatic, held.Auto)] : held.Auto,
        ClockDelta = Number(policy, "clock_delta", held.ClockDelta),
        ContinuityMax = Number(policy, "continuity_max", held.ContinuityMax),
        Grace = Number(policy, "grace", held.Grace),
        Heartbeat = Number(policy, "heartbeat", held.Heartbeat),
        IntroductionMaxAge = Number(policy, "introduction_max_age", held.IntroductionMaxAge),
        MaxHops = Number(policy, "max_hops", held.MaxHops),
        MaxRecordLife = Number(policy, "max_record_life", held.MaxRecordLife),
        MaxTtl = Number(policy, "max_ttl", held.MaxTtl),
        NegativeTtl = Number(policy, "neg_ttl", held.NegativeTtl),
        Refuse = policy.Has("refuse")
            ? [.. Names(policy, "refuse", AssuranceTags.All, held.Refuse)]
            : held.Refuse,
        RequireScope = policy.Integer("require_scope", 0, 1, held.RequireScope ?? 0) == 1 ? 1 : null,
        SealValidity = Number(policy, "seal_validity", held.SealValidity),
    };

    private static ImmutableArray<Rule> RulesOf(ConfigurationSection root, IEnumerable<string> removed)
    {
        var ids = removed.ToHashSet(StringComparer.Ordinal);
        var rules = ImmutableArray.CreateBuilder<Rule>();
        foreach (var section in root.Sections("rules", Limits.ListItems))
        {
            var rule = RuleOf(section);
            if (!ids.Add(rule.Id) && rule.Id.Length > 0)
            {
                section.Refuse(
                    "id", $"`{rule.Id}` stands twice, in rules or remove_rules", "write each rule once");
            }

            rules.Add(rule);
        }

        return rules.ToImmutable();
    }

    private static ImmutableArray<Scope> ScopesOf(ConfigurationSection root)
    {
        var segments = new HashSet<Digest>();
        var scopes = ImmutableArray.CreateBuilder<Scope>();
        foreach (var section in root.Sections("scopes", Limits.ListItems))
        {
            if (ScopeOf(section) is { } scope)
            {
                if (!segments.Add(scope.Segment))
                {
                    section.Refuse("segment", $"`{scope.Segment}` stands twice", "write one scope for each segment");
                }

                scopes.Add(scope);
            }
        }

        return scopes.ToImmutable();
    }

    private static Rule RuleOf(ConfigurationSection rule)
    {
        var constraints = rule.Section("constraints", isRequired: false);
        return new Rule
        {
            Constraints = constraints.IsPresent
                ? new Constraints
                {
                    MaxTtl = constraints.Has("max_ttl") ? Number(constraints, "max_ttl", 0) : null,
                    Regions = [.. Texts(constraints, "regions")],
                }
                : null,
            Effect = Effect(rule),
            Id = rule.Value<string>("id", ExpectsText, IsText) ?? "",
            Made = 0,
            Names =
            [
                .. Once(
                    rule, "names",
                    rule.Values<NamePattern>("names", "a name or *.suffix", Pattern, 1, Limits.ListItems)),
            ],
            Opening = default,
            Subjects = rule.Has("subjects")
                ? [.. Once(rule, "subjects", [.. rule.Sections("subjects", Limits.ListItems).Select(SubjectOf)])]
                : [],
        };
    }

    private static RuleSubject SubjectOf(ConfigurationSection subject) => new()
    {
        Account = subject.Value<string>("account", ExpectsText, IsText, null, hasFallback: true),
        Namespace = subject.Value<string>("namespace", ExpectsText, IsText, null, hasFallback: true),
        Segment = subject.Value<string>(
            "segment", "the genesis of a segment, 64 lower-hex digits, or * for any", IsSegment) ?? "",
    };

    private static Scope? ScopeOf(ConfigurationSection scope)
    {
        var text = scope.Text("segment");
        var isDigest = Digest.TryParse(text, out var segment);
        var read = ScopeOf(scope, segment);
        if (!isDigest)
        {
            scope.Refuse("segment", $"`{text}` is no digest", "give the genesis of the segment: 64 lower-hex digits");
        }

        return isDigest ? read : null;
    }

    private static Scope ScopeOf(ConfigurationSection scope, Digest segment) => new()
    {
        Cidrs =
        [
            .. Once(
                scope, "cidrs",
                scope.Values<string>("cidrs", ExpectsNetwork, IsNetwork, 0, Limits.ListItems)),
        ],
        Domains = [.. Domains(scope)],
        Made = 0,
        Networks = [.. Texts(scope, "networks")],
        Opening = default,
        Segment = segment,
    };

    private static string Effect(ConfigurationSection rule)
    {
        var effect = rule.Text("effect");
        if (effect is not (RuleEffect.Allow or RuleEffect.Deny))
        {
            rule.Refuse("effect", $"`{effect}` is no effect", "write allow or deny");
        }

        return effect;
    }

    private static bool Pattern(string text, out NamePattern pattern)
    {
        var isFine = NamePattern.TryParse(text, out var parsed, out _);
        pattern = parsed!;
        return isFine;
    }

    // As a document has them.
    private static bool IsText(string text, out string value)
    {
        value = text;
        return CanonicalWriter.IsText(text);
    }

    private static bool IsNetwork(string text, out string value)
    {
        value = text;
        return IpNetworks.TryParse(text, out _, out _);
    }

    private static bool IsSegment(string text, out string value)
    {
        value = text;
        return RuleSubject.IsSegment(text);
    }

    private static bool IsDomain(string text, out string value)
    {
        value = text;
        return SpiffeId.IsTrustDomain(text);
    }

    private static IReadOnlyList<string> Domains(ConfigurationSection section) => Once(
        section, "domains", section.Values<string>("domains", ExpectsDomain, IsDomain, 0, Limits.ListItems));

    private static IReadOnlyList<string> Texts(ConfigurationSection section, string key) =>
        Once(section, key, section.Values<string>(key, ExpectsText, IsText, 0, Limits.ListItems));

    // Those there are, and what the policy in force names already: it must not stop every other change.
    private static IReadOnlyList<string> Names(
        ConfigurationSection section, string key, IReadOnlyList<string> known, IEnumerable<string> held)
    {
        var names = Texts(section, key);
        foreach (var name in names.Except(held).Except(known))
        {
            section.Refuse(key, $"`{name}` is unknown", $"write some of {string.Join(", ", known)}");
        }

        return names;
    }

    private static IReadOnlyList<T> Once<T>(ConfigurationSection section, string key, IReadOnlyList<T> values)
    {
        if (values.Distinct().Count() != values.Count)
        {
            section.Refuse(key, "names something twice", "write each entry once");
        }

        return values;
    }

    private static long Number(ConfigurationSection section, string key, long held) =>
        section.Integer(key, 0, Limits.IntegerMax, held);
}
