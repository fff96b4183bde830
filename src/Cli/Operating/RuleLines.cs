using System.Text.Json;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;

namespace Fairlead.Cli.Operating;

/// <summary>
/// Whom the Rules match that an operation adds, changes or takes away: a subject is a digest, which no operator can
/// read, and one of a segment that nobody knows matches nobody. Immutable.
/// </summary>
/// <param name="Rules">What happens to each (added, changed, removed), and the Rule, afterwards where it stays.</param>
/// <param name="Known">The names of the segments that the anchor knows; empty where it knows no name.</param>
internal sealed record RuleLines(
    IReadOnlyList<(string Change, Rule Rule)> Rules, IReadOnlyDictionary<string, string> Known)
{
    /// <summary>Those of an operation.</summary>
    /// <exception cref="CliException">The anchor names what is no segment.</exception>
    internal static RuleLines Of(IReadOnlyList<(string Change, Rule Rule)> rules, OperationEffect effect) => new(
        rules,
        effect.Segments.ToDictionary(
            one => WireReader.TryRead(one.Genesis, out Digest genesis, out var refusal)
                ? genesis.ToString()
                : throw new CliException(ExitCode.Refused, $"{refusal}"),
            one => one.Name,
            StringComparer.Ordinal));

    internal void WriteText(TextWriter output)
    {
        foreach (var (change, rule) in Rules)
        {
            var names = string.Join(' ', rule.Names.Select(name => name.Text));
            output.WriteLine($"  {change}: {rule.Effect} {names} (rule {rule.Id}) for");
            foreach (var subject in rule.Subjects)
            {
                output.WriteLine($"    {Whom(subject)}");
            }
        }

        foreach (var segment in Rules.SelectMany(one => one.Rule.Subjects).Select(one => one.Segment)
            .Where(segment => !IsKnown(segment)).Distinct(StringComparer.Ordinal))
        {
            output.WriteLine(
                $"  WARNING: nobody here knows a segment {segment}: neither a child, parent or peer, nor one whose "
                + "pods asked");
        }
    }

    /// <summary>One member of an object that is open.</summary>
    internal void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartArray("rules");
        foreach (var (change, rule) in Rules)
        {
            json.WriteStartObject();
            json.WriteString("change", change);
            json.WriteString("id", rule.Id);
            json.WriteString("effect", rule.Effect);
            json.WriteStartArray("names");
            rule.Names.ToList().ForEach(name => json.WriteStringValue(name.Text));
            json.WriteEndArray();
            json.WriteStartArray("subjects");
            foreach (var subject in rule.Subjects)
            {
                json.WriteStartObject();
                json.WriteString("segment", subject.Segment);
                Optional("segment_name", Known.GetValueOrDefault(subject.Segment));
                json.WriteBoolean("segment_known", IsKnown(subject.Segment));
                Optional("namespace", subject.Namespace);
                Optional("account", subject.Account);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();

        void Optional(string name, string? value)
        {
            if (value is { Length: > 0 })
            {
                json.WriteString(name, value);
            }
        }
    }

    private bool IsKnown(string segment) => segment == RuleSubject.Any || Known.ContainsKey(segment);

    private string Whom(RuleSubject subject)
    {
        var pods = (subject.Namespace, subject.Account) switch
        {
            (null, null) => "all pods",
            ({ } space, null) => $"namespace {space}",
            (null, { } account) => $"account {account} of any namespace",
            var (space, account) => $"account {account} of namespace {space}",
        };
        return subject.Segment == RuleSubject.Any ? $"{pods} of every segment"
            : Known.GetValueOrDefault(subject.Segment) is { Length: > 0 } name
                ? $"{pods} of {name} ({subject.Segment})"
                : $"{pods} of {subject.Segment}";
    }
}
