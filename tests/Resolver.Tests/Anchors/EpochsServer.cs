using System.Net;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using Fairlead.TestKit;

namespace Fairlead.Resolver.Tests.Anchors;

/// <summary>An anchor that shows pages of epochs and nothing else, and who asks it.</summary>
internal sealed class EpochsServer : IAsyncDisposable
{
    private readonly TlsIdentity _identity = new(TestKeys.Ecdsa(1), TimeProvider.System);
    private RpcServer? _server;

    /// <summary>Serves what a function says; it may throw.</summary>
    internal static async Task<EpochsServer> StartAsync(
        Func<EpochsRequest, IEnumerable<EpochDocument>> pages, CancellationToken cancellationToken)
    {
        var server = new EpochsServer();
        var service = ServerServiceDefinition.CreateBuilder()
            .AddMethod(AnchorMethods.Epochs, (request, _) =>
            {
                var response = new EpochsResponse();
                response.Epochs.AddRange(pages(request).Select(WireWriter.ToMessage));
                return Task.FromResult(response);
            })
            .Build();
        server._server = await RpcServer.StartAsync(
            new RpcServerOptions
            {
                Endpoints =
                {
                    RpcEndpoint.Tcp(new IPEndPoint(IPAddress.Loopback, 0), new RpcServerTls(server._identity)),
                },
                Services = { service },
            },
            cancellationToken);
        return server;
    }

    /// <summary>A client of it, to be disposed of.</summary>
    internal AnchorClient Client() => new(
        IpEndpoint.Parse(_server!.Endpoints[0].Address!.ToString()), _identity, TimeProvider.System);

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        _identity.Dispose();
    }
}
