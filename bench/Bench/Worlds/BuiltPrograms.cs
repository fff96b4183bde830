namespace Fairlead.Bench;

/// <summary>The other programs of Fairlead, as the build lays them out beside this one.</summary>
internal static class BuiltPrograms
{
    /// <summary>The command line's program.</summary>
    public static string Fairlead => Find("Cli", "fairlead.dll");

    /// <summary>The host that serves endpoints alone, published as the sidecar is.</summary>
    public static string XdsHost => Published("xdshost", "XdsHost", "make publish-xdshost");

    /// <summary>The sidecar's program as a pod runs it, published for this platform.</summary>
    public static string Sidecar => Published("sidecar", "Fairlead.Sidecar", "make publish-sidecar");

    private static string Published(string folder, string file, string remedy)
    {
        var path = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "publish", folder, file));
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing; run {remedy}");
    }

    private static string Find(string project, string file)
    {
        var here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        var path = Path.GetFullPath(Path.Combine(here, "..", "..", project, Path.GetFileName(here), file));
        return File.Exists(path)
            ? path
            : throw new FileNotFoundException($"{project} is not built: {path} is missing; run make build");
    }
}
