namespace Fairlead.Cli.Demo.Checks;

/// <summary>One check of the demo. Immutable.</summary>
/// <param name="Name">Its number, a space, and what must hold.</param>
/// <param name="RunAsync">Runs it; returns what it found.</param>
internal sealed record CheckRow(string Name, Func<CancellationToken, Task<string>> RunAsync)
{
    /// <summary>What <c>--checks</c> chooses it by.</summary>
    internal string Number => Name.Split(' ')[0];

    /// <summary>Whether it runs at the same time as the check before: most of both is waiting, for other names.
    /// </summary>
    internal bool IsBeside { get; init; }
}
