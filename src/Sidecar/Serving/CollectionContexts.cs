namespace Fairlead.Sidecar.Serving;

/// <summary>
/// With which contexts clients ask for a collection, and for which of them it is built. Not thread-safe: one feed owns
/// it.
/// </summary>
internal sealed class CollectionContexts
{
    // A pod's Envoy has one. Who invents more finds a sentinel in each.
    private const int BuiltMax = 8;

    private readonly Dictionary<string, int> _asked = new(StringComparer.Ordinal);
    private readonly List<string> _built = [];

    /// <summary>Those for which it is built, as it is now whenever that is read.</summary>
    internal IReadOnlyCollection<string> Built => _built;

    /// <summary>One more or one fewer client asks with a context.</summary>
    /// <returns>For which it is built from now on, and for which no longer; null for none.</returns>
    internal (string? Came, string? Gone) Count(string context, int change)
    {
        var count = _asked.GetValueOrDefault(context) + change;
        if (count > 0)
        {
            _asked[context] = count;
        }
        else
        {
            _asked.Remove(context);
        }

        var gone = count <= 0 && _built.Remove(context) ? context : null;
        var came = _built.Count < BuiltMax ? _asked.Keys.FirstOrDefault(one => !_built.Contains(one)) : null;
        if (came is not null)
        {
            _built.Add(came);
        }

        return (came, gone);
    }
}
