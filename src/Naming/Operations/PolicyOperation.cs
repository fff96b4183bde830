using System.Collections.Immutable;

namespace Fairlead.Naming.Operations;

/// <summary>
/// What an operator asks of op policy. A null part is unchanged; <c>Made</c> and <c>Opening</c> of leaves are set when
/// the candidate is built. Immutable.
/// </summary>
public sealed record PolicyRequest
{
    /// <summary>The whole policy; its <c>rules</c> digest is computed.</summary>
    public Policy? Policy { get; init; }

    /// <summary>Rules to write, by id.</summary>
    public ImmutableArray<Rule> Rules { get; init; } = [];

    /// <summary>Ids of Rules to remove.</summary>
    public ImmutableArray<string> RemoveRules { get; init; } = [];

    /// <summary>All Scopes that the segment shall have; one that it has and that is not named goes.</summary>
    public ImmutableArray<Scope>? Scopes { get; init; }

    /// <summary>The segment's trust domains.</summary>
    public ImmutableArray<string>? Domains { get; init; }
}

/// <summary>Builds op policy (4.4). Pure, thread-safe.</summary>
public static class PolicyOperation
{
    /// <summary>The candidate that follows the ground.</summary>
    /// <param name="ground">The newest epoch.</param>
    /// <param name="request">What to change.</param>
    /// <param name="now">Unix ms.</param>
    /// <param name="openings">16 fresh random bytes at each call.</param>
    /// <param name="refusal">OpMismatch where nothing changes, a Rule to remove is not there, or a trust domain is in
    /// two Scopes.</param>
    public static EpochProposal? Build(
        EpochGround ground, PolicyRequest request, long now, Func<Hex16> openings, out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(ground);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(openings);
        var draft = new CandidateDraft(ground, now, openings);
        foreach (var id in request.RemoveRules)
        {
            if (!draft.Remove(LeafClass.Rule, id))
            {
                refusal = new Refusal(VerificationFailure.OpMismatch, "remove_rules", $"there is no rule {id}");
                return null;
            }
        }

        foreach (var rule in request.Rules)
        {
            draft.Put(Ordered(rule));
        }

        if (request.Scopes is { } scopes)
        {
            if (DomainOfTwo(scopes) is { } domain)
            {
                refusal = new Refusal(
                    VerificationFailure.OpMismatch,
                    "scopes",
                    $"trust domain {domain} is in the Scopes of two segments: its identities would be whichever's; "
                    + "name it in one");
                return null;
            }

            foreach (var scope in draft.Held<Scope>().Where(held => scopes.All(s
                => s.Segment != held.Segment)).ToList())
            {
                draft.Remove(LeafClass.Scope, scope.LeafName);
            }

            foreach (var scope in scopes)
            {
                draft.Put(Ordered(scope));
            }
        }

        return draft.Build(
            OpType.Policy,
            epoch => epoch with
            {
                Policy = Ordered(request.Policy ?? epoch.Policy) with { Rules = epoch.Policy.Rules },
                Domains = request.Domains is { } domains ? [.. domains.Order(CanonicalTexts.OfTexts)] : epoch.Domains,
            },
            mayBeEmpty: false,
            out refusal);
    }

    private static string? DomainOfTwo(ImmutableArray<Scope> scopes) => scopes
        .SelectMany(scope => scope.Domains.Distinct(StringComparer.Ordinal))
        .GroupBy(domain => domain, StringComparer.Ordinal)
        .FirstOrDefault(group => group.Skip(1).Any())?.Key;

    // Whoever asks need not know the order of the canonical form.
    private static Rule Ordered(Rule rule)
    {
        var subjects = rule.Subjects.ToList();
        subjects.Sort(RuleSubject.Compare);
        return rule with
        {
            Constraints = rule.Constraints is { } constraints
                ? constraints with { Regions = [.. constraints.Regions.Order(CanonicalTexts.OfTexts)] }
                : null,
            Names = [.. rule.Names.OrderBy(name => name.Text, CanonicalTexts.OfTexts)],
            Subjects = [.. subjects],
        };
    }

    private static Policy Ordered(Policy policy) => policy with
    {
        Auto = [.. policy.Auto.Order(CanonicalTexts.OfTexts)],
        Refuse = [.. policy.Refuse.Order(CanonicalTexts.OfTexts)],
    };

    private static Scope Ordered(Scope scope) => scope with
    {
        Cidrs = [.. scope.Cidrs.Order(CanonicalTexts.OfTexts)],
        Domains = [.. scope.Domains.Order(CanonicalTexts.OfTexts)],
        Networks = [.. scope.Networks.Order(CanonicalTexts.OfTexts)],
    };
}
