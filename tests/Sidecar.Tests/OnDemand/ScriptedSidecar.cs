using System.Collections.Concurrent;
using System.Net;
using Fairlead.Rpc;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit;
using Fairlead.Xds;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Sidecar.Tests.OnDemand;

/// <summary>
/// All of a sidecar that an Envoy sees (xDS, views, translation, the state of names) on a unix socket, over a resolver
/// whose answers the test gives. It can end and start again, with its state.
/// </summary>
internal sealed class ScriptedSidecar : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-demand-").FullName;
    private readonly ConcurrentDictionary<string, ServedName> _answers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _wanted = new(StringComparer.Ordinal);
    private readonly Lock _resolving = new();
    private readonly Lock _hearing = new();
    private OnDemandOptions _options;
    private volatile HashSet<string> _imports;
    private ShapeFile? _shapes;
    private ServedViews? _views;
    private AdsService? _ads;
    private RpcServer? _server;
    private RpcServer? _responder;
    private volatile bool _isAnswering = true;
    private int _starts;

    internal ScriptedSidecar(OnDemandOptions options, params string[] imports)
    {
        _options = options;
        _imports = [.. imports];
    }

    /// <value>For an Envoy of the sidecar's own: its routes wait for it to take what they lead to, however slow the
    /// machine is.</value>
    internal static XdsLimits Patient { get; } =
        XdsLimits.Default with { WarmWaitMax = TimeSpan.FromMinutes(2) };

    /// <value>What one stream may ask for.</value>
    internal XdsLimits Limits { get; set; } = XdsLimits.Default;

    /// <value>Bytes of the largest request that is taken in whole.</value>
    internal int RequestBytes { get; set; } = RpcDefaults.MaxMessageBytes;

    /// <value>Where its xDS logs.</value>
    internal ILogger Log { get; set; } = NullLogger.Instance;

    /// <summary>The unix socket.</summary>
    internal string Socket => Path.Combine(_folder, "xds.sock");

    /// <summary>A folder for what belongs to it.</summary>
    internal string Folder => _folder;

    /// <summary>The names that are resolved now.</summary>
    internal IEnumerable<string> Wanted => _wanted.Keys;

    /// <summary>The clock by which names are waited for.</summary>
    internal ManualTimeProvider Time { get; } = new();

    /// <summary>The streams that are open.</summary>
    internal IReadOnlyList<StreamStatus> Streams => _ads!.Streams();

    private string StateFile => Path.Combine(_folder, "imports.state");

    /// <summary>Listens, with what the state says; the resolver says nothing before <see cref="Answer"/> where it is
    /// told to keep silent.</summary>
    internal async Task StartAsync(bool isAnswering = true)
    {
        _isAnswering = isAnswering;
        int start;
        lock (_hearing)
        {
            start = ++_starts;
            _wanted.Clear();
        }

        await RespondAsync();
        _shapes = new ShapeFile(
            StateFile, _imports, reason => throw new InvalidOperationException(reason));
        _views = new ServedViews(
            _imports, (name, isWanted) => OnInterest(name, isWanted, start), _shapes, onDemand: _options, time: Time,
            clock: TimeProvider.System);
        foreach (var name in _imports.Concat(_views.Used))
        {
            OnInterest(name, true, start);
        }

        _ads = new AdsService(_views, new AdsOptions { Limits = Limits, Logger = Log });
        var server = new RpcServerOptions
        {
            Services = { _ads.Define() },
            Endpoints = { RpcEndpoint.Unix(Socket) },
            Calls = new RpcServiceOptions { MaxReceiveMessageBytes = RequestBytes },
        };
        foreach (var service in _ads.DefineTypes())
        {
            server.Services.Add(service);
        }

        _server = await RpcServer.StartAsync(server, TestContext.Current.CancellationToken);
    }

    /// <summary>Ends as a program does; what it remembers is on the disk.</summary>
    internal async Task StopAsync()
    {
        await _server!.DisposeAsync();
        if (_responder is not null)
        {
            await _responder.DisposeAsync();
        }

        await _shapes!.DisposeAsync();
    }

    /// <summary>It has ended, and what it remembers is lost.</summary>
    internal void LoseState() => File.Delete(StateFile);

    /// <summary>From now on it is enough that something is known of one import.</summary>
    internal void EndPatience() => _views!.EndPatience();

    /// <summary>These are its imports from now on, as after a reload of its configuration.</summary>
    internal void Import(params string[] imports)
    {
        var before = _imports;
        _imports = [.. imports];
        _views!.Import(_imports);
        foreach (var name in imports.Except(before))
        {
            OnInterest(name, true, _starts);
        }

        foreach (var name in before.Except(imports))
        {
            OnInterest(name, false, _starts);
        }
    }

    // Where Envoys ask stands in what they are told: it keeps its port over a restart.
    private async Task RespondAsync()
    {
        if (_options.Clusters.Responder is not { } responder)
        {
            return;
        }

        var answers = ServerServiceDefinition.CreateBuilder().AddMethod(
            HealthService.CheckMethod, (request, context) => _views!.Connections.CheckAsync(request, context)).Build();
        var address = new IPEndPoint(IPAddress.Parse(responder.Address), responder.Port);
        _responder = await RpcServer.StartAsync(
            new RpcServerOptions { Services = { answers }, Endpoints = { RpcEndpoint.Tcp(address) } },
            TestContext.Current.CancellationToken);
        var port = _responder.Endpoints[0].Address!.Port;
        _options = _options with { Clusters = _options.Clusters with { Responder = responder with { Port = port } } };
    }

    /// <summary>From now on the resolver answers.</summary>
    internal void Answer()
    {
        _isAnswering = true;
        foreach (var name in Wanted)
        {
            Resolve(name);
        }
    }

    /// <summary>What the resolver finds for a name, from now on.</summary>
    internal void Publish(params ServedName[] names)
    {
        foreach (var name in names)
        {
            _answers[name.Name] = name;
            if (_wanted.ContainsKey(name.Name))
            {
                Resolve(name.Name);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    // As the real one: it hears under a lock, counts who wants a name, answers on a thread of its own, and keeps
    // imports whoever gives them up. What a stream of an earlier start gives up when it ends is nobody's any more.
    private void OnInterest(string name, bool isWanted, int start)
    {
        lock (_hearing)
        {
            if (start == _starts)
            {
                Hear(name, isWanted);
            }
        }
    }

    private void Hear(string name, bool isWanted)
    {
        if (isWanted)
        {
            _wanted[name] = _wanted.GetValueOrDefault(name) + 1;
            _ = Task.Run(() => Resolve(name));
        }
        else if (_wanted.GetValueOrDefault(name) is > 1 and var users)
        {
            _wanted[name] = users - 1;
        }
        else if (!_imports.Contains(name))
        {
            _wanted.TryRemove(name, out _);
            _ = Task.Run(() => _views!.Forget(name));
        }
    }

    // One after the other: else what was found earlier could be published later.
    private void Resolve(string name)
    {
        lock (_resolving)
        {
            _views!.Publish(
                _isAnswering && _answers.TryGetValue(name, out var answer)
                    ? answer
                    : ServedName.Without(name, Reasons.Pending, []));
        }
    }
}
