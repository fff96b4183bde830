using System.Reflection;

namespace Fairlead.Hosting;

/// <summary>What every long-running program answers before it reads anything: <c>--help</c>, <c>-h</c> and
/// <c>--version</c>. Stateless.</summary>
public static class ProgramHelp
{
    private const string Options =
        "\n  --config FILE   the configuration, YAML: docs/configuration.md lists all of it"
        + "\n  --check-config  say everything that would keep it from starting, and end: 0 for nothing, else 2"
        + "\n  --help, --version"
        + "\nIt ends with 0 when it is told to, 1 when something inside broke, 2 for what the configuration must mend.";

    /// <summary>The answer; null where the arguments ask for something else.</summary>
    /// <param name="arguments">The words behind the program.</param>
    /// <param name="usage">How it is called, one line.</param>
    /// <param name="program">Says name and version.</param>
    public static string? Of(IReadOnlyList<string> arguments, string usage, Assembly program) => arguments switch
    {
        ["--help"] or ["-h"] => usage + Options,
        ["--version"] => $"{program?.GetName().Name} {VersionOf(program!)}",
        _ => null,
    };

    /// <summary>The version of a program's build.</summary>
    public static string VersionOf(Assembly program) =>
        program.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
}
