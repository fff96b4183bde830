using System.Net;
using System.Security.Cryptography;
using Grpc.Health.V1;

namespace Fairlead.Rpc.Tests;

/// <summary>Servers on free ports for tests.</summary>
internal static class Servers
{
    public static readonly IPEndPoint Any = new(IPAddress.Loopback, 0);

    /// <summary>What is waited for that is to come.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static Task<RpcServer> StartAsync(RpcEndpoint? endpoint = null, TaskCompletionSource? cancelled = null,
        RpcServiceOptions? calls = null, TaskCompletionSource? begun = null)
    {
        var options = new RpcServerOptions { Calls = calls ?? new RpcServiceOptions() };
        options.Endpoints.Add(endpoint ?? RpcEndpoint.Tcp(Any));
        options.Services.Add(EchoService.Build(cancelled, begun));
        var health = new HealthService();
        health.Set("", HealthCheckResponse.Types.ServingStatus.Serving);
        options.Services.Add(health.Build());
        options.Services.Add(new ReflectionService([HealthReflection.Descriptor]).Build());
        return RpcServer.StartAsync(options, Token);
    }

    public static RpcChannel Connect(RpcServer server, RpcChannelOptions? options = null) =>
        new(server.Endpoints[0].ToString(), options ?? new RpcChannelOptions { ConnectTimeout = Patience });

    public static TlsIdentity Identity(ECCurve? curve = null)
    {
        using var key = ECDsa.Create(curve ?? ECCurve.NamedCurves.nistP256);
        return new TlsIdentity(key, TimeProvider.System);
    }

    public static async Task<RpcException> FailsAsync(Task call) =>
        await Assert.ThrowsAsync<RpcException>(() => call.WaitAsync(Patience, Token));
}
