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
    private readonly Dictionary<(ResourceType Type, string Name), int> _wanted = [];
    private volatile State _state = new(ResourceSnapshot.Unprimed);

    /// <summary>An unprimed view.</summary>
    /// <param name="interest">Hears which names are wanted.</param>
    public ResourceView(IResourceInterest interest)
    {
        ArgumentNullException.ThrowIfNull(interest);
        _interest = interest;
    }

    /// <summary>The newest snapshot.</summary>
    public ResourceSnapshot Current => _state.Snapshot;

    /// <summary>Serves a snapshot from now on.</summary>
    /// <exception cref="ArgumentException">Its sequence does not advance, or it takes back that it is
    /// primed.</exception>
    public void Publish(ResourceSnapshot next)
    {
        ArgumentNullException.ThrowIfNull(next);
        State last;
        lock (_gate)
        {
            last = _state;
            if (next.Sequence <= last.Snapshot.Sequence)
            {
                throw new ArgumentException(
                    $"snapshot {next.Sequence} does not follow {last.Snapshot.Sequence}", nameof(next));
            }

            if (last.Snapshot.Primed && !next.Primed)
            {
                throw new ArgumentException("a primed view stays primed", nameof(next));
            }

            _state = new State(next);
        }

        last.Replaced.SetResult();
    }

    /// <summary>Derives the next snapshot from the newest one and serves it, with no other change in between.</summary>
    public void Update(Action<SnapshotBuilder> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        lock (_gate)
        {
            var builder = _state.Snapshot.ToBuilder();
            change(builder);
            Publish(builder.Build());
        }
    }

    /// <summary>Ends when <see cref="Current"/> is no longer <paramref name="seen"/>; at once if it is not.</summary>
    internal Task Changed(ResourceSnapshot seen)
    {
        var state = _state;
        return ReferenceEquals(state.Snapshot, seen) ? state.Replaced.Task : Task.CompletedTask;
    }

    internal Resource? Missing(ResourceType type, string name) => _interest.Missing(type, name);

    /// <summary>Counts the names of one stream; each added name must be removed once.</summary>
    internal void Count(ResourceType type, IEnumerable<string> added, IEnumerable<string> removed)
    {
        lock (_interestGate)
        {
            foreach (var name in added)
            {
                var count = _wanted[(type, name)] = _wanted.GetValueOrDefault((type, name)) + 1;
                if (count == 1)
                {
                    _interest.Wanted(type, name);
                }
            }

            foreach (var name in removed)
            {
                var count = _wanted.GetValueOrDefault((type, name)) - 1;
                if (count > 0)
                {
                    _wanted[(type, name)] = count;
                }
                else if (_wanted.Remove((type, name)))
                {
                    _interest.Unwanted(type, name);
                }
            }
        }
    }

    private sealed class State(ResourceSnapshot snapshot)
    {
        public ResourceSnapshot Snapshot { get; } = snapshot;

        public TaskCompletionSource Replaced { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
