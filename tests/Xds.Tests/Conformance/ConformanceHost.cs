using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.EnvoyApi.Listeners;
using Fairlead.EnvoyApi.Routes;
using Fairlead.Rpc;
using Fairlead.TestKit.Processes;
using Fairlead.XdsConformance;
using Fairlead.XdsConformance.Wire;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Xunit;

namespace Fairlead.Xds.Tests.Conformance;

/// <summary>The host of harnesses, and the part of a harness that says what it serves.</summary>
internal sealed class ConformanceHost : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-conf-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly StringWriter _output = new();
    private readonly RpcChannel _channel;
    private readonly Task<int> _running;

    private ConformanceHost()
    {
        _channel = new RpcChannel("unix:" + Socket);
        _running = ConformanceProgram.RunAsync(
            ["--listen", "unix:" + Socket, "--listen", "127.0.0.1:0"],
            TextWriter.Synchronized(_output), TextWriter.Synchronized(_output), _stop.Token);
    }

    public string Socket => Path.Combine(_folder, "xds.sock");

    /// <summary>Its address on loopback.</summary>
    public string Address => _output.ToString().Trim().Split(' ')[^1].Replace("http://", "", StringComparison.Ordinal);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<ConformanceHost> StartAsync()
    {
        var host = new ConformanceHost();
        await Eventually.HoldsAsync(
            () => Task.FromResult(host._output.ToString()), said => said.StartsWith("ready ") && said.EndsWith('\n'),
            Bound, Cancellation);
        return host;
    }

    public async Task SetAsync(string node, string version, ResourceType type, params string[] names)
    {
        var request = new SetStateRequest { Node = node, Version = version };
        request.Resources.Add(names.Select(name => NamedOnly(type, name)));
        var said = await CallAsync<SetStateRequest, SetStateResponse>("SetState", request);
        Assert.True(said.Success);
    }

    /// <summary>Tells of one resource by one of the calls for that.</summary>
    public async Task<bool> TellAsync(string call, string node, string version, ResourceType type, string name)
    {
        var request = new ResourceRequest { Node = node, Version = version, ResourceName = name };
        request.TypeUrl = type.TypeUrl;
        return (await CallAsync<ResourceRequest, ResourceResponse>(call + "Resource", request)).Success;
    }

    public Task<ClearStateResponse> ClearAsync(string node) =>
        CallAsync<ClearStateRequest, ClearStateResponse>("ClearState", new ClearStateRequest { Node = node });

    public async Task<TResponse> CallAsync<TRequest, TResponse>(string name, TRequest request)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() => await _channel.CreateCallInvoker().AsyncUnaryCall(
            AdapterService.Of<TRequest, TResponse>(name), null, new CallOptions(cancellationToken: Cancellation),
            request).ResponseAsync;

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _stop.CancelAsync();
        Assert.Equal(0, await _running);
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // As a harness sends them: a name and nothing else.
    private static Any NamedOnly(ResourceType type, string name)
    {
        IMessage message = type == ResourceType.Cluster ? new Cluster { Name = name }
            : type == ResourceType.Endpoints ? new ClusterLoadAssignment { ClusterName = name }
            : type == ResourceType.Listener ? new Listener { Name = name }
            : new RouteConfiguration { Name = name };
        return Any.Pack(message);
    }
}
