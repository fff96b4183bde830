using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Fairlead.Repository.Tests;

/// <summary>A C# file of the repository with its syntax tree. All of them are parsed once.</summary>
internal sealed record SourceFile(string Path, string Text, SyntaxNode Root)
{
    private static readonly Lazy<IReadOnlyList<SourceFile>> Files = new(() =>
        [.. RepositoryRoot.TrackedFiles.Where(file => file.EndsWith(".cs", StringComparison.Ordinal)).Select(Parse)]);

    internal static IReadOnlyList<SourceFile> All => Files.Value;

    internal int Lines => Text.AsSpan().TrimEnd('\n').Count('\n') + 1;

    internal static IEnumerable<SourceFile> Under(string folder) =>
        All.Where(file => file.Path.StartsWith(folder, StringComparison.Ordinal));

    internal IEnumerable<T> Nodes<T>()
        where T : SyntaxNode => Root.DescendantNodes().OfType<T>();

    /// <summary><c>path:line</c>.</summary>
    internal string At(SyntaxNode node) => $"{Path}:{LineOf(node)}";

    internal static int LineOf(SyntaxNode node) => node.GetLocation().GetLineSpan().StartLinePosition.Line + 1;

    private static SourceFile Parse(string path)
    {
        var text = RepositoryRoot.Read(path);
        return new SourceFile(path, text, CSharpSyntaxTree.ParseText(text, path: path).GetRoot());
    }
}
