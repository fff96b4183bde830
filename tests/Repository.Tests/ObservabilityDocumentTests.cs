using System.Text.RegularExpressions;
using Xunit;

namespace Fairlead.Repository.Tests;

/// <summary>docs/observability.md lists the numbers of a sidecar, all of them and no others.</summary>
public sealed partial class ObservabilityDocumentTests
{
    [Fact]
    public void Numbers_OfASidecar_AreThoseOfItsPage()
    {
        var said = Names(RepositoryRoot.Read("docs/observability.md"));
        var made = RepositoryRoot.FilesUnder("src/", ".cs").Select(RepositoryRoot.Read).SelectMany(Names).ToList();
        Assert.NotEmpty(made);
        Assert.Equal(made.Distinct().Order(), said.Distinct().Order());
    }

    private static IEnumerable<string> Names(string text) => Name().Matches(text).Select(match => match.Value);

    [GeneratedRegex("fairlead_sidecar_[a-z_]+")]
    private static partial Regex Name();
}
