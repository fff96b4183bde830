using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Fairlead.TestKit.Processes;

/// <summary>Finds an Envoy by the one script that everything here uses.</summary>
public static class EnvoyBinary
{
    private static readonly Lazy<(string? Path, string Reason)> Found = new(() => Find());

    /// <summary>Its path; null where there is none.</summary>
    public static string? Path => Found.Value.Path;

    /// <summary>Why there is none.</summary>
    public static string Reason => Found.Value.Reason;

    /// <summary>The oldest Envoy that is supported, by the variable <c>ENVOY_1_36</c>; null where it names
    /// none.</summary>
    public static string? Oldest =>
        Environment.GetEnvironmentVariable("ENVOY_1_36") is { Length: > 0 } path && File.Exists(path) ? path : null;

    /// <summary>What to do where there is none.</summary>
    public static string OldestReason => "no Envoy 1.36: give its path in ENVOY_1_36";

    private static (string? Path, string Reason) Find([CallerFilePath] string here = "")
    {
        var folder = new FileInfo(here).Directory;
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "Sidecar.sln")))
        {
            folder = folder.Parent;
        }

        if (folder is null)
        {
            return (null, "no repository above " + here);
        }

        var script = System.IO.Path.Combine(folder.FullName, "eng", "find-envoy.sh");
        var info = new ProcessStartInfo("bash", [script])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Children.Start(info);
        var reason = process.StandardError.ReadToEndAsync();
        var path = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return process.ExitCode == 0 ? (path, "") : (null, "no Envoy: " + reason.GetAwaiter().GetResult().Trim());
    }
}
