using System.Diagnostics;

namespace Fairlead.Cli.Demo;

/// <summary>
/// Finds the other programs of Fairlead: under <c>FAIRLEAD_PROGRAMS</c>, else beside this one as the build lays them
/// out (<c>&lt;programs&gt;/&lt;Host&gt;/&lt;configuration&gt;/</c>).
/// </summary>
internal sealed class Programs(string root, string configuration)
{
    internal const string Variable = "FAIRLEAD_PROGRAMS";

    /// <summary>The programs as seen from this one.</summary>
    internal static Programs Locate()
    {
        var here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        var configuration = Path.GetFileName(here);
        var root = Environment.GetEnvironmentVariable(Variable) ?? Path.GetFullPath(Path.Combine(here, "..", ".."));
        return new Programs(root, configuration);
    }

    /// <summary>How to start a host, <c>Anchor</c> for example.</summary>
    /// <exception cref="CliException">It has not been built.</exception>
    internal ProcessStartInfo Start(string host, params ReadOnlySpan<string> arguments)
    {
        var file = Path.Combine(root, host, configuration, host == "Cli" ? "fairlead.dll" : $"Fairlead.{host}.dll");
        if (!File.Exists(file))
        {
            throw new CliException(
                ExitCode.Usage, $"{host} is not built: {file} is missing; run make build, or set {Variable}");
        }

        var info = new ProcessStartInfo(Environment.ProcessPath is { } self && IsDotnet(self) ? self : "dotnet");
        info.ArgumentList.Add(file);
        foreach (var argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        if (host is "Anchor" or "Controller" or "Liar")
        {
            // Many of them on one machine, and nobody who scrapes them: the system chooses the ports.
            info.Environment["FAIRLEAD_METRICS"] = "127.0.0.1:0";
        }

        return info;
    }

    private static bool IsDotnet(string path) => Path.GetFileNameWithoutExtension(path) == "dotnet";
}
