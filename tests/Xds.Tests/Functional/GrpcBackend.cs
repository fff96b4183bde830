using System.Net;
using System.Text;
using Fairlead.Rpc;
using Xunit;

namespace Fairlead.Xds.Tests.Functional;

/// <summary>A gRPC server that says who it is.</summary>
internal sealed class GrpcBackend(RpcServer server) : IAsyncDisposable
{
    public int Port => server.Endpoints[0].Address!.Port;

    public static async Task<GrpcBackend> StartAsync(string name)
    {
        var bytes = new Marshaller<byte[]>(value => value, value => value);
        var method = new Method<byte[], byte[]>(MethodType.Unary, "test.Backend", "Who", bytes, bytes);
        var options = new RpcServerOptions();
        options.Services.Add(ServerServiceDefinition.CreateBuilder()
            .AddMethod(method, (byte[] _, ServerCallContext _) => Task.FromResult(Encoding.UTF8.GetBytes(name)))
            .Build());
        options.Endpoints.Add(RpcEndpoint.Tcp(new IPEndPoint(IPAddress.Loopback, 0)));
        return new GrpcBackend(await RpcServer.StartAsync(options, TestContext.Current.CancellationToken));
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();
}
