namespace Fairlead.Rpc;

/// <summary>
/// A gRPC server on its own Kestrel: no configuration files, no environment, no console. Listens on several endpoints at
/// once. Thread-safe.
/// </summary>
public sealed class RpcServer : IAsyncDisposable
{
    private RpcServer(IReadOnlyList<RpcEndpoint> endpoints) => Endpoints = endpoints;

    /// <summary>The endpoints in the order of the options, with the ports they were given.</summary>
    public IReadOnlyList<RpcEndpoint> Endpoints { get; }

    /// <summary>Listens. Throws <see cref="RpcEndpointException"/> for an endpoint that is in use or not allowed.</summary>
    public static Task<RpcServer> StartAsync(RpcServerOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        cancellationToken.ThrowIfCancellationRequested();
        throw new NotImplementedException();
    }

    /// <summary>
    /// Takes no new calls, cancels the running ones (<see cref="StatusCode.Unavailable"/>), and ends when they have or after
    /// <see cref="RpcServerOptions.StopTimeout"/>.
    /// </summary>
    public Task StopAsync(CancellationToken cancellationToken) => Endpoints.Count == 0 ? Task.CompletedTask : throw new NotImplementedException();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
