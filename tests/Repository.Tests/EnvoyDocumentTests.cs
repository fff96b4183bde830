using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Fairlead.Repository.Tests;

/// <summary>The tables of docs/envoy.md leave out no row, and name tests that exist.</summary>
public sealed partial class EnvoyDocumentTests
{
    private const string Document = "docs/envoy.md";

    private static IReadOnlyList<string[]> Rows { get; } =
    [
        .. RepositoryRoot.Read(Document).Split('\n')
            .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => RowCell().IsMatch(cells[0])),
    ];

    /// <summary>A row for each thing that was seen of endpoints, clusters and reconnects, and of what a client
    /// sees.</summary>
    [Theory]
    [InlineData('E', 22, 4)]
    [InlineData('C', 8, 5)]
    public void Rows_EachStandOnceInOrder(char kind, int count, int cells)
    {
        var rows = Rows.Where(row => row[0][0] == kind).ToList();
        Assert.Equal(
            Enumerable.Range(1, count), rows.Select(row => int.Parse(row[0][1..], CultureInfo.InvariantCulture)));
        Assert.All(rows, row => Assert.Equal(cells, row.Length));
        Assert.All(rows.SelectMany(row => row), Assert.NotEmpty);
    }

    [Fact]
    public void Tests_OfEveryRow_Exist() =>
        Findings.None(Rows.SelectMany(row => TestNames.Problems(row[0], row[^1])));

    [GeneratedRegex(@"^[EC]\d+$")]
    private static partial Regex RowCell();
}
