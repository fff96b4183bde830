using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Resolver.Anchors;

/// <summary>
/// The verified beginnings of chains whose rest did not come in time: who asks again, also another anchor, goes on
/// behind them, so that a chain is fetched in the end however few pages an anchor gives at once (V52). A beginning
/// counts for nothing else, since what is demanded of a whole chain (V12, V30, V63) is not checked of it. Bounded: the
/// oldest make room. Thread-safe.
/// </summary>
/// <param name="keepsDocuments">Whether the epochs are kept as they came.</param>
public sealed class BegunChains(bool keepsDocuments)
{
    /// <summary>The most beginnings.</summary>
    public const int ChainsMax = 8;

    /// <summary>The most bytes of the epochs of all of them, as documents.</summary>
    public const long BytesMax = 32L * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly List<Begun> _begun = [];

    /// <summary>The beginning of a chain, if it goes on where what is held ends.</summary>
    internal Begun? Find(Digest genesis, SegmentState? held)
    {
        lock (_gate)
        {
            return _begun.Find(one => one.Is(genesis, held));
        }
    }

    /// <summary>Keeps a beginning in place of a shorter one.</summary>
    /// <param name="held">What was held before.</param>
    /// <param name="segment">The chain so far.</param>
    /// <param name="epochs">What came of it behind what was held.</param>
    internal void Keep(SegmentState? held, SegmentState segment, IReadOnlyList<EpochDocument> epochs)
    {
        var bytes = keepsDocuments ? epochs.Sum(epoch => (long)epoch.Payload.Length) : 0;
        lock (_gate)
        {
            if (bytes > BytesMax || (Find(segment.Genesis, held) is { } other
                && other.Segment.NewestNumber >= segment.NewestNumber))
            {
                return;
            }

            _begun.RemoveAll(one => one.Is(segment.Genesis, held));
            _begun.Add(new Begun(held?.Newest.Digest, segment, keepsDocuments ? [.. epochs] : [], bytes));
            while (_begun.Count > ChainsMax || _begun.Sum(one => one.Bytes) > BytesMax)
            {
                _begun.RemoveAt(0);
            }
        }
    }

    /// <summary>Forgets a beginning: the chain is whole, or another anchor contradicts it.</summary>
    internal void Drop(Digest genesis, SegmentState? held)
    {
        lock (_gate)
        {
            _begun.RemoveAll(one => one.Is(genesis, held));
        }
    }

    /// <summary>A beginning.</summary>
    /// <param name="Behind">The epoch that was held before; null for none.</param>
    /// <param name="Segment">The chain so far.</param>
    /// <param name="Epochs">What came of it; empty where documents are not kept.</param>
    /// <param name="Bytes">Theirs.</param>
    internal sealed record Begun(
        Digest? Behind, SegmentState Segment, ImmutableArray<EpochDocument> Epochs, long Bytes)
    {
        internal bool Is(Digest genesis, SegmentState? held) =>
            Segment.Genesis == genesis && Behind == held?.Newest.Digest;
    }
}
