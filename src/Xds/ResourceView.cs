namespace Fairlead.Xds;

/// <summary>
/// What a group of clients sees: the newest snapshot, swapped whole, and the names that those clients want. Safe for
/// concurrent use.
/// </summary>
public sealed class ResourceView
{
    private readonly Lock _gate = new();
    private readonly Lock _interestGate = new();
    private readonly IResourceInterest _interest;
    private readonly UseCounts<(ResourceType Type, string Name)> _wanted = new();
    private volatile ResourceSnapshot _current = ResourceSnapshot.Unprimed;

    /// <summary>An unprimed view.</summary>
    /// <param name="interest">Hears which names are wanted.</param>
    public ResourceView(IResourceInterest interest)
    {
        ArgumentNullException.ThrowIfNull(interest);
        _interest = interest;
        Missing = interest.Missing;
    }

    /// <summary>The newest snapshot.</summary>
    public ResourceSnapshot Current => _current;

    /// <summary>Who hears of changes.</summary>
    internal ViewWatchers Watchers { get; } = new();

    /// <summary>What to send for a name that is not known; the same object for all streams.</summary>
    internal Func<ResourceType, string, Resource?> Missing { get; }

    /// <summary>Serves a snapshot from now on.</summary>
    /// <exception cref="ArgumentException">Its sequence does not advance, or it takes back that it is
    /// primed.</exception>
    public void Publish(ResourceSnapshot next)
    {
        ArgumentNullException.ThrowIfNull(next);
        ResourceSnapshot last;
        lock (_gate)
        {
            last = _current;
            if (next.Sequence <= last.Sequence)
            {
                throw new ArgumentException($"snapshot {next.Sequence} does not follow {last.Sequence}", nameof(next));
            }

            if (last.Primed && !next.Primed)
            {
                throw new ArgumentException("a primed view stays primed", nameof(next));
            }

            _current = next;
        }

        // Whoever is told of less than all must have seen the snapshot that the next one was derived from.
        if (next.Sequence == last.Sequence + 1 && next.Primed == last.Primed)
        {
            Watchers.Wake(next.Changes);
        }
        else
        {
            Watchers.Wake();
        }
    }

    /// <summary>Derives the next snapshot from the newest one and serves it, with no other change in between.</summary>
    public void Update(Action<SnapshotBuilder> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        lock (_gate)
        {
            var builder = _current.ToBuilder();
            change(builder);
            Publish(builder.Build());
        }
    }

    /// <summary>Counts the names of one stream; each added name must be removed once.</summary>
    internal void Count(ResourceType type, IEnumerable<string> added, IEnumerable<string> removed)
    {
        lock (_interestGate)
        {
            foreach (var name in added)
            {
                if (_wanted.Add((type, name)))
                {
                    _interest.Wanted(type, name);
                }
            }

            foreach (var name in removed)
            {
                if (_wanted.Remove((type, name)))
                {
                    _interest.Unwanted(type, name);
                }
            }
        }
    }
}
