using System.Collections.Concurrent;
using System.Diagnostics;
using Fairlead.Resolver;
using Fairlead.Resolver.Home;

namespace Fairlead.Bench;

/// <summary>A resolver that has met its home and was told of nothing else. Used by one caller at a time.</summary>
internal sealed class ColdResolve : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly HomeResolver _resolver;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<long>> _wanted = new(StringComparer.Ordinal);

    private ColdResolve(Pod pod, int seed) => _resolver = pod.Resolver(OnChanged, seed);

    /// <summary>Starts one; returns once it has met the home.</summary>
    public static async Task<ColdResolve> StartAsync(Pod pod, int seed, CancellationToken cancellationToken)
    {
        var cold = new ColdResolve(pod, seed);
        cold._resolver.Start();
        try
        {
            await cold._resolver.HomeMet.WaitAsync(Patience, cancellationToken);
            return cold;
        }
        catch
        {
            await cold.DisposeAsync();
            throw;
        }
    }

    /// <summary>From the wish for a name to its verified answer.</summary>
    /// <exception cref="InvalidOperationException">It is anything but fresh.</exception>
    public async Task<TimeSpan> ResolveAsync(string name, CancellationToken cancellationToken)
    {
        var fresh = _wanted.GetOrAdd(name, static _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
        var start = Stopwatch.GetTimestamp();
        _resolver.Want(name);
        return Stopwatch.GetElapsedTime(start, await fresh.Task.WaitAsync(Patience, cancellationToken));
    }

    public ValueTask DisposeAsync() => _resolver.DisposeAsync();

    private void OnChanged(CachedName name)
    {
        if (!_wanted.TryGetValue(name.Name, out var wanted))
        {
            return;
        }

        if (name.State == NameState.Fresh)
        {
            wanted.TrySetResult(Stopwatch.GetTimestamp());
        }
        else if (name.State != NameState.Pending)
        {
            wanted.TrySetException(new InvalidOperationException($"{name.Name}: {name.State}, {name.Failure}"));
        }
    }
}
