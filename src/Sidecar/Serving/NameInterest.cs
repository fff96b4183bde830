namespace Fairlead.Sidecar.Serving;

/// <summary>
/// Who of the sidecar's parts wants which name, counted: imports, xDS views, DNS and the proxy want names each for
/// itself, and the resolver gives one up only when the last of them did. Thread-safe.
/// </summary>
/// <param name="want">Keeps a name resolved; may be said again of one that is. Must not block.</param>
/// <param name="forget">Gives a name up. Must not block.</param>
internal sealed class NameInterest(Action<string> want, Action<string> forget)
{
    // Often enough for the order in which names leave, and seldom enough to cost a request nothing.
    private static readonly TimeSpan RenewedEvery = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);

    /// <summary>Whether it is to be said again of a name that is used that it is.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="before">When it was said last, as its timestamp.</param>
    /// <param name="now">Its timestamp now.</param>
    internal static bool IsRenewalDue(TimeProvider time, long before, long now) =>
        time.GetElapsedTime(before, now) >= RenewedEvery;

    /// <summary>Says again of a name that is wanted that it is: the resolver weighs anew whether it may have to
    /// leave.</summary>
    internal void Renew(string name)
    {
        lock (_gate)
        {
            if (_counts.ContainsKey(name))
            {
                want(name);
            }
        }
    }

    /// <summary>One part more wants the name, or one fewer. A word of less that no word of more came before is
    /// nothing.</summary>
    internal void Count(string name, bool isWanted)
    {
        // The resolver hears under the lock: of two parts that speak at once the later one must be heard later.
        lock (_gate)
        {
            var count = _counts.GetValueOrDefault(name) + (isWanted ? 1 : -1);
            if (count < 0)
            {
                return;
            }

            if (isWanted)
            {
                // Each time: a name that was turned away when too many were held gets another chance.
                _counts[name] = count;
                want(name);
            }
            else if (count > 0)
            {
                _counts[name] = count;
            }
            else
            {
                _counts.Remove(name);
                forget(name);
            }
        }
    }
}
