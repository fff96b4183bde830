using Fairlead.Resolver;

namespace Fairlead.Sidecar.Admin;

/// <summary>
/// How many names are in each state, counted once in a second at the most: strangers reach the port where it is told,
/// and the names may be ten thousand. Thread-safe.
/// </summary>
/// <param name="names">The names held.</param>
/// <param name="time">Counts the second.</param>
internal sealed class StateCounts(Func<IEnumerable<CachedName>> names, TimeProvider time)
{
    private static readonly TimeSpan Age = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private Dictionary<NameState, int>? _newest;
    private long _countedAt;

    /// <summary>The numbers of one moment within the last second; a state that no name is in may be missing.</summary>
    internal IReadOnlyDictionary<NameState, int> Newest
    {
        get
        {
            lock (_gate)
            {
                if (_newest is null || time.GetElapsedTime(_countedAt) >= Age)
                {
                    _countedAt = time.GetTimestamp();
                    _newest = names().CountBy(name => name.State).ToDictionary();
                }

                return _newest;
            }
        }
    }
}
