using System.Collections.Immutable;
using System.Globalization;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Cli.Showing;

/// <summary>
/// Why an answer is what it is, as far as the asker may know: at each hop who decided, by which Rule, for whom and with
/// what bounds, and what limits the answer's life and content. Made of verified parts alone. Immutable.
/// </summary>
/// <param name="View">The answer.</param>
/// <param name="Hops">One entry for each hop.</param>
/// <param name="Limits">What limits it, one sentence each: time, hops, assurance, residency.</param>
internal sealed record Explanation(
    AnswerView View, ImmutableArray<Explanation.Decision> Hops, ImmutableArray<Explanation.Limit> Limits)
{
    /// <summary>What one hop's anchors decided.</summary>
    /// <param name="Hop">The hop.</param>
    /// <param name="Attest">One of their equal decisions.</param>
    /// <param name="Why">By what, in a sentence.</param>
    internal sealed record Decision(VerifiedHop Hop, VerifiedAttest Attest, string Why);

    /// <summary>One thing that limits the answer.</summary>
    /// <param name="Kind"><c>ttl</c>, <c>hops</c>, <c>assurance</c> or <c>residency</c>.</param>
    /// <param name="Text">What it does here, and who says so.</param>
    internal sealed record Limit(string Kind, string Text);

    internal static Explanation Of(AnswerView view)
    {
        var answer = view.Answer;
        return new Explanation(
            view,
            [.. answer.Hops.Select(hop => new Decision(hop, hop.Attests[0], Reason(answer, hop)))],
            [Time(view), Length(answer), .. Assurance(answer), .. Residency(answer)]);
    }

    private static string Reason(VerifiedAnswer answer, VerifiedHop hop)
    {
        var attest = hop.Attests[0];
        if (!attest.Allowed)
        {
            return "a rule denies the asker, or none allows it; a denial is made before any look-up, is the same "
                + "whether the name exists or not, and does not say which";
        }

        if (attest.ShownRule is { } rule)
        {
            var names = string.Join(", ", rule.Names.Select(name => name.Text));
            return $"rule {rule.Id} allows {Subjects(rule)} for {names}";
        }

        return attest.Rule is not null
            ? "a rule allows the asker; it speaks of others besides, so that it is not shown"
            : hop.Genesis == answer.Hops[0].Genesis
                ? "no rule speaks of this; a segment's own subjects are allowed"
                : "no rule is named";
    }

    private static string Subjects(Rule rule) => rule.Subjects.IsEmpty
        ? "everybody"
        : string.Join(", ", rule.Subjects.Select(subject =>
            $"{subject.Namespace ?? "*"}/{subject.Account ?? "*"} of "
            + (subject.Segment == "*" ? "any segment" : $"segment {subject.Segment[..16]}")));

    private static Limit Time(AnswerView view)
    {
        var (left, bound) = view.Ttl.At(view.At);
        var of = view.Ttl.Bound.Segment is { } segment ? $" of {segment}" : "";
        return new Limit("ttl", $"{AnswerText.Seconds(left)}: {bound}{of} ends first: {Bounds.Of(bound)}");
    }

    private static Limit Length(VerifiedAnswer answer)
    {
        var strictest = answer.Hops.MinBy(hop => hop.Epoch.Value.Policy.MaxHops)!;
        return new Limit("hops", string.Create(
            CultureInfo.InvariantCulture,
            $"{answer.Hops.Length} of at most {strictest.Epoch.Value.Policy.MaxHops}, "
            + $"by the policy of {strictest.Name}"));
    }

    private static IEnumerable<Limit> Assurance(VerifiedAnswer answer)
    {
        var refused = answer.Hops[0].Epoch.Value.Policy.Refuse;
        yield return new Limit("assurance", refused.IsDefaultOrEmpty
            ? $"{answer.Hops[0].Name} refuses no tag"
            : $"{answer.Hops[0].Name} refuses segments tagged {string.Join(", ", refused)}; none on the path is");
        foreach (var hop in answer.Hops.Where(hop => !hop.Epoch.Value.Quorum.Assurance.IsDefaultOrEmpty))
        {
            yield return new Limit(
                "assurance", $"{hop.Name} is tagged {string.Join(", ", hop.Epoch.Value.Quorum.Assurance)}");
        }
    }

    private static IEnumerable<Limit> Residency(VerifiedAnswer answer)
    {
        foreach (var hop in answer.Hops)
        {
            if (hop.Attests[0].Constraints is { Regions: { IsDefaultOrEmpty: false } regions })
            {
                yield return new Limit(
                    "residency", $"only endpoints in {string.Join(", ", regions)}, by the decision of {hop.Name}");
            }
        }

        if (answer.Record is { } record && record.Slices.Length > answer.Slices.Length)
        {
            yield return new Limit("residency", string.Create(
                CultureInfo.InvariantCulture,
                $"{record.Slices.Length - answer.Slices.Length} of {record.Slices.Length} groups of endpoints lie "
                + $"elsewhere and are left out"));
        }
    }
}
