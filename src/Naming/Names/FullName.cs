using System.Diagnostics.CodeAnalysis;

namespace Fairlead.Naming;

/// <summary>
/// An absolute name: a service part and a segment's name, or a segment's name alone (a query for it asks for
/// introduction). The last label <c>svc</c> divides the two. At most 16 labels and 253 bytes. Equal by text. Immutable,
/// thread-safe.
/// </summary>
public sealed record FullName : IComparable<FullName>
{
    private FullName(string text, ServicePart? service, SegmentName? segment)
    {
        Text = text;
        Service = service;
        Segment = segment;
    }

    /// <summary>The labels with dots between them.</summary>
    public string Text { get; }

    /// <summary>The service part; null for the name of a segment.</summary>
    public ServicePart? Service { get; }

    /// <summary>The segment's name; null exactly under <c>clusterset.local</c>.</summary>
    public SegmentName? Segment { get; }

    /// <summary>Whether the home's Sets answer this name.</summary>
    [MemberNotNullWhen(false, nameof(Segment))]
    public bool IsClusterSet => Segment is null;

    /// <summary>Reads an absolute name; else <c>BadName</c>.</summary>
    public static bool TryParse(
        string? text, [NotNullWhen(true)] out FullName? name, [NotNullWhen(false)] out Refusal? refusal)
    {
        name = text is not null && Labels.Count(text) > 0 ? Split(text) : null;
        refusal = name is null ? Labels.Bad(text, "a full name") : null;
        return name is not null;
    }

    /// <summary>As <see cref="TryParse"/>, for texts of known origin.</summary>
    /// <exception cref="FormatException">Not a full name.</exception>
    public static FullName Parse(string text) =>
        TryParse(text, out var name, out var refusal) ? name : throw new FormatException(refusal.Detail);

    /// <summary>The name of a service of a segment; null where it would be too long.</summary>
    public static FullName? Of(ServicePart service, SegmentName segment)
    {
        ArgumentNullException.ThrowIfNull(service);
        ArgumentNullException.ThrowIfNull(segment);
        return TryParse($"{service.Text}.{segment.Text}", out var name, out _) ? name : null;
    }

    /// <inheritdoc/>
    public int CompareTo(FullName? other) => string.CompareOrdinal(Text, other?.Text);

    /// <summary>Whether left comes before right.</summary>
    public static bool operator <(FullName left, FullName right) => Compare(left, right) < 0;

    /// <summary>Whether left comes after right.</summary>
    public static bool operator >(FullName left, FullName right) => Compare(left, right) > 0;

    /// <summary>Whether left comes before right or equals it.</summary>
    public static bool operator <=(FullName left, FullName right) => Compare(left, right) <= 0;

    /// <summary>Whether left comes after right or equals it.</summary>
    public static bool operator >=(FullName left, FullName right) => Compare(left, right) >= 0;

    /// <summary>The labels with dots between them.</summary>
    public override string ToString() => Text;

    private static FullName? Split(string text)
    {
        const string Divider = ".svc.";
        var at = text.LastIndexOf(Divider, StringComparison.Ordinal);
        if (at < 0)
        {
            return SegmentName.TryParse(text, out var alone, out _) ? new FullName(text, null, alone) : null;
        }

        var rest = text[(at + Divider.Length)..];
        if (!ServicePart.TryParse(text[..(at + Divider.Length - 1)], out var service, out _))
        {
            return null;
        }

        if (rest == SegmentName.ClusterSet)
        {
            return new FullName(text, service, null);
        }

        return SegmentName.TryParse(rest, out var segment, out _) ? new FullName(text, service, segment) : null;
    }

    private static int Compare(FullName? left, FullName? right) => string.CompareOrdinal(left?.Text, right?.Text);
}
