namespace Fairlead.Xds.Delta;

/// <summary>Names in the order in which they came, each once. Not safe for concurrent use.</summary>
internal sealed class NameOrder
{
    private readonly LinkedList<string> _order = new();
    private readonly Dictionary<string, LinkedListNode<string>> _places = new(StringComparer.Ordinal);

    /// <summary>How many there are.</summary>
    public int Count => _places.Count;

    /// <summary>How many characters they have together.</summary>
    public long Length { get; private set; }

    /// <summary>Puts a name at the end, wherever it was.</summary>
    public void Add(string name)
    {
        Remove(name);
        _places[name] = _order.AddLast(name);
        Length += name.Length;
    }

    /// <summary>Takes a name out; nothing happens if it is not there.</summary>
    public void Remove(string name)
    {
        if (_places.Remove(name, out var place))
        {
            _order.Remove(place);
            Length -= name.Length;
        }
    }

    /// <summary>Takes out the one that came first.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public string TakeFirst()
    {
        var name = _order.First?.Value ?? throw new InvalidOperationException("no name is left");
        Remove(name);
        return name;
    }
}
