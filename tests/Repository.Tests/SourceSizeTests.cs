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
    public void Lines_StayWithinTheColumns() =>
        Findings.None(
            from file in SourceFile.All
            from line in file.Text.Split('\n').Index()
            where line.Item.Length > ColumnsMax
            select $"{file.Path}:{line.Index + 1}: {line.Item.Length} columns");

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
