using System.Diagnostics;

namespace Fairlead.Cli.Demo;

/// <summary>
/// Finds the other programs of Fairlead: under <c>FAIRLEAD_PROGRAMS</c>, else beside this one as the build lays them
/// out (<c>&lt;programs&gt;/&lt;Host&gt;/&lt;configuration&gt;/</c>). The sidecar may be another,
/// <c>FAIRLEAD_SIDECAR</c>: the one that was published for a platform, for example. Immutable.
/// </summary>
/// <param name="root">The folder of the programs.</param>
/// <param name="configuration">Of the build, <c>release</c> for example.</param>
/// <param name="sidecar">The sidecar's executable, if it is another than the build's.</param>
internal sealed class Programs(string root, string configuration, string? sidecar = null)
{
    internal const string Variable = "FAIRLEAD_PROGRAMS";
    internal const string SidecarVariable = "FAIRLEAD_SIDECAR";

    /// <summary>The programs as seen from this one.</summary>
    internal static Programs Locate()
    {
        var here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        var configuration = Path.GetFileName(here);
        var root = Environment.GetEnvironmentVariable(Variable) ?? Path.GetFullPath(Path.Combine(here, "..", ".."));
        var sidecar = Environment.GetEnvironmentVariable(SidecarVariable);
        return new Programs(root, configuration, string.IsNullOrEmpty(sidecar) ? null : sidecar);
    }

    /// <summary>How to start a host, <c>Anchor</c> for example.</summary>
    /// <exception cref="CliException">It has not been built.</exception>
    internal ProcessStartInfo Start(string host, params ReadOnlySpan<string> arguments)
    {
        var info = Program(host);
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

    private ProcessStartInfo Program(string host)
    {
        if (host == "Sidecar" && sidecar is not null)
        {
            return File.Exists(sidecar)
                ? new ProcessStartInfo(sidecar)
                : throw new CliException(
                    ExitCode.Usage, $"{sidecar} is missing; run make publish-sidecar, or unset {SidecarVariable}");
        }

        var file = Path.Combine(root, host, configuration, host == "Cli" ? "fairlead.dll" : $"Fairlead.{host}.dll");
        if (!File.Exists(file))
        {
            throw new CliException(
                ExitCode.Usage, $"{host} is not built: {file} is missing; run make build, or set {Variable}");
        }

        var info = new ProcessStartInfo(Environment.ProcessPath is { } self && IsDotnet(self) ? self : "dotnet");
        info.ArgumentList.Add(file);
        return info;
    }

    private static bool IsDotnet(string path) => Path.GetFileNameWithoutExtension(path) == "dotnet";
}
