using System.Text.Json;
using Fairlead.Anchor.Serving;
using Fairlead.Hosting;
using Fairlead.Naming;

namespace Fairlead.Anchor.Hosting;

/// <summary>The admin page <c>/denials</c>: whom this anchor denied what, and the sealed Rule that decided. Stateless.
/// </summary>
internal static class DenialsPage
{
    internal static Page Of(IReadOnlyList<NotedDenial> denials) => Page.Json(200, json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("denials");
        foreach (var denial in denials)
        {
            Write(json, denial);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static void Write(Utf8JsonWriter json, NotedDenial denial)
    {
        var (terms, reason) = (denial.Terms, denial.Reason);
        json.WriteStartObject();
        json.WriteString("role", terms.Role);
        json.WriteString("home", terms.Home.ToString());
        if (terms.Consumer?.Subject is { } subject)
        {
            json.WriteString("namespace", subject.Namespace);
            json.WriteString("account", subject.Account);
        }

        json.WriteString("name", terms.Scope.Text);
        json.WriteString("cause", $"{reason.Cause}");
        json.WriteNumber("epoch", denial.Epoch);
        if (reason.Rule is { } rule)
        {
            json.WriteStartObject("rule");
            json.WriteString("id", rule.Value.Id);
            json.WriteString("digest", rule.Digest.ToString());
            json.WriteString("names", reason.Pattern?.Text);
            Write(json, reason.Subject);
            json.WriteEndObject();
        }

        json.WriteNumber("times", denial.Times);
        json.WriteNumber("first", denial.First);
        json.WriteNumber("last", denial.Last);
        json.WriteEndObject();
    }

    // Absent where the Rule speaks of everybody, and each member of it where it speaks of all of them.
    private static void Write(Utf8JsonWriter json, RuleSubject? subject)
    {
        if (subject is null)
        {
            return;
        }

        json.WriteStartObject("subject");
        json.WriteString("segment", subject.Segment);
        if (subject.Namespace is { } ns)
        {
            json.WriteString("namespace", ns);
        }

        if (subject.Account is { } account)
        {
            json.WriteString("account", account);
        }

        json.WriteEndObject();
    }
}
