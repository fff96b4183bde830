using Fairlead.Naming.Traversal;

namespace Fairlead.Resolver.Home;

/// <summary>Help with signatures by the threads of the pool that have nothing else to do. Thread-safe.</summary>
public static class PoolHelp
{
    // Of a cold answer over three segments more of them would find nothing left.
    private const int Most = 3;

    /// <summary>As many helpers as there are other processors, three at most; null where there is none.</summary>
    public static SignatureHelp? Instance { get; } = Environment.ProcessorCount < 2
        ? null
        : new SignatureHelp(
            Math.Min(Most, Environment.ProcessorCount - 1),
            static piece =>
                ThreadPool.UnsafeQueueUserWorkItem(static piece => piece(), piece, preferLocal: false));
}
