namespace Fairlead.Naming.Traversal;

/// <summary>
/// Threads beside the verifier's own that check signatures of the same answer. They change how long a verdict takes and
/// nothing else. Immutable; what it runs on is the caller's.
/// </summary>
/// <param name="Helpers">How many pieces of work one answer is worth at most; at least 1.</param>
/// <param name="Run">Runs a piece of work, now, soon or never, on any thread; it does not throw and waits for
/// nothing.</param>
public sealed record SignatureHelp(int Helpers, Action<Action> Run);
