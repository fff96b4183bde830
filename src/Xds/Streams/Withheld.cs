namespace Fairlead.Xds.Streams;

/// <summary>
/// Which contents of a type a client is not sent though it asks for them, and why: each is held back alone, until it
/// changes, and the client keeps what it has of that name. Not safe for concurrent use.
/// </summary>
internal sealed class Withheld
{
    // google.rpc.Code of what a client cannot take.
    private const int ResourceExhausted = 8;

    private Dictionary<string, Entry>? _all;

    // Names that were told to have no room, until all have: whether they still have is asked again and again.
    private HashSet<string>? _told;

    /// <summary>The names.</summary>
    public IEnumerable<string> Names => _all?.Keys ?? Enumerable.Empty<string>();

    /// <summary>What is held back because the client refused it and nothing else was to blame.</summary>
    public IEnumerable<Resource> Blamed => _all?.Values.Where(one => one.IsToBlame).Select(one => one.Content) ?? [];

    /// <summary>Why something of this name is held back; null where nothing is.</summary>
    public Refused? ReasonOf(string name) => _all?.GetValueOrDefault(name)?.Reason;

    /// <summary>The version of what is held back of this name; null where nothing is.</summary>
    public string? VersionOf(string name) => _all?.GetValueOrDefault(name)?.Content.Version;

    /// <summary>Whether this content is held back. Other content of its name is not, and from now on neither is
    /// this.</summary>
    public bool Holds(Resource resource)
    {
        if (_all is null || !_all.TryGetValue(resource.Name, out var one))
        {
            return false;
        }

        if (one.Content.Fingerprint == resource.Fingerprint)
        {
            return true;
        }

        _all.Remove(resource.Name);
        return false;
    }

    /// <summary>Holds a resource back that no message can bring.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="most">The bytes of resources that a message may bring.</param>
    /// <returns>The reason, where it was not held back before.</returns>
    public Refused? AddTooLarge(Resource resource, int most)
    {
        if (Holds(resource))
        {
            return null;
        }

        var reason = new Refused(
            "", resource.Version, ResourceExhausted, $"TooLarge: {resource.Framed.Length} bytes, {most} allowed");
        Add(resource, reason, isToBlame: false);
        return reason;
    }

    /// <summary>Holds a resource back for which there is no room beside all others, until there is.</summary>
    /// <returns>The reason, where the name was not told.</returns>
    public Refused? AddForRoom(Resource resource, int most)
    {
        var reason = new Refused(
            "", resource.Version, ResourceExhausted, $"NoRoom: all {resource.Type} together have {most} bytes");
        (_all ??= new(StringComparer.Ordinal))[resource.Name] = new Entry(resource, reason, IsForRoom: true);
        return (_told ??= new(StringComparer.Ordinal)).Add(resource.Name) ? reason : null;
    }

    /// <summary>Holds a resource back.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="reason">Why.</param>
    /// <param name="isToBlame">Whether the client refused it, and not only a response that had others too.</param>
    public void Add(Resource resource, Refused reason, bool isToBlame = true) =>
        (_all ??= new(StringComparer.Ordinal))[resource.Name] = new Entry(resource, reason, IsToBlame: isToBlame);

    /// <summary>This content is held back no more, where it is.</summary>
    public void Release(Resource resource)
    {
        if (_all?.GetValueOrDefault(resource.Name)?.Content.Fingerprint == resource.Fingerprint)
        {
            _all.Remove(resource.Name);
        }
    }

    /// <summary>Nothing of names that are gone is held back any more.</summary>
    public void Keep(Func<string, bool> isThere)
    {
        foreach (var name in _all?.Keys.Where(name => !isThere(name)).ToList() ?? [])
        {
            Remove(name);
        }
    }

    /// <summary>Nothing of a name is held back any more.</summary>
    public void Remove(string name)
    {
        _all?.Remove(name);
        _told?.Remove(name);
    }

    /// <summary>What had no room is looked at anew.</summary>
    public void RemoveForRoom()
    {
        if (_told is null)
        {
            return;
        }

        foreach (var name in _told.Where(name => _all?.GetValueOrDefault(name)?.IsForRoom == true))
        {
            _all!.Remove(name);
        }
    }

    /// <summary>All has room: what has none the next time is told again.</summary>
    public void HasRoom() => _told = null;

    private sealed record Entry(Resource Content, Refused Reason, bool IsForRoom = false, bool IsToBlame = false);
}
