using System.Collections.Immutable;

namespace Fairlead.Xds;

/// <summary>
/// Everything that a view serves at one moment. Immutable; a stream always answers from one snapshot, so that a
/// cluster and its endpoints are seen together. Made by <see cref="SnapshotBuilder"/>.
/// </summary>
public sealed class ResourceSnapshot
{
    private readonly ImmutableArray<ImmutableDictionary<string, Resource>> _resources;
    private readonly ImmutableArray<ImmutableHashSet<string>> _wildcard;
    private readonly ImmutableArray<ImmutableHashSet<string>> _located;
    private readonly SnapshotSteps _steps;

    internal ResourceSnapshot(
        long sequence,
        bool primed,
        ImmutableArray<ImmutableDictionary<string, Resource>> resources,
        ImmutableArray<ImmutableHashSet<string>> wildcard,
        ImmutableArray<ImmutableHashSet<string>> located,
        SnapshotSteps steps,
        ImmutableArray<string?> versions)
    {
        Sequence = sequence;
        Primed = primed;
        _resources = resources;
        _wildcard = wildcard;
        _located = located;
        _steps = steps;
        Versions = versions;
    }

    /// <summary>Nothing, and not primed: what a view serves before its first snapshot.</summary>
    public static ResourceSnapshot Unprimed { get; } = new(
        0,
        primed: false,
        [.. ResourceType.All.Select(_ => ImmutableDictionary.Create<string, Resource>(StringComparer.Ordinal))],
        [.. ResourceType.All.Select(_ => ImmutableHashSet.Create<string>(StringComparer.Ordinal))],
        [.. ResourceType.All.Select(_ => ImmutableHashSet.Create<string>(StringComparer.Ordinal))],
        SnapshotSteps.None,
        [.. ResourceType.All.Select(_ => (string?)null)]);

    /// <summary>Advances with every snapshot of a view.</summary>
    public long Sequence { get; }

    /// <summary>
    /// True once the view knows what belongs to "everything" (for Fairlead: each import has an answer or a reason why
    /// not, or the last good state was loaded). Before that nobody is told an empty world: a client that asks for
    /// everything waits, and a name that is not there is not yet called missing.
    /// </summary>
    public bool Primed { get; }

    /// <summary>What the owner calls the versions of the types, by their order; null where content does.</summary>
    internal ImmutableArray<string?> Versions { get; }

    /// <summary>What may differ from the snapshot with the sequence before it, in the same view.</summary>
    internal IReadOnlyCollection<(ResourceType Type, string Name)> Changes => _steps.Last;

    /// <summary>What may differ from an earlier snapshot of the same line; null where too much lies between them, or
    /// where this one was not derived from it.</summary>
    internal IEnumerable<(ResourceType Type, string Name)>? ChangesSince(ResourceSnapshot earlier) =>
        earlier.Primed == Primed ? _steps.Since(earlier._steps) : null;

    /// <summary>All resources of a type by name, those that only named clients get included.</summary>
    public ImmutableDictionary<string, Resource> Resources(ResourceType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return _resources[type.Order];
    }

    /// <summary>The names that a client gets which asks for everything; empty for endpoints and routes.</summary>
    public ImmutableHashSet<string> Wildcard(ResourceType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return _wildcard[type.Order];
    }

    /// <summary>The names that a client gets which asks for a collection (<see cref="Collections"/>), of all
    /// collections of the type.</summary>
    public ImmutableHashSet<string> Located(ResourceType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return _located[type.Order];
    }

    /// <summary>The resource of that type and name, or null.</summary>
    public Resource? Find(ResourceType type, string name)
    {
        ArgumentNullException.ThrowIfNull(type);
        return _resources[type.Order].GetValueOrDefault(name);
    }

    /// <summary>The same name as a resource of that type has it; null where there is none.</summary>
    internal string? FindName(ResourceType type, string name) =>
        _resources[type.Order].TryGetKey(name, out var known) ? known : null;

    /// <summary>
    /// References to resources that are not there, each with the resource that holds it. Endpoints are not counted:
    /// a missing assignment is answered with an empty one.
    /// </summary>
    public IEnumerable<(Resource From, ResourceReference To)> Dangling()
    {
        return from resources in _resources
               from resource in resources.Values
               from reference in resource.References
               where reference.Type != ResourceType.Endpoints && Find(reference.Type, reference.Name) is null
               select (resource, reference);
    }

    /// <summary>Starts the next snapshot from this one.</summary>
    public SnapshotBuilder ToBuilder() => new(Sequence + 1, Primed, _resources, _wildcard, _located, _steps, Versions);
}
