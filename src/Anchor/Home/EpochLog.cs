using System.Collections.Immutable;
using Fairlead.Naming;

namespace Fairlead.Anchor.Home;

/// <summary>
/// A segment's epochs as documents from its genesis, each once: what is relayed to consumers that know nothing of it.
/// Holds only what was verified. Thread-safe.
/// </summary>
internal sealed class EpochLog
{
    private const int SignatureBytes = 128;

    private readonly Lock _gate = new();
    private ImmutableArray<EpochDocument> _epochs = [];
    private bool _isUsed = true;
    private long _bytes;
    private Digest? _behind;

    /// <summary>The epochs, ascending from 0.</summary>
    internal ImmutableArray<EpochDocument> All
    {
        get
        {
            lock (_gate)
            {
                _isUsed = true;
                return _epochs;
            }
        }
    }

    /// <summary>The bytes of its documents and their signatures.</summary>
    internal long Bytes
    {
        get
        {
            lock (_gate)
            {
                return _bytes;
            }
        }
    }

    /// <summary>The neighbour of the own segment that it is behind, as it was told first; null before.</summary>
    internal Digest? Behind
    {
        get
        {
            lock (_gate)
            {
                return _behind;
            }
        }
    }

    /// <summary>Whether it was read or grew since the last time that this was asked.</summary>
    internal bool TakeUsed()
    {
        lock (_gate)
        {
            var isUsed = _isUsed;
            _isUsed = false;
            return isUsed;
        }
    }

    /// <summary>The bytes of a document and its signatures.</summary>
    internal static long BytesOf(EpochDocument epoch) => epoch.Payload.Length
        + BytesOf(epoch.Vote) + BytesOf(epoch.Consent) + BytesOf(epoch.RecoveryConsent);

    /// <summary>A log of epochs that are verified already, ascending from 0.</summary>
    internal static EpochLog Of(ImmutableArray<EpochDocument> epochs) => new() { _epochs = epochs };

    /// <summary>Tells the neighbour of the own segment that it is behind.</summary>
    internal void PutBehind(Digest neighbour)
    {
        lock (_gate)
        {
            _behind ??= neighbour;
        }
    }

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
                    _bytes += BytesOf(epoch);
                    _isUsed = true;
                }
            }
        }
    }

    private static long BytesOf(Envelope? envelope) =>
        envelope is null ? 0 : envelope.Payload.Length + (SignatureBytes * envelope.Signatures.Length);
}
