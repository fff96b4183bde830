using Fairlead.EnvoyApi.Endpoints;
using Fairlead.Rpc;
using Fairlead.TestKit.Processes;
using Fairlead.Xds;
using Fairlead.XdsHost;

namespace Fairlead.Bench;

/// <summary>The xDS service of this process on a unix socket, and its clients in another process.</summary>
internal sealed class XdsServer : IViewProvider, IAsyncDisposable
{
    private const int EndpointCount = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-bench-").FullName;
    private readonly ResourceView _view = new(new NoInterest());
    private readonly Lock _gate = new();
    private readonly HashSet<Resource> _seen = new(ReferenceEqualityComparer.Instance);
    private RpcServer? _server;
    private TaskCompletionSource _all = new();
    private int _left;
    private string _version = "";

    /// <summary>How many different objects the clients acknowledged since the last <see cref="PublishAsync"/>
    /// began.</summary>
    public int DistinctResources
    {
        get
        {
            lock (_gate)
            {
                return _seen.Count;
            }
        }
    }

    /// <summary>Bytes of one response's resource.</summary>
    public int ResourceBytes { get; private set; }

    /// <summary>What every stream sees.</summary>
    public ResourceView View => _view;

    /// <summary>Where it listens, as a channel's target.</summary>
    public string Address => "unix:" + Socket;

    private string Socket => Path.Combine(_folder, "xds.sock");

    public static async Task<XdsServer> StartAsync(CancellationToken cancellationToken)
    {
        var server = new XdsServer();
        var service = new AdsService(server, new AdsOptions());
        service.Acked += server.Note;
        var options = new RpcServerOptions
        {
            Services = { service.Define() },
            Endpoints = { RpcEndpoint.Unix(server.Socket) },
        };
        server._server = await RpcServer.StartAsync(options, cancellationToken);
        server.Publish(Resource.Create(Assignment(0)));
        return server;
    }

    public ResourceView Open(ClientNode client, ResourceType? only) => _view;

    /// <summary>Starts clients and waits until each has its first response.</summary>
    public async Task<ChildProcess> ConnectAsync(
        int streams, int connections, CancellationToken cancellationToken, string variant = XdsClients.Sotw)
    {
        var child = ChildProcess.Start(
            "dotnet",
            [
                typeof(XdsServer).Assembly.Location, XdsClients.Command, Socket,
                streams.ToString(System.Globalization.CultureInfo.InvariantCulture),
                connections.ToString(System.Globalization.CultureInfo.InvariantCulture), variant,
            ]);
        var line = await child.ReadLineAsync(Patience, cancellationToken);
        return line == "ready"
            ? child
            : throw new InvalidOperationException($"the clients said {line}\n{child.Errors}");
    }

    /// <summary>Changes one endpoint's weight and waits until so many streams have acknowledged it.</summary>
    public Task PublishAsync(int round, int streams, CancellationToken cancellationToken)
    {
        var resource = Resource.Create(Assignment(round));
        Task all;
        lock (_gate)
        {
            _seen.Clear();
            _left = streams;
            _version = resource.Version;
            _all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            all = _all.Task;
        }

        Publish(resource);
        return all.WaitAsync(Patience, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await (_server?.DisposeAsync() ?? ValueTask.CompletedTask);
        Directory.Delete(_folder, recursive: true);
    }

    private void Publish(Resource resource)
    {
        ResourceBytes = resource.Framed.Length;
        _view.Update(builder => builder.MarkPrimed().Set(resource));
    }

    private void Note(AckEvent ack)
    {
        lock (_gate)
        {
            // The word about the version before may come late.
            var acknowledged = ack.Resources.Where(resource => resource.Version == _version).ToList();
            if (acknowledged.Count == 0)
            {
                return;
            }

            _seen.UnionWith(acknowledged);
            if (_left > 0 && --_left == 0)
            {
                _all.SetResult();
            }
        }
    }

    private static ClusterLoadAssignment Assignment(int round) =>
        Assignments.Of(XdsClients.Assignment, EndpointCount, (uint)round);

    private sealed class NoInterest : IResourceInterest
    {
        public void Wanted(ResourceType type, string name)
        {
        }

        public void Unwanted(ResourceType type, string name)
        {
        }

        public Resource? Missing(ResourceType type, string name) => null;
    }
}
