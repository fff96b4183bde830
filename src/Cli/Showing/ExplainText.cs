using System.Globalization;
using System.Text;
using Fairlead.Naming.Traversal;

namespace Fairlead.Cli.Showing;

/// <summary>An explanation for people.</summary>
internal static class ExplainText
{
    internal static string Write(Explanation explanation, Palette palette)
    {
        var text = new StringBuilder();
        var view = explanation.View;
        text.AppendLine(palette.Strong($"{view.Answer.Name.Text} {view.Outcome}"));
        foreach (var note in view.Notes)
        {
            text.AppendLine(palette.Bad($"!! {note}"));
        }

        foreach (var decision in explanation.Hops)
        {
            Append(text, decision, palette);
        }

        text.AppendLine();
        foreach (var limit in explanation.Limits)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{limit.Kind,-10} {limit.Text}");
        }

        SetText.AppendEach(text, view, palette, member => Write(Explanation.Of(member), palette));
        return text.ToString();
    }

    private static void Append(StringBuilder text, Explanation.Decision decision, Palette palette)
    {
        var (hop, attest) = (decision.Hop, decision.Attest);
        var head = $"{hop.Name} ({attest.Role}) {(attest.Allowed ? "allows" : "denies")}";
        text.AppendLine();
        text.AppendLine(attest.Allowed ? palette.Good(head) : palette.Bad(head));
        text.AppendLine(CultureInfo.InvariantCulture, $"  because  {decision.Why}");
        text.AppendLine(CultureInfo.InvariantCulture, $"  for      {ForWhom(attest)}, about {attest.Scope.Text}");
        if (Caps(attest) is { } caps)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  bounds   {caps}");
        }

        text.AppendLine(
            CultureInfo.InvariantCulture, $"  by       {string.Join(", ", hop.Attests.Select(one => one.Anchor))}, "
            + $"epoch {hop.Epoch.Value.Number}, policy {hop.Epoch.Value.PolicyDigest.ToString()[..16]}");
        if (attest.Rule is { } rule)
        {
            text.AppendLine(palette.Faint($"  rule     {attest.RuleId ?? "not shown"} {rule}"));
        }
    }

    /// <summary>About whom a decision is.</summary>
    internal static string ForWhom(VerifiedAttest attest) =>
        attest.Subject is null ? "the asker's whole segment" : "the asker alone";

    private static string? Caps(VerifiedAttest attest)
    {
        if (attest.Constraints is not { } constraints)
        {
            return null;
        }

        var parts = new List<string>();
        if (constraints.MaxTtl is { } ttl)
        {
            parts.Add($"kept at most {AnswerText.Seconds(ttl)}");
        }

        if (!constraints.Regions.IsDefaultOrEmpty)
        {
            parts.Add($"regions {string.Join(", ", constraints.Regions)}");
        }

        return string.Join("; ", parts);
    }
}
