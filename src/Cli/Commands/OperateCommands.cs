using System.CommandLine;
using Fairlead.Cli.Operating;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead proposals</c>, <c>approve</c>, <c>withdraw</c>, <c>log</c> and <c>policy</c>, at the socket of
/// the operator's own anchor.</summary>
internal static class OperateCommands
{
    internal static Command Proposals(TextWriter output)
    {
        var (socket, format) = (OutputOptions.Socket(), OutputOptions.Format());
        var command = new Command("proposals", "Show the operations that wait, and what each would do.")
        {
            socket, format,
        };
        command.SetAction((parsed, cancellationToken) => Deciding.ProposalsAsync(
            parsed.GetValue(socket)!, parsed.GetValue(format) == "json", output, cancellationToken));
        return command;
    }

    internal static Command Approve(TextWriter output)
    {
        var digest = new Argument<string>("digest")
        {
            Description = "The operation's digest, or its first digits, at least 8.",
        };
        var (socket, format) = (OutputOptions.Socket(), OutputOptions.Format());
        var command = new Command("approve", "Let this anchor decide for an operation that waits.")
        {
            digest, socket, format,
        };
        command.SetAction((parsed, cancellationToken) => Deciding.ApproveAsync(
            parsed.GetValue(socket)!, parsed.GetValue(digest)!, parsed.GetValue(format) == "json", output,
            cancellationToken));
        return command;
    }

    internal static Command Withdraw(TextWriter output)
    {
        var digest = new Argument<string>("digest")
        {
            Description = "The operation's digest, or its first digits, at least 8.",
        };
        var (socket, format) = (OutputOptions.Socket(), OutputOptions.Format());
        var command = new Command(
            "withdraw",
            "Take back an operation that this anchor proposed, or your approval of one. What anchors voted for stays "
            + "bound.")
        {
            digest, socket, format,
        };
        command.SetAction((parsed, cancellationToken) => Deciding.WithdrawAsync(
            parsed.GetValue(socket)!, parsed.GetValue(digest)!, parsed.GetValue(format) == "json", output,
            cancellationToken));
        return command;
    }

    internal static Command Policy(TextWriter output)
    {
        var socket = OutputOptions.Socket();
        var command = new Command(
            "policy",
            "Write the policy in force, with its Rules, Scopes and trust domains, as a file of propose policy.")
        {
            socket,
        };
        command.SetAction((parsed, cancellationToken) => PolicyInForce.RunAsync(
            parsed.GetValue(socket)!, output, cancellationToken));
        return command;
    }

    internal static Command Log(TextWriter output)
    {
        var from = new Option<long>("--from") { Description = "The first epoch to show." };
        var (socket, format) = (OutputOptions.Socket(), OutputOptions.Format());
        var command = new Command("log", "Show the epochs that were decided.") { from, socket, format };
        command.SetAction((parsed, cancellationToken) => EpochHistory.RunAsync(
            parsed.GetValue(socket)!, parsed.GetValue(from), parsed.GetValue(format) == "json", output,
            cancellationToken));
        return command;
    }
}
