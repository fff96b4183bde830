namespace Fairlead.Governance;

/// <summary>
/// Which round this anchor is in: each has its time, and more than F anchors in a later one pull it there (4.3.1),
/// however late: a round that more than F show is an honest anchor's, and one number per anchor is all that is kept.
/// While nothing is worth deciding, no round ends. Nor does one that T anchors, this one included, have not reached:
/// from round 6 on all last equally long, so that an anchor which went on alone would stay ahead of the others for
/// ever.
/// </summary>
internal sealed class Rounds(EpochCore core)
{
    private readonly Dictionary<string, long> _shown = new(StringComparer.Ordinal);
    private long? _started;

    /// <summary>When the round ends, by the clock that never goes back; null while it is not running.</summary>
    internal long? End => _started + EpochLimits.RoundTime(core.Round);

    /// <summary>From when on anyone may propose.</summary>
    internal long? Half => _started + (EpochLimits.RoundTime(core.Round) / 2);

    /// <summary>An anchor showed that it is in a round.</summary>
    internal void Show(string anchor, long round)
    {
        if (anchor != core.Self && round > _shown.GetValueOrDefault(anchor, -1))
        {
            _shown[anchor] = round;
        }
    }

    /// <summary>Enters a later round if it is time or others are there; whether it did.</summary>
    internal bool Advance(bool isOpen)
    {
        var others = _shown.Values.OrderDescending().ToList();
        var isReached = others.Count(round => round >= core.Round) + 1 >= core.Quorum.Threshold;
        _started = isOpen && isReached ? _started ?? core.Elapsed : null;
        var pulled = others.Count > core.Quorum.Faults ? others[core.Quorum.Faults] : 0;
        var next = Math.Max(pulled, core.Elapsed >= End ? core.Round + 1 : 0);
        if (next <= core.Round)
        {
            return false;
        }

        core.Round = next;
        _started = null;
        core.Votes.Trim(next);
        return true;
    }
}
