using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Governance;

/// <summary>
/// What is not to wait any more: the operations that this anchor's operator took back, with their content, for they
/// have another digest in the next slot and somebody may not have heard; and the digests of those that others took
/// back, for whoever has them from here. Of both the oldest make room. Not thread-safe.
/// </summary>
internal sealed class TakenBack
{
    private readonly Queue<EpochCandidate> _own = [];
    private readonly Queue<Digest> _others = [];

    internal IReadOnlyList<EpochCandidate> Kept => [.. _own];

    internal IEnumerable<Digest> Digests => _own.Select(one => one.Digest).Concat(_others).Distinct();

    internal void Keep(EpochCandidate candidate)
    {
        _own.Enqueue(candidate);
        if (_own.Count > EpochLimits.QueuedPerAnchor)
        {
            _own.Dequeue();
        }
    }

    internal void PassOn(Digest digest)
    {
        _others.Enqueue(digest);
        if (_others.Count > EpochLimits.DigestsPerMessage - EpochLimits.QueuedPerAnchor)
        {
            _others.Dequeue();
        }
    }
}
