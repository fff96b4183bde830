using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Fairlead.Repository.Tests;

public sealed partial class PackageTests
{
    private static IReadOnlyList<XElement> Versions { get; } =
        [.. XDocument.Load(RepositoryRoot.Absolute("Directory.Packages.props")).Descendants("PackageVersion")];

    [Fact]
    public void Versions_AreExact()
    {
        Assert.NotEmpty(Versions);
        Assert.All(Versions, version => Assert.Matches(ExactVersion(), version.Attribute("Version")!.Value));
    }

    [Fact]
    public void Versions_StandOnlyInTheCentralFile() =>
        Assert.All(ProjectGraph.Projects.Values, project => Assert.All(project.Packages, package =>
        {
            Assert.Null(package.Attribute("Version"));
            Assert.Null(package.Attribute("VersionOverride"));
        }));

    [Fact]
    public void Versions_AreAllUsed()
    {
        var used = ProjectGraph.Projects.Values.SelectMany(project => project.Packages)
            .Concat(XDocument.Load(RepositoryRoot.Absolute("Directory.Build.props")).Descendants("PackageReference"))
            .Select(package => package.Attribute("Include")!.Value).ToHashSet();
        var names = Versions.Select(version => version.Attribute("Include")!.Value);
        Findings.None(names.Where(name => !used.Contains(name)));
    }

    [Fact]
    public void Versions_OfNodePackages_AreExact()
    {
        foreach (var file in RepositoryRoot.FilesUnder("", "package.json"))
        {
            using var package = System.Text.Json.JsonDocument.Parse(RepositoryRoot.Read(file));
            foreach (var kind in (string[])["dependencies", "devDependencies"])
            {
                if (package.RootElement.TryGetProperty(kind, out var dependencies))
                {
                    Assert.All(
                        dependencies.EnumerateObject(),
                        one => Assert.Matches(ExactVersion(), one.Value.GetString()));
                }
            }

            var locked = file.Replace("package.json", "package-lock.json", StringComparison.Ordinal);
            Assert.Contains(locked, RepositoryRoot.TrackedFiles);
        }
    }

    [GeneratedRegex(@"^\d+\.\d+\.\d+$")]
    private static partial Regex ExactVersion();
}
