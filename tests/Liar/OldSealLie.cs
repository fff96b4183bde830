using Fairlead.Protocol.V1;

namespace Fairlead.Liar;

/// <summary>Replays the own segment's hop as it was when the liar started: an older seal, true once.</summary>
internal sealed class OldSealLie : Lie
{
    private Hop? _old;

    internal override void Learn(Answer truth) => _old ??= truth.Hops[0].Clone();

    internal override void Tell(Answer answer)
    {
        // Only the segment's word for another one is replayed; how far the asker's chain is known stays true.
        if (_old is { } old && answer.Hops.Count > 1)
        {
            var replayed = old.Clone();
            replayed.Epochs.Clear();
            replayed.Epochs.AddRange(answer.Hops[0].Epochs);
            answer.Hops[0] = replayed;
        }
    }
}
