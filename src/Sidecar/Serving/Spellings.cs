namespace Fairlead.Sidecar.Serving;

/// <summary>
/// In how many ways clients write each name that they ask for, and how often. Not thread-safe: one feed owns it.
/// </summary>
/// <param name="interest">Hears a name, and whether it is wanted from now on or no longer.</param>
internal sealed class Spellings(Action<string, bool> interest)
{
    /// <summary>More ways than these to write one name are not a client's.</summary>
    private const int Max = 32;

    private readonly Dictionary<string, Dictionary<string, int>> _names = new(StringComparer.Ordinal);

    /// <summary>How many names are asked for.</summary>
    internal int Names => _names.Count;

    /// <summary>Whether a name is asked for.</summary>
    internal bool Has(string name) => _names.ContainsKey(name);

    /// <summary>The spellings of a name.</summary>
    internal IReadOnlyCollection<string> Of(string name) =>
        _names.TryGetValue(name, out var spellings) ? spellings.Keys : [];

    /// <summary>One more or one fewer client uses this spelling of the name.</summary>
    /// <returns>Whether the set of spellings is another one now.</returns>
    internal bool Count(string name, string spelling, int change)
    {
        var spellings = _names.GetValueOrDefault(name);
        var count = (spellings?.GetValueOrDefault(spelling) ?? 0) + change;
        if (count < 0 || (spellings?.Count >= Max && count == change))
        {
            return false; // One that was not counted, now or before.
        }

        if (spellings is null)
        {
            spellings = _names[name] = new Dictionary<string, int>(StringComparer.Ordinal);
            interest(name, true);
        }

        if (count > 0)
        {
            spellings[spelling] = count;
            return count == 1 && change > 0;
        }

        spellings.Remove(spelling);
        if (spellings.Count == 0)
        {
            _names.Remove(name);
            interest(name, false);
        }

        return true;
    }
}
