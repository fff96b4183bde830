using System.Globalization;

namespace Fairlead.Configuration;

/// <summary>Durations as people write them: <c>500ms</c>, <c>15s</c>, <c>5m</c>, <c>24h</c>, and sums of them with
/// falling units (<c>1m30s</c>). Zero needs no unit.</summary>
public static class DurationText
{
    private static readonly (string Unit, long Milliseconds)[] Units =
        [("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

    /// <summary>Whole milliseconds from 0 to 100 years; anything else is false.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (text == "0")
        {
            return true;
        }

        var rest = text.AsSpan();
        var (total, lastUnit) = (0L, -1);
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExceptInRange('0', '9');
            if (digits is <= 0 or > 12)
            {
                return false;
            }

            var number = long.Parse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture);
            rest = rest[digits..];
            var letters = rest.IndexOfAnyInRange('0', '9');
            var name = letters < 0 ? rest : rest[..letters];
            var unit = UnitOf(name);
            if (unit <= lastUnit)
            {
                return false;
            }

            total += number * Units[unit].Milliseconds;
            rest = rest[name.Length..];
            lastUnit = unit;
        }

        duration = lastUnit >= 0 && total <= Max ? TimeSpan.FromMilliseconds(total) : TimeSpan.Zero;
        return lastUnit >= 0 && total <= Max;
    }

    /// <summary>The shortest text that parses to the same duration; parts of a millisecond are cut off.</summary>
    public static string Format(TimeSpan duration)
    {
        var rest = (long)duration.TotalMilliseconds;
        var text = "";
        foreach (var (unit, milliseconds) in Units)
        {
            text += rest >= milliseconds ? $"{rest / milliseconds}{unit}" : "";
            rest %= milliseconds;
        }

        return text.Length == 0 ? "0" : text;
    }

    private const long Max = 100L * 366 * 24 * 3_600_000;

    private static int UnitOf(ReadOnlySpan<char> name)
    {
        for (var i = 0; i < Units.Length; i++)
        {
            if (name.SequenceEqual(Units[i].Unit))
            {
                return i;
            }
        }

        return -1;
    }
}
