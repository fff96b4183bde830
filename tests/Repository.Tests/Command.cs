using System.Diagnostics;

namespace Fairlead.Repository.Tests;

/// <summary>Runs a program to its end, in the repository's folder and without stdin.</summary>
internal static class Command
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    internal sealed record Ended(int ExitCode, string Output, string Error)
    {
        internal string LastLine => Output.TrimEnd('\n').Split('\n')[^1];
    }

    /// <summary>A null value takes the variable out of the environment.</summary>
    internal static Ended Run(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = RepositoryRoot.Path,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment.Remove(name);
            if (value is not null)
            {
                start.Environment[name] = value;
            }
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Bound))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} did not end within {Bound}");
        }

        return new Ended(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }
}
