namespace Fairlead.Xds;

/// <summary>
/// What one stream asks for of one type (Envoy, "xDS REST and gRPC protocol", how the client specifies what resources
/// to return). Not safe for concurrent use.
/// </summary>
/// <remarks>
/// <list type="number">
/// <item>An empty list asks for everything only for clusters and listeners, and only while the stream has never
/// named one of that type; afterwards it asks for nothing. gRPC sends it when it no longer wants anything.</item>
/// <item>"*" asks for everything, beside names or alone; a list without it drops the wildcard.</item>
/// <item>For endpoints and routes "*" means nothing, and "" names nothing anywhere.</item>
/// <item>A name that asks for a collection stands among the names, and means one in a delta request alone.</item>
/// </list>
/// </remarks>
internal sealed class Subscription(ResourceType type)
{
    private const string Everything = "*";

    private List<Collection>? _collections;
    private HashSet<string> _names = new(StringComparer.Ordinal);
    private bool _everNamed;
    private bool _changed;

    /// <summary>Whether everything is asked for.</summary>
    public bool Wildcard { get; private set; }

    /// <summary>The names that are asked for one by one.</summary>
    public IReadOnlySet<string> Names => _names;

    /// <summary>The collections that are asked for: of clusters, as there are no others.</summary>
    public IReadOnlyCollection<Collection> Globs => _collections ?? (IReadOnlyCollection<Collection>)[];

    /// <summary>Whether a name stands in a collection that is asked for.</summary>
    public bool IsInCollection(string name)
    {
        if (_collections is null)
        {
            return false;
        }

        foreach (var collection in _collections)
        {
            if (collection.Has(name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The same name as it is asked for already; null where it is not.</summary>
    public string? Find(string name) => _names.TryGetValue(name, out var known) ? known : null;

    /// <summary>Asks for one name more, which no request had.</summary>
    /// <returns>False where it was asked for.</returns>
    public bool Add(string name) => _names.Add(name);

    /// <summary>Asks for one name fewer.</summary>
    public void Remove(string name)
    {
        _names.Remove(name);
        FindCollections([name]);
    }

    /// <summary>Takes over what a delta request subscribes and then what it unsubscribes.</summary>
    /// <param name="subscribe">What it subscribes and may.</param>
    /// <param name="unsubscribe">What it unsubscribes.</param>
    /// <param name="isNaming">Whether it named anything to subscribe, be it what it may not.</param>
    /// <returns>The names that came and went.</returns>
    /// <remarks>The first request that names nothing asks for everything, of clusters and listeners, and keeps asking
    /// for it when names join; what ends that is to unsubscribe "*".</remarks>
    public (IReadOnlyList<string> Added, IReadOnlyList<string> Removed) Change(
        IReadOnlyCollection<string> subscribe, IReadOnlyCollection<string> unsubscribe, bool isNaming)
    {
        if (type.FullState)
        {
            Wildcard |= (!_changed && !isNaming) || subscribe.Contains(Everything);
            Wildcard &= !unsubscribe.Contains(Everything);
        }

        _changed = true;
        _everNamed |= isNaming;
        var before = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in subscribe.Concat(unsubscribe))
        {
            if (_names.Contains(name))
            {
                before.Add(name);
            }
        }

        _names.UnionWith(subscribe.Where(name => name.Length > 0 && name != Everything));
        _names.ExceptWith(unsubscribe);
        FindCollections(subscribe.Concat(unsubscribe));
        return (
            [.. subscribe.Distinct(StringComparer.Ordinal).Where(n => _names.Contains(n) && !before.Contains(n))],
            [.. before.Where(name => !_names.Contains(name))]);
    }

    /// <summary>Takes over the full list of a state-of-the-world request.</summary>
    /// <returns>The names that came and went; an unchanged list gives two empty lists.</returns>
    public (IReadOnlyList<string> Added, IReadOnlyList<string> Removed) SetNames(IReadOnlyList<string> list)
    {
        _everNamed |= list.Count > 0;
        Wildcard = type.FullState && (_everNamed ? list.Contains(Everything) : list.Count == 0);
        var names = new HashSet<string>(list.Count, StringComparer.Ordinal);
        var added = new List<string>();
        foreach (var name in list)
        {
            if (name.Length > 0 && name != Everything && names.Add(name) && !_names.Contains(name))
            {
                added.Add(name);
            }
        }

        List<string> removed = names.Count == _names.Count + added.Count ? []
            : [.. _names.Where(n => !names.Contains(n))];
        _names = names;
        return (added, removed);
    }

    private void FindCollections(IEnumerable<string> changed)
    {
        if (type != ResourceType.Cluster)
        {
            return;
        }

        foreach (var name in changed)
        {
            if (Collections.Of(name, type) is not { } collection)
            {
                continue;
            }

            // One may be asked for in several spellings of its parameters.
            var isKnown = _collections?.Contains(collection) == true;
            var isAsked = _names.Contains(name)
                || (isKnown && _names.Any(other => Collections.Of(other, type) == collection));
            if (!isAsked)
            {
                _collections?.Remove(collection);
            }
            else if (!isKnown)
            {
                (_collections ??= []).Add(collection);
            }
        }
    }
}
