using System.Text;

namespace Fairlead.Configuration;

/// <summary>Makes a value from outside fit for a message: short, one line, no control characters.</summary>
internal static class Shown
{
    private const int LengthMax = 64;
    private const int PathLengthMax = 512;

    internal static string Of(string value) => Of(value, LengthMax);

    /// <summary>Paths are longer, and their end says most.</summary>
    internal static string OfPath(string path) => Of(path, PathLengthMax);

    private static string Of(string value, int lengthMax)
    {
        var text = new StringBuilder();
        foreach (var rune in value.EnumerateRunes())
        {
            if (text.Length >= lengthMax)
            {
                return text.Append("...").ToString();
            }

            text.Append(Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) is
                System.Globalization.UnicodeCategory.Format or System.Globalization.UnicodeCategory.LineSeparator
                or System.Globalization.UnicodeCategory.ParagraphSeparator ? "?" : rune.ToString());
        }

        return text.ToString();
    }
}
