using System.Globalization;

namespace Fairlead.Xds.Sotw;

/// <summary>
/// What the version of a response that says all of a type tells of it, when a client comes back with it: the sum over
/// what the client holds, and by marks what it is not sent because it refused that. Pure.
/// </summary>
internal static class SotwVersion
{
    /// <summary>More marks than these are left out: 3 kB in each request of the type.</summary>
    internal const int MarksMax = 256;

    // 48 bits: of ten thousand clusters none is taken for one of 256 others in a hundred million restarts.
    private const int MarkLength = 12;
    private const int SumLength = 32;

    /// <summary>The version.</summary>
    /// <param name="sum">The sum over what the client holds, as a version.</param>
    /// <param name="refused">What it is not sent, of names of which it holds nothing.</param>
    internal static string Of(string sum, IEnumerable<Resource> refused)
    {
        var marks = refused.Select(MarkOf).Order(StringComparer.Ordinal).Take(MarksMax).ToList();
        return marks.Count == 0 ? sum : $"{sum}-{string.Concat(marks)}";
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
        var end = SumOf(version) is null ? 0 : version.Length;
        for (var at = SumLength + 1; at + MarkLength <= end && marks.Count < MarksMax; at += MarkLength)
        {
            marks.Add(version.Substring(at, MarkLength));
        }

        return marks;
    }

    /// <summary>The mark of a resource.</summary>
    internal static string MarkOf(Resource resource) => resource.Version[^MarkLength..];
}
