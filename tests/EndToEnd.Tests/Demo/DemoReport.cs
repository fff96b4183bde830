using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Fairlead.EndToEnd.Tests.Demo;

/// <summary>
/// What a demo printed, row by row, and what its processes logged where a row failed: a run on another machine can
/// only be understood from what its test says.
/// </summary>
internal sealed partial class DemoReport
{
    private const int LogLinesMax = 12;
    private const int LineLengthMax = 400;

    private readonly string _errors;

    private DemoReport(string text, string errors, int? code)
    {
        Text = text;
        _errors = errors;
        Code = code;
        Rows = [.. RowLines().Matches(text).Select(match => new Row(
            match.Groups["number"].Value, match.Groups["verdict"].Value, match.Value.TrimEnd()))];
        Folder = FolderOf(text);
    }

    /// <summary>Everything on its standard output.</summary>
    internal string Text { get; }

    /// <summary>How it ended; null where it did not, or said nothing of how.</summary>
    internal int? Code { get; }

    /// <summary>The checks in the order in which they ended.</summary>
    internal IReadOnlyList<Row> Rows { get; }

    /// <summary>Where its processes log; empty where it did not get as far.</summary>
    internal string Folder { get; }

    /// <summary>One check.</summary>
    /// <param name="Number">Its number: <c>5a</c>.</param>
    /// <param name="Verdict"><c>passed</c>, <c>FAILED</c> or <c>skipped</c>.</param>
    /// <param name="Lines">Its line with those that say why.</param>
    internal sealed record Row(string Number, string Verdict, string Lines);

    /// <summary>Reads what a demo printed.</summary>
    internal static DemoReport Of(int? code, string output, string errors) => new(output, errors, code);

    /// <summary>The folder that a demo's output names; empty for none.</summary>
    internal static string FolderOf(string output) => FolderLine().Match(output).Groups["folder"].Value;

    /// <summary>
    /// What the run was, for the message of an assertion: each row that did not end as expected with its reason, the
    /// whole output where there is none, and the last lines of each log that was left.
    /// </summary>
    /// <param name="expected">How a check is to end, by its number.</param>
    internal string Explain(Func<string, string> expected)
    {
        var text = new StringBuilder("the demo ended with ")
            .Append(Code?.ToString(CultureInfo.InvariantCulture) ?? "no exit code").Append('\n');
        var odd = Rows.Where(row => row.Verdict != expected(row.Number)).ToList();
        text.AppendJoin('\n', odd.Select(row => row.Lines)).Append('\n');
        if (odd.Count == 0 || !Text.Contains("\ndemo: ", StringComparison.Ordinal))
        {
            text.Append(Text);
        }

        text.Append(_errors);
        if (Directory.Exists(Folder))
        {
            foreach (var log in Directory.GetFiles(Folder, "*.log").Order(StringComparer.Ordinal))
            {
                text.Append("-- ").Append(Path.GetFileName(log)).Append('\n').AppendJoin('\n', Tail(log)).Append('\n');
            }
        }

        return text.ToString();
    }

    private static IEnumerable<string> Tail(string log)
    {
        try
        {
            return [.. File.ReadLines(log).TakeLast(LogLinesMax)
                .Select(line => line.Length <= LineLengthMax ? line : line[..LineLengthMax])];
        }
        catch (IOException e)
        {
            return [e.Message];
        }
    }

    [GeneratedRegex(@"^\[(?<verdict>\w+)\] (?<number>\S+) .*\n(?:    .*\n)*", RegexOptions.Multiline)]
    private static partial Regex RowLines();

    [GeneratedRegex(@"their logs are in (?<folder>\S+)$", RegexOptions.Multiline)]
    private static partial Regex FolderLine();
}
