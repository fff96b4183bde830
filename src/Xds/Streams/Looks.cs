namespace Fairlead.Xds.Streams;

/// <summary>At which names of a type a stream has to look for something to send: all until it has looked once, then
/// those that changed, were asked for or have no answer yet. Not safe for concurrent use.</summary>
internal sealed class Looks
{
    // Where it is more, looking at everything is not more.
    private const int NamesMax = 4_096;

    private HashSet<string>? _names;

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
            if (_names.Count > NamesMax)
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

    /// <summary>All was looked at, and nothing is left to send.</summary>
    /// <param name="open">Names of which nothing is known, for which there may be an answer without a change.</param>
    public void Settle(IReadOnlyCollection<string> open)
    {
        IsEverything = false;
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
