using System.Collections.Concurrent;
using System.Net;

namespace Fairlead.Cli.Demo;

/// <summary>The real services behind the endpoints of the manifests. Thread-safe.</summary>
internal sealed class Backends : IAsyncDisposable
{
    private readonly ConcurrentDictionary<IPEndPoint, IBackend> _running = new();

    /// <summary>All that run.</summary>
    internal IEnumerable<IBackend> All => _running.Values;

    /// <summary>Starts a service unless one runs there.</summary>
    /// <exception cref="CliException">It cannot listen there.</exception>
    internal async Task EnsureAsync(IPEndPoint address, bool grpc, CancellationToken cancellationToken)
    {
        if (_running.ContainsKey(address))
        {
            return;
        }

        try
        {
            _running[address] = grpc
                ? await GrpcBackend.StartAsync(address, cancellationToken).ConfigureAwait(false)
                : await HttpBackend.StartAsync(address, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            throw new CliException(
                ExitCode.Usage,
                $"a backend cannot listen on {address}: {e.Message}; end what listens there (ss -ltnp)");
        }
    }

    /// <summary>Ends a service.</summary>
    internal async Task StopAsync(IPEndPoint address)
    {
        if (_running.TryRemove(address, out var backend))
        {
            await backend.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>How many requests reached an address.</summary>
    internal long RequestsAt(IPEndPoint address) =>
        _running.TryGetValue(address, out var backend) ? backend.Requests : 0;

    public async ValueTask DisposeAsync()
    {
        foreach (var backend in _running.Values)
        {
            await backend.DisposeAsync().ConfigureAwait(false);
        }
    }
}
