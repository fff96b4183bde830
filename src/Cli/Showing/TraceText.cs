using System.Globalization;
using System.Text;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Cli.Showing;

/// <summary>An answer with every hop's evidence: what was checked, who signed, and what bounds the time.</summary>
internal static class TraceText
{
    internal static string Write(AnswerView view, Palette palette)
    {
        var text = new StringBuilder();
        text.AppendLine(palette.Strong($"{view.Answer.Name.Text} {view.Outcome}"));
        foreach (var note in view.Notes)
        {
            text.AppendLine(palette.Bad($"!! {note}"));
        }

        foreach (var refusal in view.Refusals)
        {
            text.AppendLine(palette.Bad($"refused {refusal.Anchor}: {refusal.Failure} ({refusal.Detail})"));
        }

        for (var i = 0; i < view.Answer.Hops.Length; i++)
        {
            AppendHop(text, i, view.Answer.Hops[i], view, palette);
        }

        AppendContent(text, view, palette);
        AppendTtl(text, view, palette);
        SetText.AppendEach(text, view, palette, member => Write(member, palette));
        return text.ToString();
    }

    private static void AppendHop(StringBuilder text, int index, VerifiedHop hop, AnswerView view, Palette palette)
    {
        var epoch = hop.Epoch.Value;
        var worth = epoch.Quorum.Assurance.IsEmpty ? "" : $", assurance {string.Join(' ', epoch.Quorum.Assurance)}";
        var quorum = string.Create(
            CultureInfo.InvariantCulture,
            $"{epoch.Quorum.TSeal} of {epoch.Anchors.Length} seal, {epoch.Quorum.F} may lie");
        text.AppendLine();
        var introduces = hop.Introduces ? ", introduces" : "";
        text.AppendLine(palette.Strong(string.Create(
            CultureInfo.InvariantCulture, $"hop {index} {AnswerText.KindOf(hop.Kind)} {hop.Name}{introduces}")));
        text.AppendLine(CultureInfo.InvariantCulture, $"  genesis {hop.Genesis}");
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"  epoch {epoch.Number} {Short(hop.Epoch.Digest)} by {epoch.Op.Type}, {quorum}{worth}");
        if (hop.Seal is { } seal)
        {
            var position = string.Create(
                CultureInfo.InvariantCulture,
                $"({seal.Position.Epoch},{seal.Position.Seq}) {Short(seal.Position.Digest)}");
            var left = AnswerText.Seconds(seal.Expires - view.At);
            text.AppendLine(
                CultureInfo.InvariantCulture, $"  seal {position} over {seal.Count} leaves, expires in {left}");
            text.AppendLine(palette.Good($"  signed by {string.Join(' ', seal.Signers)}"));
        }

        if (hop.IntroducedUntil is { } until)
        {
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"  introduced by this seal, good for {AnswerText.Seconds(until - view.At)} without the segment");
        }

        foreach (var attest in hop.Attests)
        {
            var rule = attest.RuleId is { } id ? $" by rule {id}" : "";
            var says = attest.Allowed ? "allow" : "deny";
            var left = AnswerText.Seconds(attest.Expires - view.At);
            var line = $"  {attest.Anchor} says {says}{rule}, expires in {left}";
            text.AppendLine(attest.Allowed ? palette.Good(line) : palette.Bad(line));
        }
    }

    private static void AppendContent(StringBuilder text, AnswerView view, Palette palette)
    {
        var answer = view.Answer;
        text.AppendLine();
        if (answer.Set is { } set)
        {
            text.AppendLine(palette.Strong($"set {answer.RecordDigest}"));
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"  {set.Name}, version {set.Version}, publisher {Short(set.Publisher)}, "
                + $"sealed by {answer.Target.Name}");
            SetText.AppendMembers(text, view, palette);
            return;
        }

        if (answer.Record is not { } record)
        {
            text.AppendLine(answer.Outcome == Outcome.Absent
                ? palette.Bad($"absent: proven under the seal of {answer.Target.Name}")
                : palette.Bad($"denied by {answer.Target.Name}"));
            return;
        }

        text.AppendLine(palette.Strong(string.Create(CultureInfo.InvariantCulture, $"record {answer.RecordDigest}")));
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"  {record.Kind} {record.Name}, version {record.Version}, uid {record.Uid}, "
            + $"publisher {Short(record.Publisher)}");
        var ports = record.Ports.Select(
            port => string.Create(CultureInfo.InvariantCulture, $"{port.Number}/{port.Protocol}"));
        text.AppendLine(CultureInfo.InvariantCulture, $"  ports {string.Join(' ', ports)}");
        foreach (var slice in answer.Slices)
        {
            foreach (var endpoint in slice.Endpoints)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"  {AnswerText.EndpointOf(slice, endpoint, palette)}");
            }
        }
    }

    private static void AppendTtl(StringBuilder text, AnswerView view, Palette palette)
    {
        text.AppendLine();
        text.AppendLine(palette.Strong(AnswerText.TtlOf(view)));
        var bound = view.Answer.Ttl.Bound;
        foreach (var part in view.Answer.Ttl.Parts)
        {
            var line = string.Create(
                CultureInfo.InvariantCulture,
                $"  {part.Name,-16} {AnswerText.Seconds(part.EndsAt - view.At),16} {part.Segment}");
            text.AppendLine(part == bound ? palette.Strong($"{line} <- bound") : palette.Faint(line));
        }

        text.AppendLine(palette.Faint($"  clock tolerance {AnswerText.Seconds(view.ClockDelta)}"));
    }

    private static string Short(Digest digest) => digest.ToString()[..16];
}
