namespace Fairlead.Xds.Streams;

/// <summary>At which names of a type a stream has to look for something to send: all until it has looked once, then
/// those that changed, were asked for or have no answer yet. Not safe for concurrent use.</summary>
internal sealed class Looks
{
    // Where it is more, looking at everything is not more.
    private const int NamesMax = 4_096;

    private HashSet<string>? _names;
    private int _most = NamesMax;

    /// <summary>Whether to look at every name that is asked for or was sent.</summary>
    public bool IsEverything { get; private set; } = true;

    /// <summary>The names to look at where it is not all; some may concern nobody.</summary>
    public IReadOnlyCollection<string> Names => _names ?? (IReadOnlyCollection<string>)[];

    /// <summary>Looks at everything.</summary>
    public void AddAll() => (IsEverything, _names) = (true, null);

    /// <summary>Looks at one name more.</summary>
    public void Add(string name)
    {
        if (!IsEverything)
        {
            _names ??= new(StringComparer.Ordinal);
            _names.Add(name);
            if (_names.Count > _most)
            {
                AddAll();
            }
        }
    }

    /// <summary>Looks at some names more.</summary>
    public void Add(IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            Add(name);
        }
    }

    /// <summary>All was looked at.</summary>
    /// <param name="open">What to look at the next time: names of which nothing is known, for which there may be an
    /// answer without a change, and what no response had room for yet. In the order in which that is sent, it is looked
    /// at in that order.</param>
    public void Settle(IReadOnlyCollection<string> open)
    {
        IsEverything = false;
        _most = NamesMax + open.Count;
        if (open.Count > 0)
        {
            _names = new(open, StringComparer.Ordinal);
        }
        else if (_names?.Count > 64)
        {
            _names = null;
        }
        else
        {
            _names?.Clear();
        }
    }
}
