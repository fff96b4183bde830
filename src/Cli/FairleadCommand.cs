using System.CommandLine;
using Fairlead.Cli.Commands;
using Fairlead.Protocol.Files;

namespace Fairlead.Cli;

/// <summary>The command line of <c>fairlead</c>.</summary>
internal static class FairleadCommand
{
    /// <summary>Runs one command line.</summary>
    /// <param name="arguments">The words behind <c>fairlead</c>.</param>
    /// <param name="output">Where results go.</param>
    /// <param name="error">Where errors go; null for standard error.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    internal static async Task<int> RunAsync(
        IReadOnlyList<string> arguments, TextWriter output, CancellationToken cancellationToken, TextWriter? error = null)
    {
        error ??= Console.Error;
        var parsed = Build(output).Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (var wrong in parsed.Errors)
            {
                await error.WriteLineAsync($"fairlead: {wrong.Message}".AsMemory(), cancellationToken).ConfigureAwait(false);
            }

            return ExitCode.Usage;
        }

        try
        {
            var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output, Error = error };
            return await parsed.InvokeAsync(invocation, cancellationToken).ConfigureAwait(false);
        }
        catch (CliException e)
        {
            await error.WriteLineAsync($"fairlead: {e.Message}".AsMemory(), cancellationToken).ConfigureAwait(false);
            return e.ExitCode;
        }
        catch (KeyFileException e)
        {
            await error.WriteLineAsync($"fairlead: {e.Message}".AsMemory(), cancellationToken).ConfigureAwait(false);
            return ExitCode.Usage;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCode.Answer;
        }
    }

    private static RootCommand Build(TextWriter output)
    {
        var root = new RootCommand("Names between clusters that nobody has to trust blindly.");
        root.Subcommands.Add(ResolveCommand.Build("resolve", output));
        root.Subcommands.Add(ResolveCommand.Build("trace", output));
        root.Subcommands.Add(VerifyCommand.Build(output));
        root.Subcommands.Add(SegmentCommand.Build(output));
        root.Subcommands.Add(KeyCommand.Build(output));
        root.Subcommands.Add(ManifestsCommand.Build(output));
        root.Subcommands.Add(DemoCommand.Build(output));
        return root;
    }
}
