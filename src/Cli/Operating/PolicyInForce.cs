using System.Globalization;
using Fairlead.Configuration.Yaml;
using Fairlead.Naming;

namespace Fairlead.Cli.Operating;

/// <summary>Writes the policy in force as the file of <c>propose policy</c>: proposed as it is, it changes nothing.
/// </summary>
internal static class PolicyInForce
{
    /// <exception cref="CliException">5 for what is no epoch, 6 without an anchor.</exception>
    internal static async Task RunAsync(string socket, TextWriter output, CancellationToken cancellationToken)
    {
        var session = new OperatorSession(socket);
        await using (session.ConfigureAwait(false))
        {
            var ground = await session.GroundAsync(cancellationToken).ConfigureAwait(false);
            var leaves = ground.Leaves.Leaves.Values.Select(leaf => leaf.Document).ToList();
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"# {ground.Names[0]}, epoch {ground.Epoch.Value.Number}"));
            output.Write(Write(ground.Epoch.Value, [.. leaves.OfType<Rule>()], [.. leaves.OfType<Scope>()]));
        }
    }

    /// <summary>The file.</summary>
    internal static string Write(Epoch epoch, IReadOnlyList<Rule> rules, IReadOnlyList<Scope> scopes) =>
        YamlWriter.Write(YamlMapping.Of(
            ("policy", Policy(epoch.Policy)),
            ("rules", new YamlSequence([.. rules.Select(Rule)])),
            ("scopes", new YamlSequence([.. scopes.Select(Scope)])),
            ("domains", Texts(epoch.Domains))));

    private static YamlMapping Policy(Policy policy) => YamlMapping.Of(
        ("attest_target", Number(policy.AttestTarget)),
        ("attest_transit", Number(policy.AttestTransit)),
        ("auto", Texts(policy.Auto)),
        ("clock_delta", Number(policy.ClockDelta)),
        ("continuity_max", Number(policy.ContinuityMax)),
        ("grace", Number(policy.Grace)),
        ("heartbeat", Number(policy.Heartbeat)),
        ("introduction_max_age", Number(policy.IntroductionMaxAge)),
        ("max_hops", Number(policy.MaxHops)),
        ("max_record_life", Number(policy.MaxRecordLife)),
        ("max_ttl", Number(policy.MaxTtl)),
        ("neg_ttl", Number(policy.NegativeTtl)),
        ("refuse", Texts(policy.Refuse)),
        ("require_scope", Number(policy.RequireScope ?? 0)),
        ("seal_validity", Number(policy.SealValidity)));

    private static YamlMapping Rule(Rule rule)
    {
        var members = new List<(string, YamlNode)>
        {
            ("id", Text(rule.Id)),
            ("effect", Text(rule.Effect)),
            ("names", Texts(rule.Names.Select(name => name.Text))),
        };
        if (rule.Subjects.Length > 0)
        {
            members.Add(("subjects", new YamlSequence([.. rule.Subjects.Select(Subject)])));
        }

        if (rule.Constraints is { } constraints)
        {
            members.Add(("constraints", YamlMapping.Of(
            [
                .. constraints.MaxTtl is { } ttl ? new[] { ("max_ttl", (YamlNode)Number(ttl)) } : [],
                ("regions", Texts(constraints.Regions)),
            ])));
        }

        return YamlMapping.Of([.. members]);
    }

    private static YamlMapping Subject(RuleSubject subject) => YamlMapping.Of(
    [
        ("segment", Text(subject.Segment)),
        .. subject.Namespace is { } space ? new[] { ("namespace", (YamlNode)Text(space)) } : [],
        .. subject.Account is { } account ? new[] { ("account", (YamlNode)Text(account)) } : [],
    ]);

    private static YamlMapping Scope(Scope scope) => YamlMapping.Of(
        ("segment", Text(scope.Segment.ToString())),
        ("cidrs", Texts(scope.Cidrs)),
        ("networks", Texts(scope.Networks)),
        ("domains", Texts(scope.Domains)));

    private static YamlSequence Texts(IEnumerable<string> texts) => new([.. texts.Select(Text)]);

    private static YamlScalar Text(string text) => new(text, isPlain: false);

    private static YamlScalar Number(long number) =>
        new(number.ToString(CultureInfo.InvariantCulture), isPlain: true);
}
