using System.Collections.Immutable;
using Fairlead.Naming;

namespace Fairlead.Anchor.Home;

/// <summary>
/// A segment's epochs as documents from its genesis, each once: what is relayed to consumers that know nothing of it.
/// Holds only what was verified. Thread-safe.
/// </summary>
internal sealed class EpochLog
{
    private readonly Lock _gate = new();
    private ImmutableArray<EpochDocument> _epochs = [];

    /// <summary>The epochs, ascending from 0.</summary>
    internal ImmutableArray<EpochDocument> All
    {
        get
        {
            lock (_gate)
            {
                return _epochs;
            }
        }
    }

    /// <summary>A log of epochs that are verified already, ascending from 0.</summary>
    internal static EpochLog Of(ImmutableArray<EpochDocument> epochs) => new() { _epochs = epochs };

    /// <summary>Adds those that continue the log.</summary>
    internal void Add(IEnumerable<EpochDocument> epochs)
    {
        lock (_gate)
        {
            foreach (var epoch in epochs)
            {
                if (Document.TryParse<Epoch>(epoch.Payload, out var parsed, out _)
                    && parsed.Value.Number == _epochs.Length)
                {
                    _epochs = _epochs.Add(epoch);
                }
            }
        }
    }
}
