using System.Text.RegularExpressions;
using Fairlead.EnvoyApi.Matchers;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Xds.Csds;

/// <summary>Whether a client is one of those that are asked for (Envoy, <c>type.matcher.v3.NodeMatcher</c>).
/// Stateless.</summary>
internal static class NodeMatching
{
    private const int DepthMax = 8;
    private const int PatternMax = 256;

    /// <summary>Whether any of the matchers takes the client; none at all takes every client.</summary>
    /// <exception cref="ArgumentException">A matcher says nothing, or says what cannot be read.</exception>
    public static bool Matches(IReadOnlyCollection<NodeMatcher> matchers, ClientNode node) =>
        matchers.Count == 0 || matchers.Any(matcher => Matches(matcher, node));

    private static bool Matches(NodeMatcher matcher, ClientNode node) =>
        (matcher.NodeId is null || Matches(matcher.NodeId, node.Id))
        && matcher.NodeMetadatas.All(one => Matches(one, node.Metadata));

    private static bool Matches(StructMatcher matcher, Struct? metadata)
    {
        if (matcher.Path.Count is 0 or > DepthMax || matcher.Value is null)
        {
            throw new ArgumentException($"a metadata matcher needs a path of 1-{DepthMax} keys and a value");
        }

        var value = metadata is null ? null : Value.ForStruct(metadata);
        foreach (var segment in matcher.Path)
        {
            value = value?.StructValue?.Fields.GetValueOrDefault(segment.Key);
        }

        return Matches(matcher.Value, value, DepthMax);
    }

    // A value that is not there matches nothing, not even "not present" (Envoy, ValueMatcher.present_match).
    private static bool Matches(ValueMatcher matcher, Value? value, int depth)
    {
        if (depth == 0)
        {
            throw new ArgumentException($"a value matcher is nested more than {DepthMax} deep");
        }

        return matcher.MatchPatternCase switch
        {
            ValueMatcher.MatchPatternOneofCase.NullMatch => value?.KindCase == Value.KindOneofCase.NullValue,
            ValueMatcher.MatchPatternOneofCase.DoubleMatch =>
                value?.KindCase == Value.KindOneofCase.NumberValue && Matches(matcher.DoubleMatch, value.NumberValue),
            ValueMatcher.MatchPatternOneofCase.StringMatch =>
                value?.KindCase == Value.KindOneofCase.StringValue && Matches(matcher.StringMatch, value.StringValue),
            ValueMatcher.MatchPatternOneofCase.BoolMatch =>
                value?.KindCase == Value.KindOneofCase.BoolValue && matcher.BoolMatch == value.BoolValue,
            ValueMatcher.MatchPatternOneofCase.PresentMatch => matcher.PresentMatch && value is not null,
            ValueMatcher.MatchPatternOneofCase.ListMatch when matcher.ListMatch.OneOf is { } one =>
                value?.ListValue?.Values.Any(item => Matches(one, item, depth - 1)) ?? false,
            ValueMatcher.MatchPatternOneofCase.OrMatch =>
                matcher.OrMatch.ValueMatchers.Any(one => Matches(one, value, depth - 1)),
            _ => throw new ArgumentException("a value matcher says nothing that is known"),
        };
    }

    private static bool Matches(DoubleMatcher matcher, double value) => matcher.MatchPatternCase switch
    {
        DoubleMatcher.MatchPatternOneofCase.Exact => value.Equals(matcher.Exact),
        DoubleMatcher.MatchPatternOneofCase.Range => value >= matcher.Range.Start && value < matcher.Range.End,
        _ => throw new ArgumentException("a number matcher says nothing that is known"),
    };

    private static bool Matches(StringMatcher matcher, string value)
    {
        var how = matcher.IgnoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        return matcher.MatchPatternCase switch
        {
            StringMatcher.MatchPatternOneofCase.Exact => value.Equals(matcher.Exact, how),
            StringMatcher.MatchPatternOneofCase.Prefix => value.StartsWith(matcher.Prefix, how),
            StringMatcher.MatchPatternOneofCase.Suffix => value.EndsWith(matcher.Suffix, how),
            StringMatcher.MatchPatternOneofCase.Contains => value.Contains(matcher.Contains, how),
            StringMatcher.MatchPatternOneofCase.SafeRegex => MatchesWhole(matcher.SafeRegex.Regex, value),
            _ => throw new ArgumentException("a string matcher says nothing that is known"),
        };
    }

    // Linear in the text, as RE2 is; what only a backtracking engine can match is refused.
    private static bool MatchesWhole(string pattern, string value)
    {
        if (pattern.Length is 0 or > PatternMax)
        {
            throw new ArgumentException($"a pattern needs 1-{PatternMax} characters");
        }

        try
        {
            const RegexOptions options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;
            return Regex.IsMatch(value, $@"\A(?:{pattern})\z", options);
        }
        catch (NotSupportedException e)
        {
            throw new ArgumentException(e.Message, e);
        }
    }
}
