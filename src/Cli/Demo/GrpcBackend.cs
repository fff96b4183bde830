using System.Net;
using Fairlead.Rpc;
using Grpc.Health.V1;

namespace Fairlead.Cli.Demo;

/// <summary>
/// A gRPC service on one address: <c>grpc.health.v1.Health/Check</c> is always serving and carries the address as
/// initial metadata <c>endpoint</c>. Thread-safe.
/// </summary>
internal sealed class GrpcBackend : IBackend
{
    private RpcServer? _server;
    private long _requests;

    private GrpcBackend(IPEndPoint address) => Address = address;

    public IPEndPoint Address { get; }

    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Starts listening.</summary>
    /// <exception cref="RpcEndpointException">The address is in use.</exception>
    internal static async Task<GrpcBackend> StartAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        var backend = new GrpcBackend(address);
        var options = new RpcServerOptions
        {
            Endpoints = { RpcEndpoint.Tcp(address) },
            Services =
            {
                ServerServiceDefinition.CreateBuilder()
                    .AddMethod(HealthService.CheckMethod, backend.CheckAsync).Build(),
            },
        };
        backend._server = await RpcServer.StartAsync(options, cancellationToken).ConfigureAwait(false);
        return backend;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is { } server)
        {
            await server.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task<HealthCheckResponse> CheckAsync(HealthCheckRequest request, ServerCallContext context)
    {
        Interlocked.Increment(ref _requests);
        await context.WriteResponseHeadersAsync(new Metadata { { "endpoint", Address.ToString() } })
            .ConfigureAwait(false);
        return new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Serving };
    }
}
