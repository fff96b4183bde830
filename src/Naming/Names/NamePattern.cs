using System.Diagnostics.CodeAnalysis;

namespace Fairlead.Naming;

/// <summary>
/// A set of names: one exact name, <c>*.suffix</c> (one or more labels before it), or <c>*</c>. One that ends in
/// <c>svc</c> matches service parts and speaks of resolving; any other matches segment names and speaks of transit.
/// Equal by text. Immutable, thread-safe.
/// </summary>
public sealed record NamePattern
{
    private NamePattern(string text) => Text = text;

    /// <summary>The pattern as written.</summary>
    public string Text { get; }

    /// <summary>Whether it matches service parts rather than segment names.</summary>
    public bool IsService => Text.EndsWith(".svc", StringComparison.Ordinal);

    /// <summary>Reads a pattern; else <c>BadName</c>.</summary>
    public static bool TryParse(
        string? text, [NotNullWhen(true)] out NamePattern? pattern, [NotNullWhen(false)] out Refusal? refusal)
    {
        pattern = text is not null && IsPattern(text) ? new NamePattern(text) : null;
        refusal = pattern is null ? Labels.Bad(text, "a name, *.suffix or *") : null;
        return pattern is not null;
    }

    /// <summary>As <see cref="TryParse"/>, for texts of known origin.</summary>
    /// <exception cref="FormatException">Not a pattern.</exception>
    public static NamePattern Parse(string text) =>
        TryParse(text, out var pattern, out var refusal) ? pattern : throw new FormatException(refusal.Detail);

    /// <summary>Whether it covers a service part; one with a host is judged as its service.</summary>
    public bool Matches(ServicePart name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return IsService && Covers(name.WithoutHost.Text);
    }

    /// <summary>Whether it covers a segment's name.</summary>
    public bool Matches(SegmentName name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return !IsService && Covers(name.Text);
    }

    /// <summary>The pattern as written.</summary>
    public override string ToString() => Text;

    private static bool IsPattern(string text)
    {
        if (text == "*")
        {
            return true;
        }

        var wild = text.StartsWith("*.", StringComparison.Ordinal);
        var rest = wild ? text[2..] : text;
        if (!wild)
        {
            return (ServicePart.TryParse(rest, out var exact, out _) && exact.Host is null)
                || SegmentName.TryParse(rest, out _, out _);
        }

        return rest == "svc"
            || (Labels.Count(rest) is 2 or 3 && rest.EndsWith(".svc", StringComparison.Ordinal))
            || SegmentName.TryParse(rest, out _, out _);
    }

    private bool Covers(string name) =>
        Text == "*"
        || (Text[0] == '*'
            ? name.EndsWith(Text[1..], StringComparison.Ordinal) && name.Length >= Text.Length
            : name == Text);
}
