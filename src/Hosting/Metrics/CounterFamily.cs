namespace Fairlead.Hosting;

/// <summary>
/// Counters by the value of one label. A value beyond the limit counts as <c>other</c>, so that no input can make them
/// many. Thread-safe.
/// </summary>
/// <param name="valuesMax">Most values of the label.</param>
public sealed class CounterFamily(int valuesMax = 200)
{
    private const string Rest = "other";

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, Counter> _counters = new(StringComparer.Ordinal);

    /// <summary>The values and their numbers, ascending by value.</summary>
    public IReadOnlyList<(string Label, double Value)> Values
    {
        get
        {
            lock (_gate)
            {
                return [.. _counters.Select(pair => (pair.Key, (double)pair.Value.Value))];
            }
        }
    }

    /// <summary>The counter of a value.</summary>
    public Counter With(string value)
    {
        lock (_gate)
        {
            if (_counters.TryGetValue(value, out var counter))
            {
                return counter;
            }

            // With a value forgotten there is room again, though others counted as the rest.
            value = _counters.Count - (_counters.ContainsKey(Rest) ? 1 : 0) < valuesMax ? value : Rest;
            if (!_counters.TryGetValue(value, out counter))
            {
                _counters.Add(value, counter = new Counter());
            }

            return counter;
        }
    }

    /// <summary>Forgets a value with its number: another one has its place, and it begins at zero should it come
    /// again.</summary>
    public void Remove(string value)
    {
        lock (_gate)
        {
            _counters.Remove(value);
        }
    }
}
