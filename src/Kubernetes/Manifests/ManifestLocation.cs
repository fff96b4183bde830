namespace Fairlead.Kubernetes.Manifests;

/// <summary>Where something stands in a manifest: the file as it was given, and a line counted from 1.</summary>
/// <param name="File">The file's name, as the reader was told it.</param>
/// <param name="Line">The line, from 1.</param>
public readonly record struct ManifestLocation(string File, int Line) : IComparable<ManifestLocation>
{
    /// <summary>Orders by file name (ordinal), then by line.</summary>
    public int CompareTo(ManifestLocation other)
    {
        var byFile = string.CompareOrdinal(File, other.File);
        return byFile != 0 ? byFile : Line.CompareTo(other.Line);
    }

    /// <summary><c>file:line</c>, which terminals and editors can follow.</summary>
    public override string ToString() => $"{File}:{Line}";

    /// <summary>Whether <paramref name="left"/> stands before <paramref name="right"/>.</summary>
    public static bool operator <(ManifestLocation left, ManifestLocation right) => left.CompareTo(right) < 0;

    /// <summary>Whether <paramref name="left"/> stands behind <paramref name="right"/>.</summary>
    public static bool operator >(ManifestLocation left, ManifestLocation right) => left.CompareTo(right) > 0;

    /// <summary>Whether <paramref name="left"/> does not stand behind <paramref name="right"/>.</summary>
    public static bool operator <=(ManifestLocation left, ManifestLocation right) => left.CompareTo(right) <= 0;

    /// <summary>Whether <paramref name="left"/> does not stand before <paramref name="right"/>.</summary>
    public static bool operator >=(ManifestLocation left, ManifestLocation right) => left.CompareTo(right) >= 0;
}
