using System.Collections.Immutable;

namespace Fairlead.Xds;

/// <summary>Collects the changes that lead from one snapshot to the next. Not safe for concurrent use.</summary>
public sealed class SnapshotBuilder
{
    private readonly long _sequence;
    private readonly HashSet<(ResourceType Type, string Name)> _changes = [];
    private readonly SnapshotSteps _before;

    // As they were, until one of a type becomes another: most snapshots change one thing.
    private ImmutableArray<ImmutableDictionary<string, Resource>> _resources;
    private ImmutableArray<ImmutableHashSet<string>> _wildcard;
    private ImmutableArray<ImmutableHashSet<string>> _located;
    private ImmutableArray<string?> _versions;

    internal SnapshotBuilder(
        long sequence,
        bool primed,
        ImmutableArray<ImmutableDictionary<string, Resource>> resources,
        ImmutableArray<ImmutableHashSet<string>> wildcard,
        ImmutableArray<ImmutableHashSet<string>> located,
        SnapshotSteps before,
        ImmutableArray<string?> versions)
    {
        _sequence = sequence;
        Primed = primed;
        _resources = resources;
        _wildcard = wildcard;
        _located = located;
        _before = before;
        _versions = versions;
    }

    /// <summary>See <see cref="ResourceSnapshot.Primed"/>; stays true once set.</summary>
    public bool Primed { get; private set; }

    /// <summary>Adds or replaces a resource; unchanged content changes nothing.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="wildcard">Whether clients that ask for everything get it (clusters and listeners only): of a name
    /// that is a locator, clients that ask for its collection.</param>
    public SnapshotBuilder Set(Resource resource, bool wildcard = false)
    {
        ArgumentNullException.ThrowIfNull(resource);
        var slot = resource.Type.Order;
        if (wildcard && !resource.Type.FullState)
        {
            throw new ArgumentException($"{resource.Type} has no wildcard", nameof(wildcard));
        }

        if (_resources[slot].GetValueOrDefault(resource.Name) is not { } before
            || before.Fingerprint != resource.Fingerprint || before.Role != resource.Role
            || before.Until != resource.Until)
        {
            _resources = _resources.SetItem(slot, _resources[slot].SetItem(resource.Name, resource));
            _changes.Add((resource.Type, resource.Name));
        }

        ref var all = ref Collections.IsLocator(resource.Name) ? ref _located : ref _wildcard;
        var next = wildcard ? all[slot].Add(resource.Name) : all[slot].Remove(resource.Name);
        if (!ReferenceEquals(next, all[slot]))
        {
            all = all.SetItem(slot, next);
            _changes.Add((resource.Type, resource.Name));
        }

        return this;
    }

    /// <summary>Takes a resource out; nothing happens if it is not there.</summary>
    public SnapshotBuilder Remove(ResourceType type, string name)
    {
        ArgumentNullException.ThrowIfNull(type);
        var slot = type.Order;
        _resources = _resources.SetItem(slot, _resources[slot].Remove(name));
        _wildcard = _wildcard.SetItem(slot, _wildcard[slot].Remove(name));
        _located = _located.SetItem(slot, _located[slot].Remove(name));
        _changes.Add((type, name));
        return this;
    }

    /// <summary>Calls what is served of a type by a version of the owner's from now on, where it has one that means
    /// something to its clients. It has no part in what is sent to whom: content alone has.</summary>
    public SnapshotBuilder SetVersion(ResourceType type, string version)
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentException.ThrowIfNullOrEmpty(version);
        _versions = _versions.SetItem(type.Order, version);
        return this;
    }

    /// <summary>Declares that the view now knows what "everything" is.</summary>
    public SnapshotBuilder MarkPrimed()
    {
        Primed = true;
        return this;
    }

    /// <summary>The snapshot.</summary>
    public ResourceSnapshot Build() => new(
        _sequence, Primed, _resources, _wildcard, _located, _before.Then([.. _changes]), _versions);
}
