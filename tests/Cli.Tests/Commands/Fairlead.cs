using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Cli.Tests.Commands;

/// <summary>Runs one command line in this process.</summary>
internal sealed record Fairlead(int ExitCode, string Output, string Error)
{
    internal static async Task<Fairlead> RunAsync(params string[] arguments)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        var code = await FairleadCommand.RunAsync(arguments, output, TestContext.Current.CancellationToken, error);
        return new Fairlead(code, output.ToString(), error.ToString());
    }

    /// <summary>Asserts the exit code and a part of the message.</summary>
    internal Fairlead Fails(int exitCode, string part)
    {
        Assert.True(exitCode == ExitCode, $"exit code {ExitCode}, not {exitCode}: {Error}");
        Assert.Contains(part, Error, StringComparison.Ordinal);
        Assert.Null(DoubledWords.In(Error));
        return this;
    }

    internal Fairlead Succeeds()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}: {Error}");
        return this;
    }
}
