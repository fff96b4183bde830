using System.Text.RegularExpressions;

namespace Fairlead.TestKit;

/// <summary>Finds what messages that are made of others say twice: the name of an error, an option, a path. Stateless.
/// </summary>
public static partial class DoubledWords
{
    /// <summary>The first word that follows itself, with a colon, a semicolon or a space between; null for
    /// none.</summary>
    public static string? In(string text) =>
        Twice().Match(text) is { Success: true } found ? found.Value : null;

    [GeneratedRegex(@"(?<![\w./`-])`?([\w./-]*\w)`?(?:: |; | )`?\1(?![\w./-])", RegexOptions.CultureInvariant)]
    private static partial Regex Twice();
}
