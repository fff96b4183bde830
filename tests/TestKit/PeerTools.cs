using System.Diagnostics;

namespace Fairlead.TestKit;

/// <summary>Finds the foreign programs that tests run against, by the same rules everywhere.</summary>
public static class PeerTools
{
    private static readonly Lazy<string?> PythonWithGrpc = new(() => FindPython("import grpc"));

    /// <summary>The repository's folder.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>
    /// A python that has grpc, of <c>$PYTHON</c>, <c>python3</c>, <c>/usr/bin/python3</c>; null if none has.
    /// </summary>
    public static string? Python => PythonWithGrpc.Value;

    /// <summary>node, if there is one; null otherwise.</summary>
    public static string? Node { get; } = FindOnPath("node");

    /// <summary>The folder of tests/node with its packages; null if `npm ci` has not run there.</summary>
    public static string? NodePackages
    {
        get
        {
            var folder = Path.Combine(RepositoryRoot, "tests", "node");
            return Directory.Exists(Path.Combine(folder, "node_modules", "@grpc", "grpc-js")) ? folder : null;
        }
    }

    /// <summary>A program on PATH, by its full path; null if there is none.</summary>
    public static string? FindOnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);

    /// <summary>Starts a program with all three streams redirected.</summary>
    public static Process Start(string program, IEnumerable<string> arguments, string? workingDirectory = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory ?? "",
        };
        return Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
    }

    /// <summary>Runs a program to its end; kills it, and fails, when the token is cancelled.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string program,
        IEnumerable<string> arguments,
        string? workingDirectory,
        CancellationToken cancellationToken)
    {
        using var process = Start(program, arguments, workingDirectory);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var error = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static string? FindPython(string probe) =>
        new[] { Environment.GetEnvironmentVariable("PYTHON"), FindOnPath("python3"), "/usr/bin/python3" }
            .FirstOrDefault(python => !string.IsNullOrEmpty(python) && Succeeds(python, ["-c", probe]));

    private static bool Succeeds(string program, string[] arguments)
    {
        try
        {
            using var process = Start(program, arguments);
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Sidecar.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("No Sidecar.sln above the tests.");
    }
}
