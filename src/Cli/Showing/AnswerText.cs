using System.Globalization;
using System.Text;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Cli.Showing;

/// <summary>An answer in a few lines: the endpoints, then how long they hold and why.</summary>
internal static class AnswerText
{
    internal static string Write(AnswerView view, Palette palette)
    {
        var answer = view.Answer;
        var text = new StringBuilder();
        foreach (var slice in answer.Slices)
        {
            foreach (var endpoint in slice.Endpoints)
            {
                text.AppendLine(EndpointOf(slice, endpoint, palette));
            }
        }

        SetText.AppendMembers(text, view, palette);
        if (answer.Outcome is Outcome.Absent or Outcome.Denied)
        {
            text.AppendLine(
                CultureInfo.InvariantCulture, $"{palette.Strong(answer.Name.Text)} {palette.Bad(view.Outcome)}");
        }

        text.AppendLine(palette.Faint($"; {TtlOf(view)}"));
        text.AppendLine(palette.Faint($"; path {string.Join(" -> ", answer.Hops.Select(hop => hop.Name.Text))}"));
        foreach (var refusal in view.Refusals)
        {
            text.AppendLine(palette.Bad($"; {refusal.Anchor} {refusal.Failure}: {refusal.Detail}"));
        }

        foreach (var note in view.Notes)
        {
            text.AppendLine(palette.Bad($"; {note}"));
        }

        return text.ToString();
    }

    /// <summary>How long the answer holds, and which term bounds it.</summary>
    internal static string TtlOf(AnswerView view)
    {
        var (left, bound) = view.Ttl.At(view.At);
        var by = view.Ttl.Bound.Segment is { } segment ? $"{bound} of {segment}" : bound;
        return $"ttl {Seconds(left)}, bound by {by}";
    }

    /// <summary>One endpoint with its ports and what else is said of it.</summary>
    internal static string EndpointOf(Slice slice, SliceEndpoint endpoint, Palette palette)
    {
        var host = endpoint.Address.Contains(':', StringComparison.Ordinal)
            ? $"[{endpoint.Address}]"
            : endpoint.Address;
        var ports = string.Join(',', slice.Ports.Select(port => port.ToString(CultureInfo.InvariantCulture)));
        var more = new[]
        {
            endpoint.Host is { } name ? $"host {name}" : null,
            slice.Region is { } region ? $"region {region}" : null,
            endpoint.Zone is { } zone ? $"zone {zone}" : null,
            endpoint.Weight is { } weight ? string.Create(CultureInfo.InvariantCulture, $"weight {weight}") : null,
            endpoint.State,
        }.OfType<string>().ToList();
        return $"{host}:{ports}" + (more.Count == 0 ? "" : " " + palette.Faint(string.Join(", ", more)));
    }

    /// <summary>How a traversal came to a hop, in one word.</summary>
    internal static string KindOf(HopKind kind) => kind switch
    {
        HopKind.Home => "home",
        HopKind.Up => "up",
        HopKind.Peer => "peer",
        HopKind.Down => "down",
        _ => "none",
    };

    /// <summary>Milliseconds as seconds.</summary>
    internal static string Seconds(long ms) => string.Create(CultureInfo.InvariantCulture, $"{ms / 1000.0:0.000} s");
}
