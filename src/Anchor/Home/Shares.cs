using Fairlead.Naming;

namespace Fairlead.Anchor.Home;

/// <summary>
/// A bounded number of places that subjects share: each may take half of those that are free, counting its own. One
/// that takes all it can leaves the others most of theirs, however much it asks for, and one alone has a third less
/// than all. Not thread-safe.
/// </summary>
/// <param name="most">The places.</param>
internal sealed class Shares(int most)
{
    private readonly Dictionary<Digest, int> _taken = [];
    private int _total;

    /// <summary>How many are taken.</summary>
    internal int Total => _total;

    /// <summary>Whether a subject may take another one.</summary>
    internal bool HasFor(Digest subject) => _taken.GetValueOrDefault(subject) < (most - _total + 1) / 2;

    /// <summary>Takes a place.</summary>
    internal void Take(Digest subject)
    {
        _taken[subject] = _taken.GetValueOrDefault(subject) + 1;
        _total++;
    }

    /// <summary>Gives one back.</summary>
    internal void Give(Digest subject)
    {
        _total--;
        if (_taken[subject] == 1)
        {
            _taken.Remove(subject);
        }
        else
        {
            _taken[subject]--;
        }
    }
}
