using System.Diagnostics;
using System.Globalization;

namespace Fairlead.Cli.Demo;

/// <summary>
/// The clusters of a demo on one machine: anchors, controllers, backends, a sidecar and an Envoy, by one plan and all
/// in a fresh folder. Used by one caller at a time; disposing it ends every process that it started.
/// </summary>
internal sealed partial class DemoWorld : IAsyncDisposable
{
    internal const string HomeName = "eu1.internal";
    internal const string PeerName = "us1.internal";
    internal const string Checkout = "checkout.shop.svc.us1.internal";
    internal const string Catalog = "catalog.shop.svc.us1.internal";
    internal const string Nobody = "nobody.shop.svc.us1.internal";
    internal const string Cart = "cart.shop.svc.us1.internal";

    /// <summary>Where the sample bootstrap has Envoy listen.</summary>
    internal const int SampleListenerPort = 15080;

    internal static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(5);

    private readonly DemoOptions _options;
    private readonly Programs _programs = Programs.Locate();
    private readonly TextWriter _output;

    private DemoWorld(
        WorldPlan plan, DemoOptions options, AddressBlock block, string folder, TextWriter output, TimeProvider time)
    {
        _options = options;
        _output = output;
        Plan = plan;
        Block = block;
        Folder = folder;
        Time = time;
        var ports = new Queue<int>(block.Ports(plan.Segments.Sum(segment => (2 * segment.Anchors) + 1) + 7));
        Segments = [.. plan.Segments.Select(segment => Segment(segment, ports))];
        SidecarAdmin = Loopback(ports.Dequeue());
        XdsAddress = Loopback(ports.Dequeue());
        EnvoyListenerPort = ListenerPort(options.Listener, block, ports.Dequeue());
        EnvoyAdminPort = ports.Dequeue();
        ProxyAddress = Loopback(ports.Dequeue());
        ProxyH2cAddress = Loopback(ports.Dequeue());
        DnsAddress = Loopback(ports.Dequeue());
    }

    /// <summary>Which segments there are.</summary>
    internal WorldPlan Plan { get; }

    /// <summary>Where the endpoints of this demo are.</summary>
    internal AddressBlock Block { get; }

    internal string Folder { get; }

    internal TimeProvider Time { get; }

    internal Spawner Spawner { get; } = new();

    internal Backends Backends { get; } = new();

    /// <summary>All segments, as the plan names them.</summary>
    internal IReadOnlyList<DemoSegment> Segments { get; }

    /// <summary>The segment of the pod.</summary>
    internal DemoSegment Home => Segments[0];

    /// <summary>The segment whose services the pod uses.</summary>
    internal DemoSegment Peer => Segments[1];

    internal string SidecarAdmin { get; }

    internal string XdsAddress { get; }

    /// <summary>Where the sidecar's proxy hears HTTP/1.1.</summary>
    internal string ProxyAddress { get; }

    /// <summary>Where the sidecar's proxy hears HTTP/2.</summary>
    internal string ProxyH2cAddress { get; }

    /// <summary>Where the sidecar's DNS is.</summary>
    internal string DnsAddress { get; }

    /// <summary>The addresses that DNS gives to services; part of the demo's block.</summary>
    internal string VipRange => Block.Move("127.0.99.0/24");

    internal string XdsSocket => Path.Combine(Folder, "xds.sock");

    internal string KeyFile => Path.Combine(Folder, "frontend.pem");

    internal string BootstrapFile => Path.Combine(Home.Folder, "bootstrap.json");

    internal string EnvoyBootstrap => Path.Combine(Folder, "envoy.yaml");

    internal int EnvoyListenerPort { get; }

    internal int EnvoyAdminPort { get; }

    /// <summary>Where applications send requests to Envoy.</summary>
    internal System.Net.IPEndPoint EnvoyListener => new(System.Net.IPAddress.Loopback, EnvoyListenerPort);

    /// <summary>Where checks add endpoints of <c>checkout</c>.</summary>
    internal IReadOnlyList<System.Net.IPEndPoint> ExtraEndpoints =>
        [.. ExtraEndpoint.Addresses(Peer.Manifests).Select(Block.Move)];

    internal ManagedProcess? Sidecar { get; private set; }

    internal ManagedProcess? Envoy { get; private set; }

    /// <summary>Why this machine has no Envoy to start; null where it has one, or nobody looked.</summary>
    internal string? EnvoyAbsence { get; private set; }

    /// <summary>Where Envoy writes a line for each request: <c>status flags authority</c>.</summary>
    internal string EnvoyAccessLog => Path.Combine(Folder, "envoy.access.log");

    internal Programs Programs => _programs;

    internal string Repository => _options.Repository;

