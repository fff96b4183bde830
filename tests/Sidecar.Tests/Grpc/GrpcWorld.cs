using System.Text;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Tests.OnDemand;
using Fairlead.Sidecar.Tests.Proxy;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Processes;
using Fairlead.TestKit.Wire;
using Fairlead.Xds;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Fairlead.Sidecar.Tests.Grpc;

/// <summary>What a sidecar serves by xDS, two servers of gRPC, and a client of one of the libraries, whose connection
/// to the sidecar can be cut.</summary>
internal sealed class GrpcWorld : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly List<Backend> _backends = [];
    private SocketRelay? _relay;

    internal ScriptedSidecar Sidecar { get; } = new(new OnDemandOptions());

    internal LibraryClient Client { get; private set; } = null!;

    /// <summary>The ports of the servers that say <c>one</c> and <c>two</c>.</summary>
    internal (int One, int Two) Ports => (_backends[0].Port, _backends[1].Port);

    /// <summary>The endpoints of the stream by which a client asks for those of a name; null while there is
    /// none.</summary>
    internal TypeStatus? EndpointsOf(string name) => Sidecar.Streams.SelectMany(stream => stream.Types).FirstOrDefault(
        type => type.Type == ResourceType.Endpoints && type.Names.Any(one => ClusterNames.IdOf(one) == name + ":80"));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    internal static async Task<GrpcWorld> StartAsync(
        GrpcLibrary library, bool isAuthority = false, bool isFederated = true)
    {
        var world = new GrpcWorld();
        try
        {
            foreach (var who in new[] { "one", "two" })
            {
                world._backends.Add(await BackendAsync(who));
            }

            await world.Sidecar.StartAsync();
            var socket = Path.Combine(world.Sidecar.Folder, "relay.sock");
            world._relay = new SocketRelay(socket, world.Sidecar.Socket);
            world.Client = await LibraryClient.StartAsync(
                library, socket, world.Sidecar.Folder,
                new Dictionary<int, string> { [world.Ports.One] = "one", [world.Ports.Two] = "two" }, isAuthority,
                isFederated);
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>A server of gRPC that says who it is.</summary>
    internal static Task<Backend> BackendAsync(string who) =>
        Backend.StartAsync(context => AnswerAsync(context, who), HttpProtocols.Http2);

    /// <summary>A name of one port, which is of gRPC.</summary>
    internal static ServedName Named(string name, params int[] ports) =>
        OnDemandWorld.Named(name, ports) with { Ports = [new ServedPort("grpc", 80, "grpc")] };

    /// <summary>Ends the client's connections to the sidecar, of which there must be one.</summary>
    internal void Cut() => Assert.True(_relay!.Cut() > 0);

    /// <summary>Waits for something that the endpoints of that stream show.</summary>
    internal Task EndpointsAsync(string name, Func<TypeStatus, bool> condition) => Eventually.HoldsAsync(
        () => Task.FromResult(EndpointsOf(name)), type => type is not null && condition(type), Patience,
        Cancellation);

    /// <summary>Waits until the client has a stream that began after this moment.</summary>
    internal Task StreamSinceAsync(DateTimeOffset moment) => Eventually.HoldsAsync(
        () => Task.FromResult(Sidecar.Streams),
        streams => streams.Any(stream => stream.ConnectedAt > moment), Patience, Cancellation);

    public async ValueTask DisposeAsync()
    {
        if (Client is not null)
        {
            await Client.DisposeAsync();
        }

        if (_relay is not null)
        {
            await _relay.DisposeAsync();
        }

        await Sidecar.DisposeAsync();
        foreach (var backend in _backends)
        {
            await backend.DisposeAsync();
        }
    }

    // A unary answer of gRPC: a frame, and the status behind it. Asked for its health it serves.
    private static async Task AnswerAsync(HttpContext context, string who)
    {
        byte[] answer = context.Request.Path == "/grpc.health.v1.Health/Check" ? [8, 1] : Encoding.ASCII.GetBytes(who);
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync((byte[])[0, 0, 0, 0, (byte)answer.Length, .. answer]);
        context.Response.AppendTrailer("grpc-status", "0");
    }
}
