using Microsoft.AspNetCore.Routing;

namespace Fairlead.Rpc;

/// <summary>Serves gRPC from an application that has its own Kestrel.</summary>
public static class RpcEndpointRouteBuilderExtensions
{
    /// <summary>Maps every method of a service; the endpoints must speak HTTP/2.</summary>
    public static void MapRpcService(
        this IEndpointRouteBuilder endpoints, ServerServiceDefinition service, RpcServiceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(service);
        throw new NotImplementedException(options?.ToString());
    }
}
