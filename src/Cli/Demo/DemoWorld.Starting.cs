using System.Globalization;

namespace Fairlead.Cli.Demo;

/// <summary>How the clusters of a demo come to be.</summary>
internal sealed partial class DemoWorld
{
    private async Task HoldCeremoniesAsync(CancellationToken cancellationToken)
    {
        await FairleadAsync(["key", "new", "--out", KeyFile], cancellationToken).ConfigureAwait(false);
        foreach (var segment in Segments.OrderBy(segment => segment.Sketch.Parent is not null))
        {
            await FoundAsync(segment, cancellationToken).ConfigureAwait(false);
        }

        foreach (var parent in Segments)
        {
            var children = Segments.Where(child => child.Sketch.Parent == parent.Name && !child.Sketch.IsFalse);
            List<string> links = [.. children.SelectMany(child => new[] { "--child", child.PeerFile })];
            if (links.Count > 0)
            {
                await FairleadAsync(["segment", "link", "--segment", parent.Folder, .. links], cancellationToken)
                    .ConfigureAwait(false);
            }
        }

        // Each side writes its own epoch; until both exist, neither side accepts the hop.
        foreach (var (one, two) in Plan.Peers)
        {
            foreach (var (segment, other) in new[] { (Find(one), Find(two)), (Find(two), Find(one)) })
            {
                List<string> arguments = ["segment", "peer", "--segment", segment.Folder, "--with", other.PeerFile];
                await FairleadAsync(arguments, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The true segment of a name.</summary>
    internal DemoSegment Find(string name) =>
        Segments.First(segment => segment.Name == name && !segment.Sketch.IsFalse);

    private async Task FoundAsync(DemoSegment segment, CancellationToken cancellationToken)
    {
        List<string> arguments =
        [
            "segment", "init", "--name", segment.Name, "--out", segment.Folder, "--policy", Plan.Policy,
            "--listen", string.Join(',', segment.Addresses),
            "--admin-listen", string.Join(',', segment.AdminAddresses),
            "--host", "demo-host",
            "--admins", string.Join(',', "abcd"[..segment.Sketch.Anchors].Select(letter => $"admin-{letter}")),
            "--unsafe-allow-loopback-endpoints",
            .. segment.Sketch.Transit.SelectMany(pattern => new[] { "--transit", pattern }),
            .. segment.Sketch.TrustDomains.SelectMany(domain => new[] { "--trust-domain", domain }),
        ];
        if (segment.Sketch.HasPod)
        {
            arguments.AddRange(["--subject", $"{KeyFile}=shop/frontend"]);
        }

        if (segment.Sketch.Parent is { } parent)
        {
            arguments.AddRange(["--parent", Find(parent).PeerFile]);
        }

        await FairleadAsync(arguments, cancellationToken).ConfigureAwait(false);
    }

    private async Task FairleadAsync(List<string> arguments, CancellationToken cancellationToken)
    {
        await _output.WriteLineAsync(
            $"$ fairlead {string.Join(' ', arguments.Take(4))} ..".AsMemory(), cancellationToken)
            .ConfigureAwait(false);
        var exitCode = await FairleadCommand.RunAsync(arguments, _output, cancellationToken).ConfigureAwait(false);
        Check.Equal(ExitCode.Answer, exitCode, $"fairlead {arguments[0]} {arguments[1]}");
    }

    private async Task CopyManifestsAsync(CancellationToken cancellationToken)
    {
        foreach (var segment in Segments)
        {
            Directory.CreateDirectory(segment.Manifests);
            foreach (var file in segment.Sketch.Samples.SelectMany(
                folder => Directory.GetFiles(Path.Combine(Repository, "samples", folder), "*.yaml")))
            {
                var text = Block.Move(await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false));
                var copy = Path.Combine(segment.Manifests, Path.GetFileName(file));
                await File.WriteAllTextAsync(copy, text, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task StartBackendsAsync(CancellationToken cancellationToken)
    {
        foreach (var record in Segments.SelectMany(segment => ManifestEndpoints.Read(segment.Manifests)))
        {
            await Backends.EnsureAsync(record.Address, record.IsGrpc, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task StartAnchorsAsync(CancellationToken cancellationToken)
    {
        var starting = new List<Task>();
        foreach (var segment in Segments.Where(segment => !segment.Sketch.IsLate))
        {
            for (var i = 0; i < segment.Anchors.Length; i++)
            {
                starting.Add(StartAnchorAsync(segment, i, cancellationToken));
            }
        }

        await Task.WhenAll(starting).ConfigureAwait(false);
        await _output.WriteLineAsync(
            $"{starting.Count} anchors run; their logs are in {Folder}".AsMemory(), cancellationToken)
            .ConfigureAwait(false);
    }

    private Task StartControllersAsync(CancellationToken cancellationToken) => Task.WhenAll(
        Segments.Where(segment => segment.Sketch is { IsLate: false, Samples.Count: > 0 })
            .Select(segment => StartControllerAsync(segment, cancellationToken)));

    /// <summary>Starts the controller of a segment whose anchors run.</summary>
    internal async Task StartControllerAsync(DemoSegment segment, CancellationToken cancellationToken)
    {
        var configuration = Path.Combine(segment.Folder, "controller.yaml");
        await File.WriteAllLinesAsync(
            configuration,
            [
                $"segment: {segment.Name}",
                $"genesis: {await GenesisAsync(segment, cancellationToken).ConfigureAwait(false)}",
                $"anchors: [{string.Join(", ", segment.Addresses.Select(Quote))}]",
                $"publisher_key: {Quote(Path.Combine(segment.Folder, "publisher.pem"))}",
                $"manifests: {Quote(segment.Manifests)}",
                $"admin: {Quote(segment.ControllerAdmin)}",
                $"region: {segment.Name.Split('.')[0]}",
            ],
            cancellationToken).ConfigureAwait(false);
        var program = _programs.Start("Controller", "--config", configuration);
        var name = $"controller-{Path.GetFileName(segment.Folder).Split('.')[0]}";
        segment.Controller = await SpawnAsync(name, program).ConfigureAwait(false);
        await segment.Controller.WaitReadyAsync(StartPatience, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The segment's genesis digest, from what its ceremony hands to a neighbour.</summary>
    internal static async Task<string> GenesisAsync(DemoSegment segment, CancellationToken cancellationToken)
    {
        var text = await File.ReadAllTextAsync(segment.PeerFile, cancellationToken)
            .ConfigureAwait(false);
        return System.Text.Json.Nodes.JsonNode.Parse(text)!["genesis"]!.GetValue<string>();
    }

    private Task WriteSidecarConfigurationAsync(string path, CancellationToken cancellationToken) =>
        File.WriteAllLinesAsync(
        path,
        [
            $"bootstrap: {Quote(BootstrapFile)}",
            $"key: {Quote(KeyFile)}",
            $"state: {Quote(Path.Combine(Folder, "sidecar-state"))}",
            $"imports: [{string.Join(", ", Plan.Imports)}]",
            "xds:",
            $"  socket: {Quote(XdsSocket)}",
            $"  address: {Quote(XdsAddress)}",
            $"admin: {Quote(SidecarAdmin)}",
            "metrics: \"127.0.0.1:0\"",
            "unsafe_allow_loopback_endpoints: true",
            "proxy:",
            $"  http: {Quote(ProxyAddress)}",
            $"  h2c: {Quote(ProxyH2cAddress)}",
            "dns:",
            $"  address: {Quote(DnsAddress)}",
            "  upstreams: []",
            $"  zones: [{string.Join(", ", Segments.Select(segment => segment.Name).Distinct())}]",
            $"  vip_cidr: {Quote(VipRange)}",
        ],
        cancellationToken);

    private static string Quote(string value) => string.Create(CultureInfo.InvariantCulture, $"\"{value}\"");
}
