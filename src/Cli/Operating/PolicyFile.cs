using System.Collections.Immutable;
using Fairlead.Configuration;
using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Cli.Operating;

/// <summary>
/// The file of <c>propose policy</c>: {policy, rules, remove_rules, scopes, domains} with the member names of the
/// documents, durations in milliseconds. What is absent stays as it is: a section, and a member of <c>policy</c>.
/// </summary>
internal static class PolicyFile
{
    /// <summary>Reads a file against the policy in force.</summary>
    /// <exception cref="CliException">It is missing or malformed; the message holds all that is wrong.</exception>
    internal static PolicyRequest Read(string path, Policy held)
    {
        try
        {
            var file = ConfigurationFile.Load(path, ImmutableDictionary<string, string>.Empty);
            var root = file.Root;
            var request = new PolicyRequest
            {
                Policy = root.Has("policy") ? PolicyOf(root.Section("policy"), held) : null,
                Rules = root.Has("rules") ? [.. root.Sections("rules", Limits.ListItems).Select(RuleOf)] : [],
                RemoveRules = [.. Texts(root, "remove_rules")],
                Scopes = root.Has("scopes")
                    ? [.. root.Sections("scopes", Limits.ListItems).Select(ScopeOf).OfType<Scope>()]
                    : null,
                Domains = root.Has("domains") ? [.. Texts(root, "domains")] : null,
            };
            file.ThrowIfInvalid();
            return request;
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
        Auto = policy.Has("auto") ? [.. Texts(policy, "auto")] : held.Auto,
        ClockDelta = Number(policy, "clock_delta", held.ClockDelta),
        ContinuityMax = Number(policy, "continuity_max", held.ContinuityMax),
        Grace = Number(policy, "grace", held.Grace),
        Heartbeat = Number(policy, "heartbeat", held.Heartbeat),
        IntroductionMaxAge = Number(policy, "introduction_max_age", held.IntroductionMaxAge),
        MaxHops = Number(policy, "max_hops", held.MaxHops),
        MaxRecordLife = Number(policy, "max_record_life", held.MaxRecordLife),
        MaxTtl = Number(policy, "max_ttl", held.MaxTtl),
        NegativeTtl = Number(policy, "neg_ttl", held.NegativeTtl),
        Refuse = policy.Has("refuse") ? [.. Texts(policy, "refuse")] : held.Refuse,
        RequireScope = policy.Integer("require_scope", 0, 1, held.RequireScope ?? 0) == 1 ? 1 : null,
        SealValidity = Number(policy, "seal_validity", held.SealValidity),
    };

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
            Id = rule.Text("id"),
            Made = 0,
            Names = [.. rule.Values<NamePattern>("names", "a name or *.suffix", Pattern, 1, Limits.ListItems)],
            Opening = default,
            Subjects = rule.Has("subjects")
                ? [.. rule.Sections("subjects", Limits.ListItems).Select(SubjectOf)]
                : [],
        };
    }

    private static RuleSubject SubjectOf(ConfigurationSection subject) => new()
    {
        Account = subject.OptionalText("account"),
        Namespace = subject.OptionalText("namespace"),
        Segment = subject.Text("segment"),
    };

    private static Scope? ScopeOf(ConfigurationSection scope)
    {
        var text = scope.Text("segment");
        var (cidrs, domains, networks) = (Texts(scope, "cidrs"), Texts(scope, "domains"), Texts(scope, "networks"));
        if (!Digest.TryParse(text, out var segment))
        {
            scope.Refuse("segment", $"`{text}` is no digest", "give the genesis of the segment: 64 lower-hex digits");
            return null;
        }

        return new Scope
        {
            Cidrs = [.. cidrs],
            Domains = [.. domains],
            Made = 0,
            Networks = [.. networks],
            Opening = default,
            Segment = segment,
        };
    }

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

    private static IEnumerable<string> Texts(ConfigurationSection section, string key) =>
        section.Texts(key, 0, Limits.ListItems);

    private static long Number(ConfigurationSection section, string key, long held) =>
        section.Integer(key, 0, Limits.IntegerMax, held);
}
