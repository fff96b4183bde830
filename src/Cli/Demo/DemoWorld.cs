using System.Diagnostics;
using System.Globalization;

namespace Fairlead.Cli.Demo;

/// <summary>
/// The two clusters of the demo on one machine: eight anchors, two controllers, the backends, a sidecar and an Envoy, all
/// in a fresh folder. Used by one caller at a time; disposing it ends every process that it started.
/// </summary>
internal sealed partial class DemoWorld : IAsyncDisposable
{
    internal const string HomeName = "eu1.internal";
    internal const string PeerName = "us1.internal";
    internal const string Checkout = "checkout.shop.svc.us1.internal";
    internal const string Catalog = "catalog.shop.svc.us1.internal";
    internal const string Cart = "cart.shop.svc.us1.internal";

    private const int AnchorsPerSegment = 4;
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    private readonly DemoOptions _options;
    private readonly Programs _programs = Programs.Locate();
    private readonly TextWriter _output;

    private DemoWorld(DemoOptions options, string folder, TextWriter output, TimeProvider time)
    {
        _options = options;
        _output = output;
        Folder = folder;
        Time = time;
        var ports = FreePorts.Take((AnchorsPerSegment * 4) + 6);
        Home = Segment(HomeName, ports.Take(4), ports.Skip(4).Take(4));
        Peer = Segment(PeerName, ports.Skip(8).Take(4), ports.Skip(12).Take(4));
        SidecarAdmin = Loopback(ports[16]);
        XdsAddress = Loopback(ports[17]);
        EnvoyListenerPort = options.Listener == 0 ? ports[18] : options.Listener;
        EnvoyAdminPort = ports[19];
        ControllerAdmins = [Loopback(ports[20]), Loopback(ports[21])];
    }

    internal string Folder { get; }

    internal TimeProvider Time { get; }

    internal Spawner Spawner { get; } = new();

    internal Backends Backends { get; } = new();

    internal DemoSegment Home { get; }

    internal DemoSegment Peer { get; }

    internal string SidecarAdmin { get; }

    internal string XdsAddress { get; }

    internal string XdsSocket => Path.Combine(Folder, "xds.sock");

    internal string KeyFile => Path.Combine(Folder, "frontend.pem");

    internal string BootstrapFile => Path.Combine(Home.Folder, "bootstrap.json");

    internal string EnvoyBootstrap => Path.Combine(Folder, "envoy.yaml");

    internal int EnvoyListenerPort { get; }

    internal int EnvoyAdminPort { get; }

    /// <summary>Where applications send requests to Envoy.</summary>
    internal System.Net.IPEndPoint EnvoyListener => new(System.Net.IPAddress.Loopback, EnvoyListenerPort);

    internal IReadOnlyList<string> ControllerAdmins { get; }

    internal ManagedProcess? Sidecar { get; private set; }

    internal ManagedProcess? Envoy { get; private set; }

    internal Programs Programs => _programs;

    internal string Repository => _options.Repository;

    /// <summary>Builds the two clusters and starts everything but Envoy.</summary>
    internal static async Task<DemoWorld> StartAsync(
        DemoOptions options, TextWriter output, TimeProvider time, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("fairlead-demo-").FullName;
        var world = new DemoWorld(options, folder, output, time);
        try
        {
            await world.HoldCeremoniesAsync(cancellationToken).ConfigureAwait(false);
            await world.CopyManifestsAsync(cancellationToken).ConfigureAwait(false);
            await world.StartBackendsAsync(cancellationToken).ConfigureAwait(false);
            await world.StartAnchorsAsync(cancellationToken).ConfigureAwait(false);
            await world.StartControllersAsync(cancellationToken).ConfigureAwait(false);
            await world.StartSidecarAsync(cancellationToken).ConfigureAwait(false);
            return world;
        }
        catch
        {
            await world.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Starts one anchor from its folder.</summary>
    internal async Task StartAnchorAsync(DemoSegment segment, int index, CancellationToken cancellationToken)
    {
        var anchor = await SpawnAsync(
            segment.AnchorIds[index], _programs.Start("Anchor", "--config", segment.AnchorConfiguration(index))).ConfigureAwait(false);
        segment.Anchors[index] = anchor;
        await anchor.WaitReadyAsync(StartPatience, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends one anchor.</summary>
    internal static async Task StopAnchorAsync(DemoSegment segment, int index)
    {
        if (segment.Anchors[index] is { } anchor)
        {
            segment.Anchors[index] = null;
            await anchor.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Starts the sidecar.</summary>
    internal async Task StartSidecarAsync(CancellationToken cancellationToken)
    {
        var configuration = Path.Combine(Folder, "sidecar.yaml");
        await WriteSidecarConfigurationAsync(configuration, cancellationToken).ConfigureAwait(false);
        Sidecar = await SpawnAsync("sidecar", _programs.Start("Sidecar", "--config", configuration)).ConfigureAwait(false);
        await Sidecar.WaitReadyAsync(StartPatience, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the sidecar.</summary>
    internal async Task StopSidecarAsync()
    {
        if (Sidecar is { } sidecar)
        {
            Sidecar = null;
            await sidecar.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Starts Envoy with the sample bootstrap.</summary>
    /// <exception cref="CheckSkippedException">There is no Envoy here.</exception>
    internal async Task StartEnvoyAsync(CancellationToken cancellationToken)
    {
        var binary = await EnvoyBinary.FindAsync(Spawner, Repository, cancellationToken).ConfigureAwait(false);
        await EnvoyConfiguration.WriteAsync(
            Path.Combine(Repository, "samples", "envoy", "bootstrap.yaml"), EnvoyBootstrap, XdsSocket, EnvoyListenerPort,
            EnvoyAdminPort, cancellationToken).ConfigureAwait(false);
        var info = new ProcessStartInfo(binary);
        foreach (var argument in new[] { "-c", EnvoyBootstrap, "--use-dynamic-base-id", "--log-level", "warning", "--concurrency", "1" })
        {
            info.ArgumentList.Add(argument);
        }

        Envoy = await ManagedProcess.StartAsync(Spawner, "envoy", info, Path.Combine(Folder, "envoy.log"), null).ConfigureAwait(false);
    }

    /// <summary>Starts a program whose line <c>ready</c> is awaited by the caller.</summary>
    internal Task<ManagedProcess> SpawnAsync(string name, ProcessStartInfo info) =>
        ManagedProcess.StartAsync(Spawner, name, info, Path.Combine(Folder, name + ".log"), "ready");

    public async ValueTask DisposeAsync()
    {
        var children = new List<ManagedProcess?> { Envoy, Sidecar, Home.Controller, Peer.Controller };
        children.AddRange(Home.Anchors);
        children.AddRange(Peer.Anchors);
        await Task.WhenAll(children.OfType<ManagedProcess>().Select(child => child.DisposeAsync().AsTask())).ConfigureAwait(false);
        await Backends.DisposeAsync().ConfigureAwait(false);
        Spawner.Dispose();
    }

    private static string Loopback(int port) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");

    private DemoSegment Segment(string name, IEnumerable<int> ports, IEnumerable<int> admins) =>
        new(name, Path.Combine(Folder, name), Path.Combine(Folder, "manifests", name), [.. ports], [.. admins]);
}
