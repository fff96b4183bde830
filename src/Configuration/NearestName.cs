namespace Fairlead.Configuration;

/// <summary>Finds the known name that a mistyped one was meant to be.</summary>
internal static class NearestName
{
    private const int LengthMax = 64;

    /// <summary>The nearest by edit distance (insert, delete, replace, swap neighbours), if near enough: at most a
    /// third of the letters differ. The first in ordinal order among equals.</summary>
    internal static string? Find(string name, IEnumerable<string> known)
    {
        if (name.Length > LengthMax)
        {
            return null;
        }

        var best = (Distance: 1 + (name.Length / 3), Name: (string?)null);
        foreach (var candidate in known.Order(StringComparer.Ordinal))
        {
            var distance = Math.Abs(candidate.Length - name.Length) < best.Distance
                ? Distance(name, candidate) : int.MaxValue;
            if (distance < best.Distance)
            {
                best = (distance, candidate);
            }
        }

        return best.Name;
    }

    private static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                rows[i, j] = i == 0 ? j : j == 0 ? i : Cheapest(rows, a, b, i, j);
            }
        }

        return rows[a.Length, b.Length];
    }

    private static int Cheapest(int[,] rows, string a, string b, int i, int j)
    {
        var least = Math.Min(rows[i - 1, j] + 1, rows[i, j - 1] + 1);
        least = Math.Min(least, rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
        var swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
        return swapped ? Math.Min(least, rows[i - 2, j - 2] + 1) : least;
    }
}
