using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Fairlead.Repository.Tests;

/// <summary>The tests that there are, and those that a document names.</summary>
internal static partial class TestNames
{
    private static readonly Lazy<HashSet<string>> Known = new(() =>
        (from file in SourceFile.Under("tests/")
         from type in file.Nodes<ClassDeclarationSyntax>()
         from method in type.Members.OfType<MethodDeclarationSyntax>()
         where method.AttributeLists.SelectMany(list => list.Attributes)
             .Any(attribute => attribute.Name.ToString() is "Fact" or "Theory")
         select $"{type.Identifier.Text}.{method.Identifier.Text}").ToHashSet(StringComparer.Ordinal));

    /// <summary>What is wrong with a cell that names the tests of a row.</summary>
    internal static IEnumerable<string> Problems(string row, string cell)
    {
        var named = Quoted().Matches(cell).Select(match => match.Groups[1].Value).ToList();
        return (named.Count == 0 ? ["names no test"] : named.Where(test => !Known.Value.Contains(test)))
            .Select(problem => $"{row}: {problem}");
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}
