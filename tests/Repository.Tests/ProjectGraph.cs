using System.Xml.Linq;

namespace Fairlead.Repository.Tests;

/// <summary>The projects and what each one references, as their files say.</summary>
internal static class ProjectGraph
{
    internal sealed record Project(
        string Path,
        IReadOnlyList<string> References,
        IReadOnlyList<XElement> Packages,
        IReadOnlyList<string> Frameworks)
    {
        internal string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

        internal bool IsSource => Path.StartsWith("src/", StringComparison.Ordinal);

        internal bool IsTest => Path.EndsWith(".Tests.csproj", StringComparison.Ordinal);
    }

    internal static IReadOnlyDictionary<string, Project> Projects { get; } =
        RepositoryRoot.FilesUnder("", ".csproj").Select(Read).ToDictionary(project => project.Name);

    /// <summary>Everything a project reaches, itself left out.</summary>
    internal static IReadOnlySet<string> Closure(string name)
    {
        var reached = new HashSet<string>();
        var waiting = new Queue<string>([name]);
        while (waiting.TryDequeue(out var next))
        {
            foreach (var reference in Projects[next].References.Where(reached.Add))
            {
                waiting.Enqueue(reference);
            }
        }

        return reached;
    }

    private static Project Read(string path)
    {
        var document = XDocument.Load(RepositoryRoot.Absolute(path));
        string[] Included(string element) =>
            [.. document.Descendants(element).Select(item => item.Attribute("Include")!.Value)];
        return new Project(
            path,
            [.. Included("ProjectReference").Select(file => System.IO.Path.GetFileNameWithoutExtension(file))],
            [.. document.Descendants("PackageReference")],
            Included("FrameworkReference"));
    }
}
