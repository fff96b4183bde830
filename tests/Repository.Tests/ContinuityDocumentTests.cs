using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Fairlead.Repository.Tests;

/// <summary>The bounds of docs/continuity.md name tests and checks of the demo that exist, in each row.</summary>
public sealed partial class ContinuityDocumentTests
{
    private const string OnVirtualTime = "BoundsTests";

    private static IReadOnlyList<string[]> Rows { get; } =
    [
        .. from line in RepositoryRoot.Read("docs/continuity.md").Split('\n')
           let cells = line.Trim('|').Split('|', StringSplitOptions.TrimEntries)
           where cells.Length is 5 && cells[0] is not "event" and not "---"
           select cells,
    ];

    private static HashSet<string> Tests { get; } =
    [
        .. from file in SourceFile.Under("tests/")
           from type in file.Nodes<ClassDeclarationSyntax>()
           from method in type.Members.OfType<MethodDeclarationSyntax>()
           where method.AttributeLists.SelectMany(list => list.Attributes)
               .Any(attribute => attribute.Name.ToString() is "Fact" or "Theory")
           select $"{type.Identifier.Text}.{method.Identifier.Text}",
    ];

    [Fact]
    public void Rows_EachNameTestsOnVirtualTimeThatExist() => Findings.None(
        from row in Rows
        let named = Quoted().Matches(row[3]).Select(match => match.Groups[1].Value).ToList()
        from problem in named.Count == 0
            ? ["names no test"]
            : named.Where(test => !Tests.Contains(test.Contains('.') ? test : $"{OnVirtualTime}.{test}"))
        select $"{row[0]}: {problem}");

    /// <summary>How long an anchor may be silent is what resolver and command line wait.</summary>
    [Fact]
    public void Asking_SaysThePatienceOfBoth()
    {
        var resolver = Number("src/Resolver/Engine/NameCacheOptions.cs", @"AskPatience { get; init; } = ([\d_]+);");
        var command = Number("src/Cli/Asking/HomeAsker.cs", @"Patience = TimeSpan\.FromSeconds\((\d+)\)");
        Assert.Contains(
            $"a patience ({resolver / 1000} s; {command} s in the command line)",
            RepositoryRoot.Read("docs/continuity.md"), StringComparison.Ordinal);

        static int Number(string file, string pattern) => int.Parse(
            Assert.Single(Regex.Matches(RepositoryRoot.Read(file), pattern)).Groups[1].Value
                .Replace("_", "", StringComparison.Ordinal),
            CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Rows_EachSayWhereTheyWereSeen()
    {
        Assert.InRange(Rows.Count, 10, int.MaxValue);
        var checks = SourceFile.Under("src/Cli/Demo/Checks/")
            .SelectMany(file => file.Nodes<CollectionExpressionSyntax>())
            .SelectMany(list => list.Elements.OfType<ExpressionElementSyntax>())
            .Select(element => (element.Expression as LiteralExpressionSyntax)?.Token.ValueText)
            .OfType<string>().ToHashSet(StringComparer.Ordinal);
        Findings.None(
            from row in Rows
            let tests = Quoted().Matches(row[4]).Select(match => match.Groups[1].Value).ToList()
            let numbers = Number().Matches(row[4]).Select(match => match.Groups[1].Value).ToList()
            let isLater = row[4].StartsWith("not yet: ", StringComparison.Ordinal)
            from problem in tests.Count + numbers.Count == 0 && !isLater
                ? ["was seen nowhere"]
                : tests.Where(test => !Tests.Contains(test)).Concat(numbers.Where(one => !checks.Contains(one)))
            select $"{row[0]}: {problem}");
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex("demo ([0-9]+[a-z]?)")]
    private static partial Regex Number();
}