    /// <summary>Builds the clusters of a plan and starts everything but Envoy.</summary>
    /// <exception cref="CliException">An address is in use, a program is missing, or one does not start.</exception>
    internal static async Task<DemoWorld> StartAsync(
        WorldPlan plan, DemoOptions options, TextWriter output, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var world = Create(plan, options, output, time);
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
        catch (OperationCanceledException)
        {
            await world.DisposeAsync().ConfigureAwait(false);
            Directory.Delete(world.Folder, recursive: true);
            throw;
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
        var configuration = segment.AnchorConfiguration(index);
        var program = segment.Sketch.CanWithhold
            ? _programs.Start("Liar", "--config", configuration, "--lie", "withhold")
            : _programs.Start("Anchor", "--config", configuration);
        var name = segment.Sketch.Folder is { } folder ? $"{folder}-anchor" : segment.AnchorIds[index];
        var anchor = await SpawnAsync(name, program).ConfigureAwait(false);
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
        Sidecar = await SpawnAsync("sidecar", _programs.Start("Sidecar", "--config", configuration))
            .ConfigureAwait(false);
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

    /// <summary>Starts Envoy with the sample bootstrap; returns once it listens and has its routes.</summary>
    /// <exception cref="CheckSkippedException">There is no Envoy here.</exception>
    /// <exception cref="CliException">It ended, or was not live in time.</exception>
    internal async Task StartEnvoyAsync(CancellationToken cancellationToken)
    {
        await EnvoyConfiguration.WriteAsync(
            Path.Combine(Repository, "samples", "envoy", "bootstrap.yaml"),
            EnvoyBootstrap,
            XdsSocket,
            EnvoyListenerPort,
            EnvoyAdminPort,
            EnvoyAccessLog,
            cancellationToken).ConfigureAwait(false);
        var binary = await FindEnvoyAsync(cancellationToken).ConfigureAwait(false);
        var info = new ProcessStartInfo(
            binary,
            [
                "-c", EnvoyBootstrap, "--use-dynamic-base-id", "--log-level", "warning", "--concurrency", "1",
                "--file-flush-interval-msec", "100",
            ]);
        var log = Path.Combine(Folder, "envoy.log");
        Envoy = await ManagedProcess.StartAsync(Spawner, "envoy", info, log, null, Time).ConfigureAwait(false);
        await Envoy.WaitAsync(EnvoyIsLiveAsync, StartPatience, cancellationToken).ConfigureAwait(false);
    }

    private async Task<string> FindEnvoyAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await EnvoyBinary.FindAsync(Spawner, Repository, cancellationToken).ConfigureAwait(false);
        }
        catch (CheckSkippedException e)
        {
            EnvoyAbsence = e.Message;
            throw;
        }
    }

    /// <summary>Tells a figure before what it predicts happens.</summary>
    internal Task SayAsync(string text, CancellationToken cancellationToken) =>
        _output.WriteLineAsync(text.AsMemory(), cancellationToken);

    /// <summary>Waits until the sidecar knows every import.</summary>
    /// <exception cref="CliException">It ended, or did not in time.</exception>
    internal async Task WaitForImportsAsync(CancellationToken cancellationToken)
    {
        using var sidecar = new JsonApi(SidecarAdmin, Time);
        await Sidecar!.WaitAsync(
            async token => await sidecar.TryStatusAsync("ready", token).ConfigureAwait(false) == 200,
            StartPatience,
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Starts a program whose line <c>ready</c> is awaited by the caller.</summary>
    internal Task<ManagedProcess> SpawnAsync(string name, ProcessStartInfo info) =>
        ManagedProcess.StartAsync(Spawner, name, info, Path.Combine(Folder, name + ".log"), "ready", Time);

    public async ValueTask DisposeAsync()
    {
        var children = new List<ManagedProcess?> { Envoy, Sidecar };
        children.AddRange(Segments.SelectMany(segment => segment.Anchors.Append(segment.Controller)));
        await Task.WhenAll(children.OfType<ManagedProcess>().Select(child => child.DisposeAsync().AsTask()))
            .ConfigureAwait(false);
        await Backends.DisposeAsync().ConfigureAwait(false);
        Spawner.Dispose();
        Block.Dispose();
    }

    private static DemoWorld Create(WorldPlan plan, DemoOptions options, TextWriter output, TimeProvider time)
    {
        var samples = plan.Segments.SelectMany(segment => segment.Samples)
            .Select(folder => Path.Combine(options.Repository, "samples", folder)).ToList();
        var block = AddressBlock.Claim(
        [
            .. samples.SelectMany(ManifestEndpoints.Read).Select(endpoint => endpoint.Address).Distinct(),
            .. ExtraEndpoint.Addresses(Path.Combine(options.Repository, "samples", plan.Segments[1].Samples[0])),
        ]);
        try
        {
            var folder = Directory.CreateTempSubdirectory("fairlead-demo-").FullName;
            return new DemoWorld(plan, options, block, folder, output, time);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            block.Dispose();
            throw new CliException(
                ExitCode.Usage, $"no folder can be made in {Path.GetTempPath()}: {e.Message}; set TMPDIR");
        }
        catch
        {
            block.Dispose();
            throw;
        }
    }

    // Only the demo that has block 0 takes the sample's port: two demos never race for it.
    private static int ListenerPort(int wanted, AddressBlock block, int own)
    {
        var sample = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, SampleListenerPort);
        return wanted != 0 ? wanted : block.Number == 0 && FreePorts.IsFree(sample) ? SampleListenerPort : own;
    }

    private async Task<bool> EnvoyIsLiveAsync(CancellationToken cancellationToken)
    {
        using var admin = new JsonApi(Loopback(EnvoyAdminPort), Time);
        return await admin.TryStatusAsync("ready", cancellationToken).ConfigureAwait(false) == 200;
    }

    private static string Loopback(int port) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");

    private DemoSegment Segment(SegmentSketch sketch, Queue<int> ports)
    {
        var own = Enumerable.Range(0, (2 * sketch.Anchors) + 1).Select(_ => ports.Dequeue()).ToList();
        return new(
            sketch,
            Path.Combine(Folder, sketch.Folder ?? sketch.Name),
            Path.Combine(Folder, "manifests", sketch.Folder ?? sketch.Name),
            own[..sketch.Anchors],
            own[sketch.Anchors..^1],
            own[^1]);
    }
}
