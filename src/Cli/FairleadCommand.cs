using System.CommandLine;
using Fairlead.Cli.Commands;
using Fairlead.Protocol.Files;
using Fairlead.Rpc;

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
        IReadOnlyList<string> arguments,
        TextWriter output,
        CancellationToken cancellationToken,
        TextWriter? error = null)
    {
        error ??= Console.Error;
        var parsed = Build(output).Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (var wrong in Wrong(parsed))
            {
                await ComplainAsync(error, wrong).ConfigureAwait(false);
            }

            return ExitCode.Usage;
        }

        try
        {
            // Signals are this program's own: the library would end the process while a demo still stops its children.
            var invocation = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
                Output = output,
                Error = error,
            };
            return await parsed.InvokeAsync(invocation, cancellationToken).ConfigureAwait(false);
        }
        catch (CliException e)
        {
            await ComplainAsync(error, e.Message).ConfigureAwait(false);
            return e.ExitCode;
        }
        catch (KeyFileException e)
        {
            await ComplainAsync(error, e.Message).ConfigureAwait(false);
            return ExitCode.Usage;
        }
        catch (Exception e) when (
            e is OperationCanceledException or RpcException && cancellationToken.IsCancellationRequested)
        {
            await ComplainAsync(error, "interrupted").ConfigureAwait(false);
            return ExitCode.Interrupted;
        }
    }

    // Of a word that is no command the library says first that there is none.
    private static IEnumerable<string> Wrong(ParseResult parsed)
    {
        var commands = parsed.CommandResult.Command.Subcommands.Select(command => command.Name).ToList();
        return parsed.UnmatchedTokens is [var word, ..] && commands.Count > 0
            ? [$"'{word}' is no command here; there are {string.Join(", ", commands)}"]
            : parsed.Errors.Select(wrong => wrong.Message);
    }

    private static Task ComplainAsync(TextWriter error, string message) => error.WriteLineAsync($"fairlead: {message}");

    private static RootCommand Build(TextWriter output)
    {
        var root = new RootCommand("Names between clusters that nobody has to trust blindly.");
        root.Subcommands.Add(ResolveCommand.Build("resolve", output));
        root.Subcommands.Add(ResolveCommand.Build("trace", output));
        root.Subcommands.Add(ExplainCommand.Build(output));
        root.Subcommands.Add(VerifyCommand.Build(output));
        root.Subcommands.Add(SegmentCommand.Build(output));
        root.Subcommands.Add(ProposeCommand.Build(output));
        root.Subcommands.Add(OperateCommands.Proposals(output));
        root.Subcommands.Add(OperateCommands.Approve(output));
        root.Subcommands.Add(OperateCommands.Withdraw(output));
        root.Subcommands.Add(OperateCommands.Log(output));
        root.Subcommands.Add(OperateCommands.Policy(output));
        root.Subcommands.Add(KeyCommand.Build(output));
        root.Subcommands.Add(ManifestsCommand.Build(output));
        root.Subcommands.Add(DemoCommand.Build(output));
        return root;
    }
}
