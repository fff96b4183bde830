using System.Text.Json;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;

namespace Fairlead.Cli.Operating;

/// <summary>
/// An operation as operators look at it: what it is, what it changes, and what it would do. Immutable.
/// </summary>
/// <param name="Epoch">The candidate.</param>
/// <param name="Diff">What it changes.</param>
/// <param name="Rules">Whom the Rules match that it changes.</param>
/// <param name="Effect">The dry run.</param>
internal sealed record OperationView(
    Parsed<Epoch> Epoch, IReadOnlyList<string> Diff, RuleLines Rules, OperationEffect Effect)
{
    internal void WriteText(TextWriter output)
    {
        output.WriteLine($"epoch {Epoch.Value.Number}: {Epoch.Value.Op.Type}");
        output.WriteLine($"digest {Epoch.Digest}");
        foreach (var line in Diff)
        {
            output.WriteLine($"  {line}");
        }

        Line("decides anew about", Effect.Names);
        if (Effect.NamesCount > (ulong)Effect.Names.Count)
        {
            output.WriteLine($"  decides anew about {Effect.NamesCount} patterns in all");
        }

        Rules.WriteText(output);
        foreach (var way in Effect.Ways)
        {
            output.WriteLine($"  {way.Change}: {way.Where} to {Hex(way.Segment)}");
        }

        Line("withdraws", Effect.Withdrawn);
        if (Effect.WithdrawnCount > (ulong)Effect.Withdrawn.Count)
        {
            output.WriteLine($"  withdraws {Effect.WithdrawnCount} names in all");
        }

        Line("PINNED OTHERWISE by consumers", Effect.Pins.Select(Hex));
        if (Effect.TouchesOthers)
        {
            output.WriteLine("  answers of this segment are certified anew");
        }

        void Line(string what, IEnumerable<string> names)
        {
            var all = string.Join(' ', names);
            if (all.Length > 0)
            {
                output.WriteLine($"  {what}: {all}");
            }
        }
    }

    /// <summary>The members of one object that is open.</summary>
    internal void WriteJson(Utf8JsonWriter json)
    {
        json.WriteString("digest", Epoch.Digest.ToString());
        json.WriteNumber("epoch", Epoch.Value.Number);
        json.WriteString("op", Epoch.Value.Op.Type);
        List("diff", Diff);
        List("members", Effect.Members);
        List("names", Effect.Names);
        json.WriteNumber("names_count", Effect.NamesCount);
        List("withdrawn", Effect.Withdrawn);
        json.WriteNumber("withdrawn_count", Effect.WithdrawnCount);
        Rules.WriteJson(json);
        json.WriteStartArray("ways");
        foreach (var way in Effect.Ways)
        {
            json.WriteStartObject();
            json.WriteString("where", way.Where);
            json.WriteString("change", way.Change);
            json.WriteString("segment", Hex(way.Segment));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        List("pins", Effect.Pins.Select(Hex));
        json.WriteBoolean("touches_others", Effect.TouchesOthers);

        void List(string name, IEnumerable<string> items)
        {
            json.WriteStartArray(name);
            foreach (var item in items)
            {
                json.WriteStringValue(item);
            }

            json.WriteEndArray();
        }
    }

    private static string Hex(Google.Protobuf.ByteString bytes) =>
        WireReader.TryRead(bytes, out Digest digest, out _) ? digest.ToString() : "?";
}
