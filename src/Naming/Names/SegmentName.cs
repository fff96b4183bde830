using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Fairlead.Naming;

/// <summary>
/// The full name of a segment: 1 to 8 labels, none of them <c>svc</c>, not at or under <c>clusterset.local</c>. Its
/// parent's name with its own label in front. Equal by text, ordered ordinally. Immutable, thread-safe.
/// </summary>
public sealed record SegmentName : IComparable<SegmentName>
{
    /// <summary>The name under which a home imports its Sets; never a segment's.</summary>
    public const string ClusterSet = "clusterset.local";

    private SegmentName(string text) => Text = text;

    /// <summary>The labels with dots between them.</summary>
    public string Text { get; }

    /// <summary>The first label: the segment's own under its parent.</summary>
    public string Label => Text.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? Text[..dot] : Text;

    /// <summary>The parent's name, or null where this has one label.</summary>
    public SegmentName? Parent =>
        Text.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? new SegmentName(Text[(dot + 1)..]) : null;

    /// <summary>This name and all that remain when labels are taken off its front: longest first.</summary>
    public ImmutableArray<SegmentName> Suffixes
    {
        get
        {
            var all = ImmutableArray.CreateBuilder<SegmentName>();
            for (var name = this; name is not null; name = name.Parent)
            {
                all.Add(name);
            }

            return all.ToImmutable();
        }
    }

    /// <summary>Reads a segment's name; else <c>BadName</c>.</summary>
    public static bool TryParse(
        string? text, [NotNullWhen(true)] out SegmentName? name, [NotNullWhen(false)] out Refusal? refusal)
    {
        var good = text is not null && Labels.Count(text) is > 0 and <= Limits.SegmentLabels && !IsClusterSet(text);
        foreach (var part in good ? text.AsSpan().Split('.') : default)
        {
            good &= !Labels.IsSvc(text.AsSpan()[part]);
        }

        name = good ? new SegmentName(text!) : null;
        refusal = good ? null : Labels.Bad(text, "a segment's name");
        return good;
    }

    /// <summary>As <see cref="TryParse"/>, for texts of known origin.</summary>
    /// <exception cref="FormatException">Not a segment's name.</exception>
    public static SegmentName Parse(string text) =>
        TryParse(text, out var name, out var refusal) ? name : throw new FormatException(refusal.Detail);

    /// <summary>Whether this is the other name or lies under it.</summary>
    public bool IsAtOrUnder(SegmentName other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Text.EndsWith(other.Text, StringComparison.Ordinal)
            && (Text.Length == other.Text.Length || Text[^(other.Text.Length + 1)] == '.');
    }

    /// <summary>The name of the child with this label; null where it would be no segment's name.</summary>
    public SegmentName? Child(string label) => TryParse($"{label}.{Text}", out var name, out _) ? name : null;

    /// <inheritdoc/>
    public int CompareTo(SegmentName? other) => string.CompareOrdinal(Text, other?.Text);

    /// <summary>Whether left comes before right.</summary>
    public static bool operator <(SegmentName left, SegmentName right) => Compare(left, right) < 0;

    /// <summary>Whether left comes after right.</summary>
    public static bool operator >(SegmentName left, SegmentName right) => Compare(left, right) > 0;

    /// <summary>Whether left comes before right or equals it.</summary>
    public static bool operator <=(SegmentName left, SegmentName right) => Compare(left, right) <= 0;

    /// <summary>Whether left comes after right or equals it.</summary>
    public static bool operator >=(SegmentName left, SegmentName right) => Compare(left, right) >= 0;

    /// <summary>The labels with dots between them.</summary>
    public override string ToString() => Text;

    internal static bool IsClusterSet(ReadOnlySpan<char> text) =>
        text.EndsWith(ClusterSet, StringComparison.Ordinal)
        && (text.Length == ClusterSet.Length || text[^(ClusterSet.Length + 1)] == '.');

    private static int Compare(SegmentName? left, SegmentName? right) => string.CompareOrdinal(left?.Text, right?.Text);
}
