using System.Runtime.CompilerServices;

namespace Fairlead.Repository.Tests;

/// <summary>Where the repository lies, and which files belong to it.</summary>
internal static class RepositoryRoot
{
    private static readonly Lazy<IReadOnlyList<string>> Files = new(ListFiles);

    /// <summary>The absolute path, from where this source file was compiled.</summary>
    internal static string Path { get; } = Find();

    /// <summary>The files that git tracks or would track, those that are there, relative, in ordinal order.</summary>
    internal static IReadOnlyList<string> TrackedFiles => Files.Value;

    /// <summary>The tracked files with this ending under a folder.</summary>
    internal static IEnumerable<string> FilesUnder(string folder, string ending) =>
        TrackedFiles.Where(file => file.StartsWith(folder, StringComparison.Ordinal)
            && file.EndsWith(ending, StringComparison.Ordinal));

    /// <summary>The text of a file by its relative path.</summary>
    internal static string Read(string relative) => File.ReadAllText(Absolute(relative));

    /// <summary>The absolute path of a relative one.</summary>
    internal static string Absolute(string relative) => System.IO.Path.Combine(Path, relative);

    private static string Find([CallerFilePath] string here = "")
    {
        var folder = new DirectoryInfo(System.IO.Path.GetDirectoryName(here)!);
        while (!File.Exists(System.IO.Path.Combine(folder.FullName, "Sidecar.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("no Sidecar.sln above " + here);
        }

        return folder.FullName;
    }

    private static List<string> ListFiles()
    {
        var listed = Command.Run("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"]);
        if (listed.ExitCode != 0)
        {
            throw new InvalidOperationException("git ls-files failed: " + listed.Error);
        }

        return [.. listed.Output.Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Distinct().Where(file => File.Exists(Absolute(file))).Order(StringComparer.Ordinal)];
    }
}
