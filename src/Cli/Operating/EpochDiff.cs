using System.Globalization;
using System.Text.Json;
using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Cli.Operating;

/// <summary>
/// What an operation changes, line by line: members of the epoch, members of its policy, and op-made leaves. A line
/// begins with <c>+</c>, <c>-</c> or <c>~</c>. Stateless.
/// </summary>
internal static class EpochDiff
{
    private static readonly HashSet<string> Always =
        new(["epoch", "expires", "issued", "op", "policy", "prev", "segment"], StringComparer.Ordinal);

    private static readonly HashSet<string> Sealed = new(["rules"], StringComparer.Ordinal);

    private static readonly HashSet<string> Fresh = new(["made", "opening"], StringComparer.Ordinal);

    /// <summary>The lines; empty for a renewal that only prolongs.</summary>
    internal static IReadOnlyList<string> Lines(EpochGround ground, EpochProposal proposal)
    {
        using var before = JsonDocument.Parse(ground.Epoch.Payload);
        using var after = JsonDocument.Parse(proposal.Epoch);
        return [.. Members(before.RootElement, after.RootElement), .. Leaves(ground, proposal)];
    }

    /// <summary>The lines that two proposals of one change have alike, whenever they were made: what ends at a time is
    /// told by how long after its epoch's beginning that is.</summary>
    internal static IReadOnlyList<string> TimelessLines(EpochGround ground, EpochProposal proposal)
    {
        using var before = JsonDocument.Parse(ground.Epoch.Payload);
        using var after = JsonDocument.Parse(proposal.Epoch);
        var issued = after.RootElement.GetProperty("issued").GetInt64();
        return [.. Members(before.RootElement, after.RootElement), .. Leaves(ground, proposal, issued)];
    }

    /// <summary>What differs between two epochs beside their leaves.</summary>
    internal static IReadOnlyList<string> Members(ReadOnlyMemory<byte> before, ReadOnlyMemory<byte> after)
    {
        using var old = JsonDocument.Parse(before);
        using var now = JsonDocument.Parse(after);
        return [.. Members(old.RootElement, now.RootElement)];
    }

    private static IEnumerable<string> Members(JsonElement before, JsonElement after) =>
    [
        .. Life(before, after),
        .. Members("", before, after, Always),
        .. Members("policy.", before.GetProperty("policy"), after.GetProperty("policy"), Sealed),
    ];

    // Each epoch has other times; what counts is how long it lives.
    private static IEnumerable<string> Life(JsonElement before, JsonElement after)
    {
        var (old, now) = (Of(before), Of(after));
        if (old != now)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"~ life {old} ms -> {now} ms");
        }

        static long Of(JsonElement epoch) =>
            epoch.GetProperty("expires").GetInt64() - epoch.GetProperty("issued").GetInt64();
    }

    private static IEnumerable<string> Members(
        string prefix, JsonElement before, JsonElement after, HashSet<string> without)
    {
        var names = before.EnumerateObject().Concat(after.EnumerateObject()).Select(one => one.Name)
            .Where(name => !without.Contains(name)).Distinct().Order(StringComparer.Ordinal);
        foreach (var name in names)
        {
            var (old, now) = (Text(before, name), Text(after, name));
            if (old != now)
            {
                yield return old is null ? $"+ {prefix}{name} {now}"
                    : now is null ? $"- {prefix}{name} {old}" : $"~ {prefix}{name} {old} -> {now}";
            }
        }
    }

    private static string? Text(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) ? value.GetRawText() : null;

    /// <summary>The Rules that are added, changed or removed, by id; where one stays, as it is afterwards.</summary>
    internal static IReadOnlyList<(string Change, Rule Rule)> Rules(EpochGround ground, EpochProposal proposal)
    {
        var rules = new List<(string, Rule)>();
        foreach (var (_, old, now) in Changed(ground, proposal))
        {
            if ((now ?? old)?.Document is Rule rule)
            {
                rules.Add((old is null ? "added" : now is null ? "removed" : "changed", rule));
            }
        }

        return rules;
    }

    private static IEnumerable<string> Leaves(EpochGround ground, EpochProposal proposal, long? issued = null)
    {
        foreach (var ((leafClass, name), old, now) in Changed(ground, proposal))
        {
            var what = $"{leafClass.ToString().ToLowerInvariant()} {name}";
            yield return now is null ? $"- {what}{(old is null ? "" : $" {Content(old)}")}"
                : old is null ? $"+ {what} {Content(now, issued)}"
                : $"~ {what} {Content(old)} -> {Content(now, issued)}";
        }
    }

    private static IEnumerable<((LeafClass Class, string Name) Key, ParsedLeaf? Old, ParsedLeaf? Now)> Changed(
        EpochGround ground, EpochProposal proposal)
    {
        if (proposal.Manifest.IsEmpty || !Document.TryParse<Manifest>(proposal.Manifest, out var manifest, out _))
        {
            yield break;
        }

        var written = new Dictionary<(LeafClass Class, string Name), ParsedLeaf>();
        foreach (var leaf in proposal.Leaves)
        {
            if (ParsedLeaf.TryParse(leaf.Class, leaf.Payload, out var parsed, out _))
            {
                written[(parsed.Class, parsed.Name)] = parsed;
            }
        }

        foreach (var change in manifest.Value.Changes)
        {
            var key = ((LeafClass)change.Class, change.Name);
            yield return (key, ground.Leaves.Leaves.GetValueOrDefault(key), written.GetValueOrDefault(key));
        }
    }

    /// <summary>What a leaf says, without what each writing of it draws anew.</summary>
    internal static string Content(ParsedLeaf leaf, long? issued = null)
    {
        using var document = JsonDocument.Parse(leaf.Payload);
        var members = document.RootElement.EnumerateObject().Where(one => !Fresh.Contains(one.Name))
            .Select(one => $"\"{one.Name}\":{Value(one)}");
        return $"{{{string.Join(',', members)}}}";

        string Value(JsonProperty member) => issued is { } start && member.NameEquals("expires")
            ? string.Create(CultureInfo.InvariantCulture, $"{member.Value.GetInt64() - start} ms")
            : member.Value.GetRawText();
    }
}
