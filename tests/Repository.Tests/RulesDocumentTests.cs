using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Fairlead.Repository.Tests;

/// <summary>The table of docs/rules.md names files and tests that exist, and leaves out no rule.</summary>
public sealed partial class RulesDocumentTests
{
    private const string Document = "docs/rules.md";
    private const int RuleMax = 64;

    /// <summary>Rules whose subject comes later; the document says so of each.</summary>
    private static readonly int[] Later = [20, 27, 34];

    private static IReadOnlyList<(int Rule, string[] Cells)> Rows { get; } =
    [
        .. from line in RepositoryRoot.Read(Document).Split('\n')
           let cells = line.Trim('|').Split('|', StringSplitOptions.TrimEntries)
           where cells.Length == 4 && RuleCell().IsMatch(cells[0])
           select (int.Parse(cells[0][1..], CultureInfo.InvariantCulture), cells),
    ];

    [Fact]
    public void Rules_EachStandOnceInOrder() =>
        Assert.Equal(Enumerable.Range(1, RuleMax).Except(Later), Rows.Select(row => row.Rule));

    [Fact]
    public void Files_OfEveryRule_AreTracked()
    {
        var broken = from row in Rows
                     let files = Link().Matches(row.Cells[2]).Select(match => match.Groups[1].Value).ToList()
                     from problem in files.Count == 0
                         ? ["names no file"]
                         : files.Where(file => !RepositoryRoot.TrackedFiles.Contains(file))
                     select $"V{row.Rule}: {problem}";
        Findings.None(broken);
    }

    [Fact]
    public void Tests_OfEveryRule_Exist() =>
        Findings.None(Rows.SelectMany(row => TestNames.Problems($"V{row.Rule}", row.Cells[3])));

    [Fact]
    public void Errors_OfEveryRule_AreOfTheClosedList()
    {
        var failures = SourceFile.Under("src/Naming/Primitives/")
            .SelectMany(file => file.Nodes<EnumMemberDeclarationSyntax>())
            .Select(member => member.Identifier.Text)
            .ToHashSet(StringComparer.Ordinal);
        Assert.NotEmpty(failures);
        var unknown = from row in Rows
                      from error in Quoted().Matches(row.Cells[1]).Select(match => match.Groups[1].Value)
                      where !failures.Contains(error)
                      select $"V{row.Rule}: {error}";
        Findings.None(unknown);
    }

    [GeneratedRegex(@"^V\d+$")]
    private static partial Regex RuleCell();

    [GeneratedRegex(@"\]\(\.\./([^)]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}
