namespace Fairlead.Governance;

/// <summary>
/// Which round this anchor is in: each has its time, and more than F anchors in a later one pull it there (4.3.1).
/// While nothing is worth deciding, no round ends.
/// </summary>
internal sealed class Rounds(EpochCore core)
{
    private readonly Dictionary<string, long> _shown = new(StringComparer.Ordinal);
    private long? _started;

    /// <summary>When the round ends; null while it is not running.</summary>
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
        _started = isOpen ? _started ?? core.Now : null;
        var others = _shown.Values.OrderDescending().ToList();
        var pulled = others.Count > core.Quorum.Faults ? others[core.Quorum.Faults] : 0;
        var next = Math.Max(pulled, core.Now >= End ? core.Round + 1 : 0);
        if (next <= core.Round)
        {
            return false;
        }

        core.Round = next;
        _started = isOpen ? core.Now : null;
        core.Votes.Trim(next);
        return true;
    }
}
