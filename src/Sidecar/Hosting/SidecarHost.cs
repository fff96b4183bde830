using System.Collections.Frozen;
using System.Collections.Immutable;
using Fairlead.Hosting;
using Fairlead.Naming;
using Fairlead.Resolver;
using Fairlead.Resolver.Home;
using Fairlead.Resolver.Sets;
using Fairlead.Resolver.State;
using Fairlead.Rpc;
using Fairlead.Sidecar.Admin;
using Fairlead.Sidecar.Hosting.Reloading;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Translation;
using Fairlead.Telemetry;
using Fairlead.Xds;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Hosting;

/// <summary>One running sidecar. Thread-safe; disposing it stops everything.</summary>
internal sealed class SidecarHost : IAsyncDisposable
{
    /// <summary>The file of the imports' ports, in the state folder.</summary>
    internal const string ShapesState = "imports.state";

    /// <summary>How long clients wait for all imports before some of them are enough.</summary>
    private static readonly TimeSpan PrimePatience = TimeSpan.FromSeconds(10);

    private readonly ResolverSetup _setup;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ShapeFile? _shapes;
    private readonly NameInterest _interest;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _changing = new();
    private readonly Dictionary<string, NameState> _said = new(StringComparer.Ordinal);
    private readonly SetBook _sets;
    private readonly FirstRequest? _first;
    private readonly PodFamilies _families;
    private RpcServer? _server;
    private AdminServer? _admin;
    private readonly TelemetrySwitch _telemetry;
    private volatile SidecarOptions _options;
    private volatile FrozenSet<string> _imports;
    private volatile ReloadStatus _reloads = ReloadStatus.Start;
    private volatile string _ending = "";

    private SidecarHost(
        SidecarOptions options, ResolverSetup setup, TimeProvider time, Random random, ILoggerFactory loggers)
    {
        _options = options;
        _setup = setup;
        _time = time;
        _log = loggers.CreateLogger<SidecarHost>();
        _imports = ImportsOf(options);
        _shapes = ResolverSetup.InFolder(options, ShapesState) is { } file
            ? new ShapeFile(file, _imports, reason => SidecarLog.Shapes(_log, reason), time)
            : null;

        // Who goes with this process may be there again after it: what is kept for the next start stays.
        _interest = new NameInterest(
            name => Resolver!.Want(name),
            name =>
            {
                if (_ending.Length == 0)
                {
                    Resolver!.Forget(name);
                }
            });
        Views = new ServedViews(
            _imports, _interest.Count, _shapes, new ClientTls(SvidSecret.PathOf(options), options.XdsGrpc),
            DemandOf(options), _interest.Renew, time, isMet: false);
        Pod = new PodServices(
            options, setup.Options, _interest.Count, _interest.Renew, (time, new Random(random.Next()), loggers));
        _families = new PodFamilies(
            PodAddresses.Read,
            time,
            families =>
            {
                Views.Reach(families);
                Pod.Reach(families);
            },
            reason => SidecarLog.Families(_log, reason));
        Ads = new AdsService(Views, new AdsOptions
        {
            ControlPlane = $"fairlead {ProgramHelp.VersionOf(typeof(SidecarHost).Assembly)} {Environment.MachineName}",
            TimeProvider = time,
            Logger = loggers.CreateLogger<AdsService>(),
        });
        _telemetry = new TelemetrySwitch(
            "fairlead-sidecar", Environment.MachineName, _ => new(MetricsPage.Of(this)), time,
            loggers.CreateLogger<TelemetrySwitch>());
        var report = new TroubleReport(_log);
        _sets = new SetBook(_interest.Count, OnChanged);
        States = new StateCounts(() => Names, time);
        _first = options.OnDemand.FirstRequest is { } envoy
            ? new FirstRequest(envoy, () => FirstHosts(setup.Options.Home.Name.Text), Ads.Streams, time)
            : null;
        Resolver = new HomeResolver(
            setup.Options with { IsKept = IsKept, IsKeptPart = name => _sets.IsMember(name, IsKept) },
            setup.Subject,
            new NameObserver(_sets.Changed, OnForgotten, report.Report));
    }

    /// <summary>Keeps the names.</summary>
    internal HomeResolver Resolver { get; }

    /// <summary>The names held, as they are served.</summary>
    internal IEnumerable<CachedName> Names => Resolver.Names.Select(_sets.Joined);

    /// <summary>What clients see.</summary>
    internal ServedViews Views { get; }

    /// <summary>The proxy and DNS.</summary>
    internal PodServices Pod { get; }

    /// <summary>The xDS service.</summary>
    internal AdsService Ads { get; }

    /// <summary>Within which time connections of TCP to strict names end in an Envoy; null where nothing ends
    /// them.</summary>
    internal TimeSpan? ConnectionsWithin => DemandOf(_options).Clusters.Responder?.Within;

    /// <summary>What it runs with now.</summary>
    internal SidecarOptions Options => _options;

