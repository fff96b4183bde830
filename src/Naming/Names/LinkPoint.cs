using System.Diagnostics.CodeAnalysis;

namespace Fairlead.Naming;

/// <summary>
/// Where in a segment a Link stands: one label (a child segment), or the last two or three labels of service parts
/// (<c>shop.svc</c>: those names live in the child under the same service part). Equal by text. Immutable, thread-safe.
/// </summary>
public sealed record LinkPoint
{
    private LinkPoint(string text, bool isChild)
    {
        Text = text;
        IsChild = isChild;
    }

    /// <summary>The labels with dots between them.</summary>
    public string Text { get; }

    /// <summary>Whether this is the label of a child segment.</summary>
    public bool IsChild { get; }

    /// <summary>Reads a link point; else <c>BadName</c>.</summary>
    public static bool TryParse(
        string? text, [NotNullWhen(true)] out LinkPoint? at, [NotNullWhen(false)] out Refusal? refusal)
    {
        var labels = text is null ? 0 : Labels.Count(text);
        var isChild = labels == 1 && !Labels.IsSvc(text);
        var isService = labels is 2 or 3 && text!.EndsWith(".svc", StringComparison.Ordinal);
        at = isChild || isService ? new LinkPoint(text!, isChild) : null;
        refusal = at is null ? Labels.Bad(text, "a label or the end of service parts") : null;
        return at is not null;
    }

    /// <summary>As <see cref="TryParse"/>, for texts of known origin.</summary>
    /// <exception cref="FormatException">Not a link point.</exception>
    public static LinkPoint Parse(string text) =>
        TryParse(text, out var at, out var refusal) ? at : throw new FormatException(refusal.Detail);

    /// <summary>Whether a name of the segment lies at or under this point (V31, V49).</summary>
    public bool Covers(ServicePart name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return !IsChild && (name.Text == Text || name.Text.EndsWith("." + Text, StringComparison.Ordinal));
    }

    /// <summary>The labels with dots between them.</summary>
    public override string ToString() => Text;
}
