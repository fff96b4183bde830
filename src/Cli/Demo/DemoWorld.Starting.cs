using System.Globalization;

namespace Fairlead.Cli.Demo;

/// <summary>How the demo's two clusters come to be.</summary>
internal sealed partial class DemoWorld
{
    private async Task HoldCeremoniesAsync(CancellationToken cancellationToken)
    {
        await FairleadAsync(["key", "new", "--out", KeyFile], cancellationToken).ConfigureAwait(false);
        foreach (var segment in new[] { Home, Peer })
        {
            var arguments = new List<string>
            {
                "segment", "init", "--name", segment.Name, "--out", segment.Folder, "--policy", "demo",
                "--listen", string.Join(',', segment.Addresses),
                "--admin-listen", string.Join(',', segment.AdminAddresses),
                "--host", "demo-host", "--admins", "admin-a,admin-b,admin-c,admin-d",
                "--unsafe-allow-loopback-endpoints",
            };
            if (segment == Home)
            {
                arguments.AddRange(["--subject", $"{KeyFile}=shop/frontend"]);
            }

            await FairleadAsync(arguments, cancellationToken).ConfigureAwait(false);
        }

        // Each side writes its own epoch 1; until both exist, neither side accepts the hop.
        foreach (var (segment, other) in new[] { (Home, Peer), (Peer, Home) })
        {
            List<string> arguments =
                ["segment", "peer", "--segment", segment.Folder, "--with", Path.Combine(other.Folder, "peer.json")];
            await FairleadAsync(arguments, cancellationToken).ConfigureAwait(false);
        }
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
        foreach (var segment in new[] { Home, Peer })
        {
            Directory.CreateDirectory(segment.Manifests);
            var samples = Path.Combine(Repository, "samples", "shop", segment.Name);
            foreach (var file in Directory.GetFiles(samples, "*.yaml"))
            {
                var text = Block.Move(await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false));
                var copy = Path.Combine(segment.Manifests, Path.GetFileName(file));
                await File.WriteAllTextAsync(copy, text, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task StartBackendsAsync(CancellationToken cancellationToken)
    {
        foreach (var record in ManifestEndpoints.Read(Peer.Manifests))
        {
            await Backends.EnsureAsync(record.Address, record.IsGrpc, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task StartAnchorsAsync(CancellationToken cancellationToken)
    {
        var starting = new List<Task>();
        foreach (var segment in new[] { Home, Peer })
        {
            for (var i = 0; i < AnchorsPerSegment; i++)
            {
                starting.Add(StartAnchorAsync(segment, i, cancellationToken));
            }
        }

        await Task.WhenAll(starting).ConfigureAwait(false);
        await _output.WriteLineAsync($"eight anchors run; their logs are in {Folder}".AsMemory(), cancellationToken)
            .ConfigureAwait(false);
    }

    private async Task StartControllersAsync(CancellationToken cancellationToken)
    {
        var admins = ControllerAdmins.GetEnumerator();
        foreach (var segment in new[] { Home, Peer })
        {
            admins.MoveNext();
            var configuration = Path.Combine(segment.Folder, "controller.yaml");
            await File.WriteAllLinesAsync(
                configuration,
                [
                    $"segment: {segment.Name}",
                    $"genesis: {await GenesisAsync(segment, cancellationToken).ConfigureAwait(false)}",
                    $"anchors: [{string.Join(", ", segment.Addresses.Select(Quote))}]",
                    $"publisher_key: {Quote(Path.Combine(segment.Folder, "publisher.pem"))}",
                    $"manifests: {Quote(segment.Manifests)}",
                    $"admin: {Quote(admins.Current)}",
                    $"region: {segment.Name.Split('.')[0]}",
                ],
                cancellationToken).ConfigureAwait(false);
            var program = _programs.Start("Controller", "--config", configuration);
            segment.Controller = await SpawnAsync($"controller-{segment.Name.Split('.')[0]}", program)
                .ConfigureAwait(false);
            await segment.Controller.WaitReadyAsync(StartPatience, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The segment's genesis digest, from what its ceremony hands to a neighbour.</summary>
    internal static async Task<string> GenesisAsync(DemoSegment segment, CancellationToken cancellationToken)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(segment.Folder, "peer.json"), cancellationToken)
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
            $"imports: [{Checkout}, {Catalog}, {Cart}]",
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
            $"  zones: [{HomeName}, {PeerName}]",
            $"  vip_cidr: {Quote(VipRange)}",
        ],
        cancellationToken);

    private static string Quote(string value) => string.Create(CultureInfo.InvariantCulture, $"\"{value}\"");
}
