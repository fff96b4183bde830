using System.Globalization;

namespace Fairlead.Xds.Sotw;

/// <summary>
/// What the version of a response that says all of a type tells of it, when a client comes back with it: the sum over
/// what the client holds, by marks what it is not sent because it refused that, and the older forms that it holds of
/// such names (<see cref="OlderForm"/>), which nobody else may know any more. Pure.
/// </summary>
internal static class SotwVersion
{
    /// <summary>More marks than these are left out: 3 kB in each request of the type.</summary>
    internal const int MarksMax = 256;

    /// <summary>Characters of all older forms together. What is refused of a name whose form has no room has no mark
    /// either: left out, the older one would be gone.</summary>
    internal const int FormsLength = 8 << 10;

    /// <summary>More older forms than these are left out.</summary>
    internal const int FormsMax = 16;

    // 48 bits: of ten thousand clusters none is taken for one of 256 others in a hundred million restarts.
    private const int MarkLength = 12;
    private const int SumLength = 32;
    private const char FormMark = '.';

    /// <summary>The version.</summary>
    /// <param name="sum">The sum over what the client holds, as a version.</param>
    /// <param name="refused">What it is not sent, each with what it holds of that name; null for nothing.</param>
    internal static string Of(string sum, IEnumerable<(Resource Refused, Resource? Older)> refused)
    {
        var (marks, forms) = (new List<string>(), new List<string>());
        var (left, bytes, tried) = (FormsLength, OlderForm.BytesMax, 0);
        foreach (var (one, older) in refused.OrderBy(pair => MarkOf(pair.Refused), StringComparer.Ordinal))
        {
            if (marks.Count == MarksMax)
            {
                break;
            }

            if (older is not null)
            {
                if (tried++ >= FormsMax || OlderForm.Write(older, left - 1, ref bytes) is not { } form)
                {
                    continue;
                }

                left -= form.Length + 1;
                forms.Add(form);
            }

            marks.Add(MarkOf(one));
        }

        return marks.Count == 0 ? sum : string.Join(FormMark, [$"{sum}-{string.Concat(marks)}", .. forms]);
    }

    /// <summary>The sum in a version; null where that is none of ours.</summary>
    internal static UInt128? SumOf(string version) => version.Length >= SumLength
        && (version.Length == SumLength || version[SumLength] == '-')
        && UInt128.TryParse(
            version.AsSpan(0, SumLength), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var sum)
        ? sum : null;

    /// <summary>The marks in a version.</summary>
    internal static HashSet<string> MarksOf(string version)
    {
        var marks = new HashSet<string>(StringComparer.Ordinal);
        var end = SumOf(version) is null ? 0 : version.IndexOf(FormMark) is >= 0 and var at ? at : version.Length;
        for (var next = SumLength + 1; next + MarkLength <= end && marks.Count < MarksMax; next += MarkLength)
        {
            marks.Add(version.Substring(next, MarkLength));
        }

        return marks;
    }

    /// <summary>The older forms in a version by their names, as far as they can be read.</summary>
    /// <param name="type">The type whose version it is.</param>
    /// <param name="version">The version.</param>
    internal static Dictionary<string, Resource> FormsOf(ResourceType type, string version)
    {
        var (forms, bytes) = (new Dictionary<string, Resource>(StringComparer.Ordinal), OlderForm.BytesMax);
        foreach (var text in SumOf(version) is null ? [] : version.Split(FormMark, FormsMax + 2).Skip(1).Take(FormsMax))
        {
            if (OlderForm.Read(type, text, ref bytes) is { } form)
            {
                forms[form.Name] = form;
            }
        }

        return forms;
    }

    /// <summary>The mark of a resource.</summary>
    internal static string MarkOf(Resource resource) => resource.Version[^MarkLength..];
}
