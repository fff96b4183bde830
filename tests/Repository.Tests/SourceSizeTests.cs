using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Fairlead.Repository.Tests;

/// <summary>Files and methods stay small enough to be read at once.</summary>
public sealed class SourceSizeTests(ITestOutputHelper output)
{
    private const int FileLinesMax = 600;
    private const int NinthDecileLinesMax = 300;
    private const int MethodLinesMax = 70;
    private const int ColumnsMax = 120;
    private const int ColumnsMaxOfWideFolders = 160;

    /// <summary>Folders that still hold lines of more than 120 columns. The list shrinks: a folder that holds none any
    /// longer has to leave it, and none joins.</summary>
    private static readonly string[] WideFolders =
    [
@@LIST@@
    ];

    /// <summary>Methods that may be longer, by `path: name`, each with its reason. Empty is right.</summary>
    private static readonly HashSet<string> LongMethods = [];

    [Fact]
    public void Files_StayUnderTheCap() =>
        Findings.None(SourceFile.All.Where(file => file.Lines > FileLinesMax)
            .Select(file => $"{file.Path}: {file.Lines} lines"));

    [Fact]
    public void Files_OfSource_AreSmallInTheMain()
    {
        var lines = SourceFile.Under("src/").Select(file => file.Lines).Order().ToArray();
        var (median, ninth) = (lines[lines.Length / 2], lines[lines.Length * 9 / 10]);
        output.WriteLine($"lines per file of src: median {median} (aim 80), 90 % {ninth}, longest {lines[^1]}");
        Assert.InRange(ninth, 1, NinthDecileLinesMax);
    }

    [Fact]
    public void Methods_StayUnderTheCap()
    {
        var tooLong =
            from file in SourceFile.All
            from body in Bodies(file)
            let name = $"{file.Path}: {NameOf(body)}"
            where LinesOf(body) > MethodLinesMax && !LongMethods.Contains(name)
            select $"{name} at line {SourceFile.LineOf(body)}: {LinesOf(body)} lines";
        Findings.None(tooLong);
    }

    [Fact]
    public void LongMethods_AllowedOnes_AreStillLong()
    {
        var names = from file in SourceFile.All
                    from body in Bodies(file)
                    where LinesOf(body) > MethodLinesMax
                    select $"{file.Path}: {NameOf(body)}";
        Assert.Subset(names.ToHashSet(), LongMethods);
    }

    [Fact]
    public void Lines_StayWithinTheColumns()
    {
        var tooWide = WiderThan(ColumnsMax)
            .Where(line => line.Columns > ColumnsMaxOfWideFolders || !IsOfWideFolder(line.Path))
            .ToList();
        Findings.None(tooWide.Select(line => $"{line.Path}:{line.Number}: {line.Columns} columns"));
    }

    [Fact]
    public void WideFolders_StillHoldWideLines()
    {
        var wide = WiderThan(ColumnsMax).ToList();
        output.WriteLine($"lines of more than {ColumnsMax} columns: {wide.Count}");
        Findings.None(WideFolders
            .Where(folder => !wide.Exists(line => line.Path.StartsWith(folder, StringComparison.Ordinal)))
            .Select(folder => $"{folder} holds no wide line any longer: take it off the list"));
    }

    private static bool IsOfWideFolder(string path) =>
        WideFolders.Any(folder => path.StartsWith(folder, StringComparison.Ordinal));

    private static IEnumerable<(string Path, int Number, int Columns)> WiderThan(int columns) =>
        from file in SourceFile.All
        from line in file.Text.Split('\n').Index()
        where line.Item.Length > columns
        select (file.Path, line.Index + 1, line.Item.Length);

    private static IEnumerable<SyntaxNode> Bodies(SourceFile file) => file.Root.DescendantNodes().Where(node =>
        node is BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax or AccessorDeclarationSyntax);

    private static string NameOf(SyntaxNode node) => node switch
    {
        MethodDeclarationSyntax method => method.Identifier.Text,
        ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
        LocalFunctionStatementSyntax local => local.Identifier.Text,
        _ => node.Kind().ToString(),
    };

    /// <summary>From the first line of the signature; what is documented above does not count.</summary>
    private static int LinesOf(SyntaxNode node)
    {
        var span = node.GetLocation().GetLineSpan();
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }
}
