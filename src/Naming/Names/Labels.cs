namespace Fairlead.Naming;

/// <summary>The form of a label, and lists of them (4.0, RFC 1123 section 2.1; lower case only).</summary>
internal static class Labels
{
    /// <summary>Whether this is <c>[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?</c>.</summary>
    internal static bool IsLabel(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > Limits.LabelBytes || text[0] == '-' || text[^1] == '-')
        {
            return false;
        }

        foreach (var c in text)
        {
            if (c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-'))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The number of labels, or 0 where the text is no dotted list of labels within a name's bounds.</summary>
    internal static int Count(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > Limits.NameBytes)
        {
            return 0;
        }

        var count = 0;
        foreach (var part in text.Split('.'))
        {
            if (++count > Limits.NameLabels || !IsLabel(text[part]))
            {
                return 0;
            }
        }

        return count;
    }

    /// <summary>Whether a label is the one that ends service parts.</summary>
    internal static bool IsSvc(ReadOnlySpan<char> label) => label.SequenceEqual("svc");

    /// <summary>The refusal of a text that is no name.</summary>
    internal static Refusal Bad(string? text, string wanted) =>
        new(VerificationFailure.BadName, "", $"'{Printable(text)}' is not {wanted}");

    private static string Printable(string? text)
    {
        var head = (text ?? "").AsSpan(0, Math.Min(text?.Length ?? 0, Limits.NameBytes));
        return head.ContainsAnyExceptInRange(' ', '~') ? "(unprintable)" : head.ToString();
    }
}
