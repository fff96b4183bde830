using Fairlead.Hosting;

namespace Fairlead.Anchor.Hosting;

/// <summary>What an anchor counts. Thread-safe.</summary>
internal sealed class AnchorMetrics
{
    /// <summary>Newer certified seals that came into hand.</summary>
    internal Counter Seals { get; } = new();

    /// <summary>Epochs whose first seal was published here.</summary>
    internal Counter Epochs { get; } = new();

    /// <summary>Entries that publishers offered here and that passed every check.</summary>
    internal Counter Accepted { get; } = new();

    /// <summary>Entries that were refused, by the error's name.</summary>
    internal CounterFamily Refused { get; } = new();

    /// <summary>Connections and calls of strangers that were refused or closed, by the reason.</summary>
    internal CounterFamily StrangersRefused { get; } = new();
}
