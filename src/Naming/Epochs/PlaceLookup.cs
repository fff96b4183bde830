namespace Fairlead.Naming;

/// <summary>
/// Finds what stands above or below a place among a segment's op-made leaves. Upwards a place has as many suffixes as
/// labels, at most three, so that a parent with a thousand children is not looked through for each of them. Used on one
/// thread.
/// </summary>
internal sealed class PlaceLookup(OperationLeaves leaves)
{
    private Dictionary<string, List<LeafDocument>>? _below;

    /// <summary>How many leaves were looked at or looked for.</summary>
    internal long Looks { get; private set; }

    /// <summary>The place of a Link or a Redirect; null for leaves that stand nowhere.</summary>
    internal static string? PlaceOf(LeafDocument leaf) => leaf switch
    {
        Link link => link.At.Text,
        Redirect redirect => redirect.Name.Text,
        _ => null,
    };

    /// <summary>The leaves of a class, named by a place, at or under whose place another one lies.</summary>
    internal IEnumerable<T> Above<T>(LeafClass kind, string place)
        where T : LeafDocument
    {
        foreach (var suffix in Suffixes(place))
        {
            Looks++;
            if (leaves.Leaves.GetValueOrDefault((kind, suffix))?.Document is T found
                && (suffix == place || suffix.Contains('.', StringComparison.Ordinal)))
            {
                yield return found;
            }
        }
    }

    /// <summary>The place of another leaf at or under a Link's; null for none.</summary>
    internal string? Below(Link link)
    {
        if (link.At.IsChild)
        {
            // Nothing but the Link itself stands at one label, and a label is no suffix of a service's place.
            return null;
        }

        _below ??= Places();
        Looks++;
        return _below.GetValueOrDefault(link.At.Text)?.Find(other => !ReferenceEquals(other, link)) is { } below
            ? PlaceOf(below)
            : null;
    }

    private Dictionary<string, List<LeafDocument>> Places()
    {
        var places = new Dictionary<string, List<LeafDocument>>(StringComparer.Ordinal);
        foreach (var leaf in leaves.Leaves.Values)
        {
            Looks++;
            foreach (var suffix in PlaceOf(leaf.Document) is { } place ? Suffixes(place) : [])
            {
                (places.TryGetValue(suffix, out var all) ? all : places[suffix] = []).Add(leaf.Document);
            }
        }

        return places;
    }

    private static IEnumerable<string> Suffixes(string place)
    {
        yield return place;
        for (var dot = place.IndexOf('.', StringComparison.Ordinal); dot >= 0;
            dot = place.IndexOf('.', dot + 1))
        {
            yield return place[(dot + 1)..];
        }
    }
}
