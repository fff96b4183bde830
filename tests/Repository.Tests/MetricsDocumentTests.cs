using System.Text.RegularExpressions;
using Xunit;

namespace Fairlead.Repository.Tests;

/// <summary>docs/observability.md has a row, or a sentence, for each number of each program, and for no others.
/// </summary>
public sealed partial class MetricsDocumentTests
{
    private const string Document = "docs/observability.md";

    [Fact]
    public void Numbers_AreThoseOfThePrograms()
    {
        var counted = RepositoryRoot.FilesUnder("src/", ".cs")
            .SelectMany(file => Literal().Matches(RepositoryRoot.Read(file)).Select(found => found.Groups[1].Value))
            .ToHashSet(StringComparer.Ordinal);
        var said = Said().Matches(RepositoryRoot.Read(Document)).Select(found => found.Groups[1].Value)
            .ToHashSet(StringComparer.Ordinal);
        Assert.True(counted.Count > 40, $"{counted.Count} numbers found");
        Findings.None(counted.Except(said).Order().Select(name => $"{Document} says nothing of {name}"));
        Findings.None(said.Except(counted).Order().Select(name => $"{Document}: no program has {name}"));
    }

    [GeneratedRegex("\"(fairlead_(anchor|controller|sidecar)_[a-z_]+)\"")]
    private static partial Regex Literal();

    [GeneratedRegex("`(fairlead_(anchor|controller|sidecar)_[a-z_]+)`")]
    private static partial Regex Said();
}
