namespace Fairlead.Cli.Demo;

/// <summary>What the demo was asked to do.</summary>
/// <param name="Keep">Run no checks and stay up until SIGINT or SIGTERM.</param>
/// <param name="EnvFile">Where to write the addresses of what runs; null for nowhere.</param>
/// <param name="Repository">The folder that holds <c>samples</c> and <c>eng</c>.</param>
/// <param name="Listener">The port of Envoy's listener; 0 for a free one.</param>
/// <param name="Checks">The numbers of the checks to run; null for all.</param>
/// <param name="Outage">How long requests go on while the parent is dead.</param>
internal sealed record DemoOptions(
    bool Keep, string? EnvFile, string Repository, int Listener, IReadOnlySet<string>? Checks, TimeSpan Outage)
{
    /// <summary>With <see cref="Keep"/>, the policy of all segments in place of the demo's; null for that.</summary>
    internal string? Policy { get; init; }

    /// <summary>With <see cref="Keep"/>, whether the world below a parent stays up and not the two peers.</summary>
    internal bool IsBelowAParent { get; init; }

    /// <summary>Whether a check of these is to run.</summary>
    internal bool Wants(params IEnumerable<string> numbers) => Checks is null || numbers.Any(Checks.Contains);
}
