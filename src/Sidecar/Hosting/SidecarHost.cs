using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol.Files;
using Fairlead.Resolver.Home;
using Fairlead.Resolver.State;
using Fairlead.Rpc;
using Fairlead.Sidecar.Admin;
using Fairlead.Sidecar.Serving;
using Fairlead.Xds;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Hosting;

/// <summary>One running sidecar. Thread-safe; disposing it stops everything.</summary>
internal sealed class SidecarHost : IAsyncDisposable
{
    private static readonly TimeSpan PrimePatience = TimeSpan.FromSeconds(10);

    private readonly SidecarOptions _options;
    private readonly TlsIdentity _identity;
    private readonly CancellationTokenSource _stop = new();
    private RpcServer? _server;
    private AdminServer? _admin;

    private SidecarHost(SidecarOptions options, TlsIdentity identity, HomeResolverOptions resolver, Subject subject)
    {
        _options = options;
        _identity = identity;
        Views = new ServedViews(options.Imports.Select(name => name.Text).ToHashSet(StringComparer.Ordinal), OnInterest);
        Resolver = new HomeResolver(resolver, subject, Views.Publish);
    }

    /// <summary>Keeps the names.</summary>
    internal HomeResolver Resolver { get; }

    /// <summary>What clients see.</summary>
    internal ServedViews Views { get; }

    /// <summary>The xDS service.</summary>
    internal AdsService? Ads { get; private set; }

    /// <summary>Starts a sidecar.</summary>
    /// <exception cref="StartException">It cannot start; the message names file or address, and the remedy.</exception>
    internal static async Task<SidecarHost> StartAsync(
        SidecarOptions options, TimeProvider time, Random random, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var host = Build(options, time, random);
        try
        {
            await host.ServeAsync(time, loggers, cancellationToken).ConfigureAwait(false);
            return host;
        }
        catch
        {
            await host.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>What is not ready yet; empty when all is.</summary>
    internal IEnumerable<string> Pending()
    {
        if (Resolver.Memory.State.HomeState is null)
        {
            yield return "home";
        }

        if (!Views.IsPrimed)
        {
            yield return "imports";
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_admin is { } admin)
        {
            await admin.DisposeAsync().ConfigureAwait(false);
        }

        if (_server is { } server)
        {
            await server.DisposeAsync().ConfigureAwait(false);
        }

        await Resolver.DisposeAsync().ConfigureAwait(false);
        _identity.Dispose();
        _stop.Dispose();
    }

    private static SidecarHost Build(SidecarOptions options, TimeProvider time, Random random)
    {
        try
        {
            var bootstrap = BootstrapFile.Read(options.Bootstrap);
            using var key = KeyFile.Load(options.Key);
            var identity = new TlsIdentity(key, time);
            using var signer = KeyFile.LoadSigner(options.Key);
            var subject = options.Subject ?? bootstrap.SubjectOf(signer.Key)
                ?? throw new StartException("the bootstrap file does not say who this key is; add subject: namespace/account to the configuration");
            if (options.State is { } folder)
            {
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            var resolver = new HomeResolverOptions
            {
                Home = new HomePin(bootstrap.Home.Genesis, bootstrap.Home.Name, bootstrap.Home.Floor),
                Anchors = bootstrap.Endpoints,
                Pins = [.. bootstrap.Pins.Select(pin => KeyValuePair.Create(pin.Name, new Pin(pin.Genesis, null)))],
                Identity = identity,
                StateFile = options.State is { } state ? Path.Combine(state, "verifier.state") : null,
                Verifier = new VerifierOptions
                {
                    UnsafeAllowLoopbackEndpoints = options.UnsafeAllowLoopbackEndpoints,
                    TtlCap = options.TtlCap is { } cap ? (long)cap.TotalMilliseconds : null,
                    Subject = subject,
                },
                Time = time,
                Random = random,
            };
            return new SidecarHost(options, identity, resolver, subject);
        }
        catch (Exception e) when (e is KeyFileException or InvalidDataException or StateException or IOException or UnauthorizedAccessException)
        {
            throw new StartException(e.Message, e);
        }
    }

    private async Task ServeAsync(TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        Ads = new AdsService(Views, new AdsOptions { TimeProvider = time, Logger = loggers.CreateLogger<AdsService>() });
        var server = new RpcServerOptions
        {
            Endpoints =
            {
                RpcEndpoint.Unix(
                    _options.XdsSocket,
                    UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite),
                RpcEndpoint.Tcp(_options.XdsAddress),
            },
            Services = { Ads.Define() },
            LoggerFactory = loggers,
        };
        server.Calls.TimeProvider = time;
        try
        {
            _server = await RpcServer.StartAsync(server, cancellationToken).ConfigureAwait(false);
            _admin = await AdminServer.StartAsync(_options.Admin, this, time, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new StartException($"cannot listen: {e.Message}; end what uses the address, or change xds and admin", e);
        }

        Resolver.Start();
        foreach (var name in _options.Imports)
        {
            Resolver.Want(name.Text);
        }

        _ = PrimeAsync(time);
    }

    // A home that cannot be reached must not keep clients waiting for ever: then they get clusters that are empty and say so.
    private async Task PrimeAsync(TimeProvider time)
    {
        await Task.Delay(PrimePatience, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_stop.IsCancellationRequested)
        {
            Views.Prime();
        }
    }

    private void OnInterest(string name, bool isWanted)
    {
        if (isWanted)
        {
            Resolver.Want(name);
        }
        else
        {
            Resolver.Forget(name);
        }
    }
}
