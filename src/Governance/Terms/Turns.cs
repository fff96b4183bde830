namespace Fairlead.Governance;

/// <summary>
/// Who leads: the term, the claims of all anchors, and how long a leader is given (4.3.2 "Terms"). An anchor enters
/// the next term on its own only when T anchors are in its present one or further, which keeps the honest ones
/// together; a term that more than F claim is adopted at once. Times are by <see cref="EngineClock.Elapsed"/>.
/// </summary>
internal sealed class Turns
{
    private const int SlotsPerTurn = 6;
    private const long LongestSlot = (SealLimits.LongestTurn + SlotsPerTurn - 1) / SlotsPerTurn;

    private readonly SealQuorum _quorum;
    private readonly string _self;
    private readonly Dictionary<string, long> _claims = new(StringComparer.Ordinal);
    private double _slotTime;
    private int _fruitless;

    internal Turns(SealQuorum quorum, string self, long term, long elapsed)
    {
        _quorum = quorum;
        _self = self;
        Term = term;
        _claims[self] = term;
        Open(elapsed);
    }

    internal long Term { get; private set; }

    internal string Leader => _quorum.Leader(Term);

    /// <summary>
    /// Since when T anchors, this one included, are in this term or a later one; null before. Patience with a leader
    /// counts from here: counted from the own entry, an anchor that is early leaves a term just when the others reach
    /// it, and stays one ahead of them for ever.
    /// </summary>
    internal long? Opened { get; private set; }

    /// <summary>T0 without doubling: six times what a slot usually takes.</summary>
    internal long BaseTurn =>
        Math.Clamp((long)(SlotsPerTurn * _slotTime), SealLimits.ShortestTurn, SealLimits.LongestTurn);

    /// <summary>How long a known change may stay uncovered in this term.</summary>
    internal long Turn => Math.Min(BaseTurn << Math.Min(_fruitless, 7), SealLimits.LongestTurn);

    /// <summary>Takes a claim; true when it moved this anchor into a later term.</summary>
    internal bool Hear(string from, long term, long elapsed)
    {
        if (from == _self || term < 0 || (_claims.TryGetValue(from, out var before) && before >= term))
        {
            return false;
        }

        _claims[from] = term;
        var others = _claims.Where(c => c.Key != _self).Select(c => c.Value).OrderDescending().ToList();
        if (others.Count <= _quorum.Faults || others[_quorum.Faults] <= Term)
        {
            Open(elapsed);
            return false;
        }

        Enter(others[_quorum.Faults], elapsed);
        return true;
    }

    /// <summary>Returns to a term that the journal knows.</summary>
    internal void Resume(long term)
    {
        if (term > Term)
        {
            Term = term;
            _claims[_self] = term;
        }
    }

    /// <summary>Enters the next term.</summary>
    internal void Raise(long elapsed) => Enter(Term + 1, elapsed);

    /// <summary>Something else is at stake now: patience begins anew.</summary>
    internal void Hurry() => _fruitless = 0;

    /// <summary>A certificate came: this term bears fruit.</summary>
    /// <param name="slotTime">Milliseconds from proposal to certificate where this anchor saw both.</param>
    internal void Certified(long? slotTime)
    {
        _fruitless = 0;
        if (slotTime is { } time)
        {
            // One that gives the longest turn says all; a clock that leapt in between must not be felt for longer.
            var counted = Math.Min(time, LongestSlot);
            _slotTime = _slotTime == 0 ? counted : (0.8 * _slotTime) + (0.2 * counted);
        }
    }

    private void Enter(long term, long elapsed)
    {
        _fruitless = (int)Math.Min(7, _fruitless + (term - Term));
        Term = term;
        _claims[_self] = term;
        Opened = null;
        Open(elapsed);
    }

    private void Open(long elapsed)
    {
        if (Opened is null && _claims.Values.Count(c => c >= Term) >= _quorum.Threshold)
        {
            Opened = elapsed;
        }
    }
}
