using Fairlead.TestKit.Processes;
using Xunit;

namespace Fairlead.EndToEnd.Tests;

/// <summary>The built programs, as a user starts them.</summary>
internal static class Programs
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);

    private static readonly string Here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);

    /// <summary>
    /// The command line that starts a program: <c>Cli</c>, <c>Anchor</c>, <c>Controller</c>, <c>Sidecar</c>.
    /// </summary>
    internal static string[] Line(string host, params string[] arguments)
    {
        var file = Path.GetFullPath(Path.Combine(
            Here, "..", "..", host, Path.GetFileName(Here), host == "Cli" ? "fairlead.dll" : $"Fairlead.{host}.dll"));
        Assert.True(File.Exists(file), $"{file} is not built");
        return ["dotnet", file, .. arguments];
    }

    /// <summary>Starts a command line.</summary>
    internal static ChildProcess Start(
        IReadOnlyList<string> line, IReadOnlyDictionary<string, string?>? environment = null) =>
        ChildProcess.Start(line[0], line.Skip(1), environment);

    /// <summary>Runs <c>fairlead</c> to its end.</summary>
    internal static Task<ProgramRun> FairleadAsync(params string[] arguments) => RunAsync(Line("Cli", arguments));

    /// <summary>Runs a command line to its end.</summary>
    internal static async Task<ProgramRun> RunAsync(
        IReadOnlyList<string> line, IReadOnlyDictionary<string, string?>? environment = null)
    {
        await using var process = Start(line, environment);
        var (code, output) = await process.WaitForExitAsync(Bound, TestContext.Current.CancellationToken);
        return new ProgramRun(code, output, process.Errors);
    }
}
