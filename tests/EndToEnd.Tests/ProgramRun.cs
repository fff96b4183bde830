using System.Text.Json.Nodes;
using Xunit;

namespace Fairlead.EndToEnd.Tests;

/// <summary>What a program that ran to its end left behind.</summary>
internal sealed record ProgramRun(int ExitCode, string Output, string Error)
{
    internal JsonNode Json => JsonNode.Parse(Output)!;

    /// <summary>Asserts the exit code.</summary>
    internal ProgramRun Ends(int exitCode)
    {
        Assert.True(ExitCode == exitCode, $"exit code {ExitCode}, not {exitCode}: {Output}{Error}");
        return this;
    }

    /// <summary>Asserts the exit code and what stderr says, without a stack trace.</summary>
    internal ProgramRun Fails(int exitCode, params string[] parts)
    {
        Ends(exitCode);
        Assert.All(parts, part => Assert.Contains(part, Error, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        return this;
    }
}
