using System.Buffers;

namespace Fairlead.Kubernetes.Manifests;

/// <summary>Checks the names that end up in the namespace, and the other short texts of a record.</summary>
internal static class ObjectNames
{
    private const int LabelBytesMax = 63;
    private const int ObjectNameBytesMax = 253;
    private static readonly SearchValues<char> LabelBytes = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>The rule for a label, in words.</summary>
    public const string LabelRule = "a name is 1-63 of a-z, 0-9 and '-', and neither starts nor ends with '-'";

    /// <summary>Whether this is one label of a name (RFC 1123, lower case).</summary>
    public static bool IsLabel(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= LabelBytesMax
        && text[0] != '-'
        && text[^1] != '-'
        && !text.ContainsAnyExcept(LabelBytes);

    /// <summary>Whether this can name an object that no record is named after: labels with dots between them.</summary>
    public static bool IsObjectName(string text)
    {
        if (text.Length is 0 or > ObjectNameBytesMax)
        {
            return false;
        }

        foreach (var label in text.AsSpan().Split('.'))
        {
            if (!IsLabel(text.AsSpan(label)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether this can stand in a document: 1-63 printable characters but quote and backslash.</summary>
    public static bool IsText(string text) =>
        text.Length is > 0 and <= LabelBytesMax && text.All(c => c is >= ' ' and <= '~' and not '"' and not '\\');
}
