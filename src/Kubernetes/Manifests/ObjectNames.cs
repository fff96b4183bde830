using Fairlead.Naming;

namespace Fairlead.Kubernetes.Manifests;

/// <summary>Checks the names that end up in the namespace, and the other short texts of a record.</summary>
internal static class ObjectNames
{
    private const int LabelBytesMax = 63;
    private const int ObjectNameBytesMax = 253;
    private const string AnyLabel = "a";

    /// <summary>The rule for a label, in words.</summary>
    public const string LabelRule = "a name is 1-63 of a-z, 0-9 and '-', and neither starts nor ends with '-'";

    /// <summary>Whether this can stand as one label of a name.</summary>
    public static bool IsLabel(string? text) =>
        text is not null
        && !text.Contains('.', StringComparison.Ordinal)
        && ServicePart.TryParse($"{text}.{AnyLabel}.svc", out _, out _);

    /// <summary>Whether this can name an object that no record is named after: labels with dots between them.</summary>
    public static bool IsObjectName(string text) =>
        text.Length <= ObjectNameBytesMax && text.Split('.').All(IsLabel);

    /// <summary>Whether this can stand in a document: 1-63 printable characters but quote and backslash.</summary>
    public static bool IsText(string text) =>
        text.Length is > 0 and <= LabelBytesMax && text.All(c => c is >= ' ' and <= '~' and not '"' and not '\\');
}
