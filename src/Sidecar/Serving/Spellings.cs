using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Serving;

/// <summary>
/// In how many ways clients write each name that they ask for, and how often. Not thread-safe: one feed owns it.
/// </summary>
/// <remarks>A name as it is, with any port or none, is always one of them, and a port makes no new way of any other: a
/// client that asks for whatever it is asked cannot take a name away from those who write it well.</remarks>
/// <param name="interest">Hears a name, and whether it is wanted from now on or no longer.</param>
internal sealed class Spellings(Action<string, bool> interest)
{
    /// <summary>More ways than these to write one name's host are not a client's.</summary>
    private const int FormsMax = 32;

    private readonly Dictionary<string, Written> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _refused = new(StringComparer.Ordinal);

    /// <summary>How many names are asked for.</summary>
    internal int Names => _names.Count;

    /// <summary>How many spellings are asked for that are none of a name's.</summary>
    internal int Refused => _refused.Count;

    /// <summary>Whether a name is asked for.</summary>
    internal bool Has(string name) => _names.ContainsKey(name);

    /// <summary>Whether a name is asked for in this spelling.</summary>
    internal bool Has(string name, string spelling) =>
        _names.TryGetValue(name, out var written) && written.Counts.ContainsKey(spelling);

    /// <summary>Whether a spelling is asked for that is none of a name's.</summary>
    internal bool IsRefused(string spelling) => _refused.ContainsKey(spelling);

    /// <summary>The spellings of a name.</summary>
    internal IReadOnlyCollection<string> Of(string name) =>
        _names.TryGetValue(name, out var written) ? written.Counts.Keys : [];

    /// <summary>One more or one fewer client uses this spelling, which is none of a name's.</summary>
    /// <returns>Whether it is the first or the last.</returns>
    internal bool Refuse(string spelling, int change)
    {
        var count = _refused.GetValueOrDefault(spelling) + change;
        if (count > 0)
        {
            _refused[spelling] = count;
            return count == 1 && change > 0;
        }

        return _refused.Remove(spelling);
    }

    /// <summary>One more or one fewer client uses this spelling of the name; one beyond the limit is refused.</summary>
    /// <returns>Whether the set of spellings is another one now, or that of the refused.</returns>
    internal bool Count(string name, string spelling, int change)
    {
        var written = _names.GetValueOrDefault(name);
        var count = (written?.Counts.GetValueOrDefault(spelling) ?? 0) + change;
        var form = ClusterNames.FormOf(spelling, name);
        if (count < 0 || IsRefused(spelling)
            || (count == 1 && change > 0 && form is not null && written?.IsFull(form, FormsMax) == true))
        {
            return Refuse(spelling, change);
        }

        if (written is null)
        {
            written = _names[name] = new Written();
            interest(name, true);
        }

        if (count > 0)
        {
            written.Counts[spelling] = count;
            if (count > 1 || change < 0)
            {
                return false;
            }

            written.CountForm(form, +1);
            return true;
        }

        written.Counts.Remove(spelling);
        written.CountForm(form, -1);
        if (written.Counts.Count == 0)
        {
            _names.Remove(name);
            interest(name, false);
        }

        return true;
    }

    private sealed class Written
    {
        private readonly Dictionary<string, int> _forms = new(StringComparer.Ordinal);

        internal Dictionary<string, int> Counts { get; } = new(StringComparer.Ordinal);

        internal bool IsFull(string form, int most) => _forms.Count >= most && !_forms.ContainsKey(form);

        internal void CountForm(string? form, int change)
        {
            if (form is not null && (_forms[form] = _forms.GetValueOrDefault(form) + change) <= 0)
            {
                _forms.Remove(form);
            }
        }
    }
}
