using System.Globalization;
using Xunit;

namespace Fairlead.EndToEnd.Tests.BadInput;

/// <summary>
/// A segment as its ceremony leaves it, with configurations of all programs, at addresses that only this process uses.
/// Tests take a copy and spoil it.
/// </summary>
public sealed class SegmentOnDisk : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>The anchors', the sidecar's and the controller's address.</summary>
    internal static string Address { get; } = string.Create(
        CultureInfo.InvariantCulture,
        $"127.{128 + (Environment.ProcessId >> 8 & 63)}.{Environment.ProcessId & 255}.1");

    public async ValueTask InitializeAsync()
    {
        (await Programs.FairleadAsync("key", "new", "--out", _folder["pod.pem"])).Ends(0);
        (await Programs.FairleadAsync("key", "new", "--out", _folder["other.pem"])).Ends(0);
        var made = (await Programs.FairleadAsync(
            "segment", "init", "--name", "eu1.internal", "--out", _folder["eu1"], "--policy", "demo", "--host", "h",
            "--listen", At(21001, 21002, 21003, 21004), "--admin-listen", At(21005, 21006, 21007, 21008),
            "--subject", $"{_folder["pod.pem"]}=shop/frontend")).Ends(0);
        var genesis = made.Output.Split('\n')
            .Single(line => line.StartsWith("genesis ", StringComparison.Ordinal))["genesis ".Length..];
        Directory.CreateDirectory(_folder["manifests"]);
        _folder.Write("controller.yaml", $"""
            segment: eu1.internal
            genesis: {genesis}
            anchors: ["{Address}:21001", "{Address}:21002"]
            publisher_key: eu1/publisher.pem
            manifests: manifests
            admin: "{Address}:21010"
            metrics: "{Address}:21013"

            """);
        _folder.Write("sidecar.yaml", $"""
            bootstrap: eu1/bootstrap.json
            key: pod.pem
            imports: [web.shop.svc.eu1.internal]
            xds:
              socket: xds.sock
              address: "{Address}:21011"
            admin: "{Address}:21012"
            metrics: "127.0.0.1:0"

            """);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Copies everything.</summary>
    internal async Task CopyToAsync(TemporaryFolder target) =>
        (await Programs.RunAsync(["cp", "-a", _folder["."], target["."]])).Ends(0);

    private static string At(params int[] ports) => string.Join(',', ports.Select(port => $"{Address}:{port}"));
}