    /// <summary>What came of the newest look at the configuration.</summary>
    internal ReloadStatus Reloads
    {
        get => _reloads;
        set => _reloads = value;
    }

    /// <summary>How long requests of the proxy may go on when it ends.</summary>
    internal TimeSpan Drain => _options.Proxy?.Drain ?? TimeSpan.Zero;

    /// <summary>What is being ended now, for people; empty while it runs.</summary>
    internal string Ending => _ending;

    /// <summary>Ends only when the resolver breaks: the sidecar is of no use without it.</summary>
    internal Task Completion => Resolver.Completion;

    /// <summary>Where it listens, for people and for tests.</summary>
    internal string Addresses =>
        $"xds={string.Join(",", _server!.Endpoints)} admin={_admin!.Admin} metrics={_admin.Metrics}{Pod.Addresses}";

    /// <summary>The admin server.</summary>
    internal AdminServer Admin => _admin!;

    /// <summary>The xDS server.</summary>
    internal RpcServer Server => _server!;

    /// <summary>Starts a sidecar.</summary>
    /// <exception cref="StartException">It cannot start; the message names file or address, and the remedy.</exception>
    internal static async Task<SidecarHost> StartAsync(
        SidecarOptions options,
        TimeProvider time,
        Random random,
        ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        var host = Build(options, time, random, loggers);
        try
        {
            await host.ServeAsync(loggers, cancellationToken).ConfigureAwait(false);
            return host;
        }
        catch
        {
            await host.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Ends when nothing is pending any more: the home is met, every import has an answer or a reason why not, or has
    /// had its time, and the pod's Envoy has answered where it is asked.
    /// </summary>
    internal Task Ready => Task.WhenAll(Resolver.HomeMet, Views.Settled, _first?.Answered ?? Task.CompletedTask);

    /// <summary>What is awaited yet; empty when the sidecar is ready. One that ends is not.</summary>
    /// <param name="isPublic">Whether it is told to who may not know the names.</param>
    internal IReadOnlyList<string> Pending(bool isPublic)
    {
        if (_ending.Length > 0)
        {
            return ["draining"];
        }

        var pending = new List<string>(Pod.Pending);
        if (!Resolver.HomeMet.IsCompletedSuccessfully)
        {
            var last = Resolver.Troubles.Newest.LastOrDefault()?.Refusal;
            pending.Add(last is null ? "home" : $"home: {last.Failure}{(isPublic ? "" : $": {last.Detail}")}");
        }

        // The last answer is a moment before what waits for all of them.
        if (!Views.Settled.IsCompletedSuccessfully && Views.Unanswered is { Count: > 0 } unanswered)
        {
            pending.AddRange(
                isPublic ? [$"imports: {unanswered.Count}"] : unanswered.Select(name => $"import: {name}"));
        }

        if (_first?.Pending is { } awaited)
        {
            pending.Add(awaited);
        }

        return pending;
    }

    /// <summary>How many names are in each state.</summary>
    internal StateCounts States { get; }

    /// <summary>How many names are served beyond their time (V58).</summary>
    internal int Stale => States.Newest.GetValueOrDefault(NameState.Stale);

    public async ValueTask DisposeAsync()
    {
        _ending = "DNS and the proxy";
        await _stop.CancelAsync().ConfigureAwait(false);

        // Requests under way end first: meanwhile their names are kept, and the admin page says what goes on.
        await Pod.DisposeAsync().ConfigureAwait(false);
        _ending = "xDS";
        if (_server is { } server)
        {
            await server.DisposeAsync().ConfigureAwait(false);
        }

        // The last numbers are those of the requests that were waited for.
        _ending = "telemetry";
        await _telemetry.DisposeAsync().ConfigureAwait(false);
        _ending = "the admin page";
        if (_admin is { } admin)
        {
            await admin.DisposeAsync().ConfigureAwait(false);
        }

        _ending = "the resolver";
        await Resolver.DisposeAsync().ConfigureAwait(false);
        if (_shapes is { } shapes)
        {
            await shapes.DisposeAsync().ConfigureAwait(false);
        }

        _families.Dispose();
        _setup.Dispose();
        _stop.Dispose();
    }

    private static OnDemandOptions DemandOf(SidecarOptions options) => options.OnDemand with
    {
        KeptFor = options.XdsKeptFor,

        // A pod's host name is its own, and in a StatefulSet survives it.
        Clusters = options.XdsClusters with
        {
            Pod = Environment.MachineName,
            Responder = IsBindingConnections(options)
                ? new ResponderSettings($"{options.XdsAddress.Address}", options.XdsAddress.Port)
                : null,
        },
    };

    // At a port of the system's choice nobody could ask.
    private static bool IsBindingConnections(SidecarOptions options) =>
        options.XdsClusters.AreConnectionsBound && options.XdsAddress.Port > 0;

    private static SidecarHost Build(SidecarOptions options, TimeProvider time, Random random, ILoggerFactory loggers)
    {
        var setup = ResolverSetup.Read(options, time, random, loggers.CreateLogger<SidecarHost>());
        try
        {
            return new SidecarHost(options, setup, time, random, loggers);
        }
        catch (Exception e)
        {
            setup.Dispose();
            throw e is StateException ? new StartException(e.Message, e) : e;
        }
    }

    private async Task ServeAsync(ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        SvidSecret.Write(_options);
        var server = new RpcServerOptions
        {
            Endpoints =
            {
                RpcEndpoint.Unix(
                    _options.XdsSocket,
                    UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite),
                RpcEndpoint.Tcp(_options.XdsAddress),
            },
            Services = { Ads.Define(), Ads.DefineStatus(), Views.Connections.Define() },
            LoggerFactory = loggers,
        };
        foreach (var service in Ads.DefineTypes())
        {
            server.Services.Add(service);
        }

        server.Calls.TimeProvider = _time;
        try
        {
            _server = await RpcServer.StartAsync(server, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new StartException(
                $"cannot listen: {e.Message} (xds.socket and xds.address)", e);
        }

        _admin = await AdminServer.StartAsync(_options, this, _time, cancellationToken).ConfigureAwait(false);
        _telemetry.SendTo(_options.Telemetry);
        foreach (var name in _imports.Concat(Views.Used))
        {
            _interest.Count(name, isWanted: true);
        }

        Resolver.Start();
        await Pod.StartAsync(cancellationToken).ConfigureAwait(false);
        _ = EndPatienceAsync();
        _ = MeetAsync();
        _ = AskFirstAsync();
    }

    private async Task MeetAsync()
    {
        await Resolver.HomeMet.WaitAsync(_stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Resolver.HomeMet.IsCompletedSuccessfully)
        {
            Views.Meet();
        }
    }

    // When there is something to tell it of.
    private async Task AskFirstAsync()
    {
        if (_first is { } first)
        {
            await Views.Settled.WaitAsync(_stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await first.RunAsync(_stop.Token).ConfigureAwait(false);
        }
    }

    /// <summary>Takes over what can change while it runs.</summary>
    /// <returns>What changed, and what keeps its value until a restart.</returns>
    internal OptionChanges Apply(SidecarOptions next)
    {
        lock (_changing)
        {
            if (_ending.Length > 0)
            {
                return OptionChanges.None;
            }

            var before = _options;
            var changes = OptionChanges.Between(before, next);
            var merged = OptionChanges.Merge(before, next);
            if (changes.Live.Contains("telemetry"))
            {
                // What may fail comes first: a change is taken over as a whole, or not at all and tried again.
                _telemetry.SendTo(merged.Telemetry);
            }

            _options = merged;
            Pod.Apply(merged);
            if (changes.Live.Contains("imports"))
            {
                Import(ImportsOf(_options));
            }

            return changes;
        }
    }

    // A Set is kept as a whole: without a member of it clients would lose that one's endpoints.
    private bool IsKept(string name) => _imports.Contains(name) || Views!.IsServing(name);

    private static FrozenSet<string> ImportsOf(SidecarOptions options) =>
        options.Imports.Select(name => name.Text).ToFrozenSet(StringComparer.Ordinal);

    // Where the operator does not say what the Envoy routes on demand, segments whose names the pod uses come before
    // the home, whose names the Envoy may well route by itself.
    private IReadOnlyList<string> FirstHosts(string home)
    {
        var options = _options;
        return options.OnDemand.FirstRequestHost is { } host ? [host]
            : [.. options.Imports.Concat(Views.Used.Select(FullName.Parse))
                .Select(name => name.Segment?.Text ?? SegmentName.ClusterSet).Append(home)
                .Distinct(StringComparer.Ordinal).OrderBy(segment => segment == home).Select(FirstRequest.HostIn)];
    }

    // What is new is wanted before what is gone is given up, and clients are told before the resolver forgets.
    private void Import(FrozenSet<string> next)
    {
        var before = _imports;
        _imports = next;
        Views.Import(next);
        foreach (var name in next.Except(before))
        {
            _interest.Count(name, isWanted: true);
        }

        foreach (var name in before.Except(next))
        {
            _interest.Count(name, isWanted: false);
        }
    }

    // One target that cannot be reached must not keep clients from all the others.
    private async Task EndPatienceAsync()
    {
        await Task.Delay(PrimePatience, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_stop.IsCancellationRequested)
        {
            Views.EndPatience();
        }
    }

    private void OnChanged(CachedName name)
    {
        if (!_said.TryGetValue(name.Name, out var before) || before != name.State)
        {
            _said[name.Name] = name.State;
            SidecarLog.Name(_log, name.Name, NamesPage.StateName(name.State));
        }

        Views.Publish(name);
        Pod.Publish(name);
    }

    private void OnForgotten(string name)
    {
        _said.Remove(name);
        _sets.Forgotten(name);
        Views.Forget(name);
        Pod.Drop(name);
    }
}
