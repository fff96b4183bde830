using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Rpc;

/// <summary>Serves gRPC from an application that has its own Kestrel.</summary>
public static class RpcEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps every method of a service; the endpoints must speak HTTP/2. Another method of it is answered with
    /// <see cref="StatusCode.Unimplemented"/>.
    /// </summary>
    public static void MapRpcService(
        this IEndpointRouteBuilder endpoints, ServerServiceDefinition service, RpcServiceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(service);
        var services = endpoints.ServiceProvider;
        var dispatcher = new CallDispatcher(
            options ?? new RpcServiceOptions(),
            services.GetRequiredService<ILoggerFactory>().CreateLogger<RpcServer>(),
            services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        foreach (var handler in service.Handlers)
        {
            endpoints.Map(handler.Method.FullName, http => dispatcher.InvokeAsync(http, handler));
        }

        foreach (var name in service.Handlers.Select(handler => handler.Method.ServiceName).Distinct())
        {
            endpoints.Map($"/{name}/{{*method}}", http => dispatcher.InvokeAsync(http, null));
        }
    }
}
