using Xunit;

namespace Fairlead.Repository.Tests;

/// <summary>The rows of ARCHITECTURE.md: a project of `src` references only projects of rows below its own.</summary>
public sealed class DependencyTests
{
    private static readonly (string Row, string[] Projects)[] Rows =
    [
        ("ground", ["Files"]),
        ("domain", ["Naming"]),
        ("base", ["Rpc", "Store", "EnvoyApi", "Configuration", "Hosting"]),
        ("mapping", ["Protocol", "Identities"]),
        ("engines", ["Resolver", "Governance"]),
        ("adapters", ["Xds", "Kubernetes", "Store.Sqlite", "Store.Etcd", "Telemetry"]),
        ("hosts", ["Sidecar", "Anchor", "Controller", "Cli"]),
    ];

    private static readonly string[] VagueNames = ["Common", "Core", "Shared", "Utils", "Helpers"];

    private static IEnumerable<ProjectGraph.Project> Source => ProjectGraph.Projects.Values.Where(p => p.IsSource);

    [Fact]
    public void Project_OfSource_StandsInARow() =>
        Assert.All(Source, project => Assert.True(RowOf(project.Name) >= 0, project.Name));

    [Fact]
    public void References_OfSource_PointDownwards()
    {
        Assert.NotEmpty(Source);
        var wrong =
            from project in Source
            from reference in project.References
            where RowOf(reference) < 0 || RowOf(reference) >= RowOf(project.Name)
            select $"{project.Path} references {reference}";
        Findings.None(wrong);
    }

    [Theory]
    [InlineData("Files")]
    [InlineData("Rpc")]
    [InlineData("Store")]
    [InlineData("EnvoyApi")]
    [InlineData("Configuration")]
    [InlineData("Hosting")]
    [InlineData("Xds")]
    [InlineData("Store.Sqlite")]
    [InlineData("Telemetry")]
    public void Closure_WithoutDomain_HoldsNoNaming(string project) =>
        Assert.DoesNotContain("Naming", ProjectGraph.Closure(project));

    [Fact]
    public void Hosts_AreReferencedOnlyByTestsAndBenchmarks()
    {
        var hosts = Rows[^1].Projects;
        var wrong =
            from project in ProjectGraph.Projects.Values
            where !project.IsTest && project.Name != "Bench"
                && project.Name != "Liar" // the lying anchor is built on the honest one
                && project.Name != "ViewsHost" // a sidecar's views in a process whose memory a test reads
            from reference in project.References.Intersect(hosts)
            select $"{project.Path} references {reference}";
        Findings.None(wrong);
        var ofTheLiar = ProjectGraph.Projects["Liar"].References.Intersect(hosts);
        Assert.Subset(new HashSet<string> { "Anchor" }, ofTheLiar.ToHashSet());
        var ofTheViews = ProjectGraph.Projects["ViewsHost"].References.Intersect(hosts);
        Assert.Subset(new HashSet<string> { "Sidecar" }, ofTheViews.ToHashSet());
    }

    [Fact]
    public void TestProjects_AreReferencedByNoSource()
    {
        var source = Source.Select(project => project.Name).ToHashSet();
        Assert.All(Source, project => Assert.Subset(source, project.References.ToHashSet()));
    }

    [Fact]
    public void Naming_ReferencesNothing()
    {
        var naming = ProjectGraph.Projects["Naming"];
        Assert.Empty(naming.References);
        Assert.Empty(naming.Packages);
        Assert.Empty(naming.Frameworks);
    }

    [Fact]
    public void Governance_KnowsOnlyTheDomain()
    {
        var governance = ProjectGraph.Projects["Governance"];
        Assert.Equal(["Naming"], governance.References);
        Assert.Empty(governance.Packages);
        Assert.Empty(governance.Frameworks);
    }

    [Fact]
    public void Project_Name_SaysWhatItIs() => Findings.None(ProjectGraph.Projects.Keys.Intersect(VagueNames));

    [Fact]
    public void Solution_HoldsEveryProject()
    {
        var solution = RepositoryRoot.Read("Sidecar.sln").Replace('\\', '/');
        Findings.None(ProjectGraph.Projects.Values.Select(project => project.Path)
            .Where(path => !solution.Contains($"\"{path}\"", StringComparison.Ordinal)));
    }

    private static int RowOf(string project) => Array.FindIndex(Rows, row => row.Projects.Contains(project));
}
