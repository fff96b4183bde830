using System.Net;
using Fairlead.Rpc;
using Fairlead.TestKit.Processes;
using Xunit;

namespace Fairlead.Xds.Tests.Functional;

/// <summary>The service on a real unix socket and a real port, with one view for all, and the ACKs as they
/// come.</summary>
internal sealed class AdsHost : IViewProvider, IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    private readonly Lock _gate = new();
    private readonly List<AckEvent> _acks = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-xds-").FullName;
    private TaskCompletionSource _acked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RpcServer? _server;

    public AdsHost() => View = new ResourceView(Interest);

    public RecordingInterest Interest { get; } = new();

    public ResourceView View { get; }

    public AdsService Service { get; private set; } = null!;

    public string Socket => Path.Combine(_folder, "xds.sock");

    public IPEndPoint Address => _server!.Endpoints[1].Address!;

    public static async Task<AdsHost> StartAsync(AdsOptions? options = null)
    {
        var host = new AdsHost();
        await host.StartServerAsync(options);
        return host;
    }

    public ResourceView Open(ClientNode client, ResourceType? only) => View;

    public async Task StartServerAsync(AdsOptions? options = null)
    {
        Service = new AdsService(this, options ?? new AdsOptions());
        Service.Acked += Record;
        var server = new RpcServerOptions();
        server.Services.Add(Service.Define());
        server.Services.Add(Service.DefineStatus());
        foreach (var one in Service.DefineTypes())
        {
            server.Services.Add(one);
        }

        server.Endpoints.Add(RpcEndpoint.Unix(Socket));
        server.Endpoints.Add(RpcEndpoint.Tcp(new IPEndPoint(IPAddress.Loopback, 0)));
        _server = await RpcServer.StartAsync(server, TestContext.Current.CancellationToken);
    }

    /// <summary>Returns once no stream is known any more.</summary>
    public Task ForgottenAsync() => Eventually.HoldsAsync(
        () => Task.FromResult(Service.StreamCount), count => count == 0, Bound,
        TestContext.Current.CancellationToken);

    public async Task StopServerAsync()
    {
        await _server!.DisposeAsync();
        lock (_gate)
        {
            _acks.Clear();
        }
    }

    /// <summary>Serves these beside what is there.</summary>
    public void Publish(params Resource[] resources)
    {
        View.Update(builder =>
        {
            builder.MarkPrimed();
            foreach (var resource in resources)
            {
                // A Listener of a proxyless client is for who names it: an Envoy has nothing to do with it.
                builder.Set(resource, wildcard: resource.Type == ResourceType.Cluster);
            }
        });
    }

    /// <summary>Waits until a client took exactly this content.</summary>
    public Task<AckEvent> AckOfAsync(Resource resource)
    {
        return AckAsync(ack => ack.Resources.Any(r => r.Name == resource.Name && r.Version == resource.Version),
            resource);
    }

    public async Task<AckEvent> AckAsync(Func<AckEvent, bool> condition, object what)
    {
        while (true)
        {
            Task next;
            lock (_gate)
            {
                if (_acks.Find(ack => condition(ack)) is { } found)
                {
                    return found;
                }

                next = _acked.Task;
            }

            try
            {
                await next.WaitAsync(Bound, TestContext.Current.CancellationToken);
            }
            catch (TimeoutException)
            {
                throw new TimeoutException($"no ACK of {what}; streams: {string.Join(' ', Service.Streams())}");
            }
        }
    }

    public void ForgetAcks()
    {
        lock (_gate)
        {
            _acks.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private void Record(AckEvent ack)
    {
        TaskCompletionSource acked;
        lock (_gate)
        {
            _acks.Add(ack);
            acked = _acked;
            _acked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        acked.SetResult();
    }
}
