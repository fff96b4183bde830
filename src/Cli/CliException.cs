namespace Fairlead.Cli;

/// <summary>Ends a command with a message for its user and an exit code.</summary>
internal sealed class CliException(int exitCode, string message) : Exception(message)
{
    /// <summary>One of <see cref="Cli.ExitCode"/>.</summary>
    internal int ExitCode { get; } = exitCode;
}
