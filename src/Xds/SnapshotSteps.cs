namespace Fairlead.Xds;

/// <summary>
/// The last changes that led to a snapshot, so that whoever saw one a few steps before looks at those names alone and
/// not at all that it holds. Immutable.
/// </summary>
internal sealed class SnapshotSteps
{
    private const int StepsMax = 32;

    // A large change is kept for the step that it is, and not for the 31 after it.
    private const int NamesMax = 1_024;

    private readonly Step[] _steps;

    private SnapshotSteps(Step[] steps) => _steps = steps;

    /// <summary>No change: where a line of snapshots begins.</summary>
    public static SnapshotSteps None { get; } = new([new Step([])]);

    /// <summary>What the last step changed.</summary>
    public IReadOnlyCollection<(ResourceType Type, string Name)> Last => _steps[^1].Changes;

    /// <summary>The steps with one more, without the oldest ones that are too many.</summary>
    public SnapshotSteps Then((ResourceType Type, string Name)[] changes)
    {
        var (from, names) = (_steps.Length, changes.Length);
        while (from > 0 && _steps.Length - from + 1 < StepsMax && (from == _steps.Length || names <= NamesMax))
        {
            names += _steps[--from].Changes.Length;
        }

        return new SnapshotSteps([.. _steps.AsSpan(from), new Step(changes)]);
    }

    /// <summary>What changed after these; null where their last one is not known here any more, or never
    /// was.</summary>
    public IEnumerable<(ResourceType Type, string Name)>? Since(SnapshotSteps earlier)
    {
        for (var i = _steps.Length - 1; i >= 0; i--)
        {
            if (ReferenceEquals(_steps[i], earlier._steps[^1]))
            {
                return _steps.Skip(i + 1).SelectMany(step => step.Changes);
            }
        }

        return null;
    }

    // Told apart by being another object: two snapshots of one number may have been derived from the same one.
    private sealed class Step((ResourceType Type, string Name)[] changes)
    {
        public (ResourceType Type, string Name)[] Changes => changes;
    }
}
