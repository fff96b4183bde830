using System.Globalization;
using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// With two of four us1 anchors stopped nothing is sealed any more. What is held lives exactly to the end of its TTL,
/// then it is expired and Envoy answers 503 with the flag UH.
/// </summary>
internal sealed class TwoStoppedCheck(DemoWorld world)
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        await DemoWorld.StopAnchorAsync(world.Peer, 0).ConfigureAwait(false);
        await DemoWorld.StopAnchorAsync(world.Peer, 1).ConfigureAwait(false);
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        var seal = await LastSealAsync(sidecar, cancellationToken).ConfigureAwait(false);
        var held = Find(await sidecar.GetAsync("names", cancellationToken).ConfigureAwait(false));
        Check.Equal("fresh", (string?)held["state"], "the state while the last seal lives");
        var left = TimeSpan.FromMilliseconds((long)held["ttl_ms"]!);
        var start = world.Time.GetTimestamp();
        var expired = await sidecar.WaitForAsync(
            "names", page => (string?)Find(page)["state"] != "fresh", cancellationToken)
            .ConfigureAwait(false);
        var lived = world.Time.GetElapsedTime(start);
        Check.Equal("expired", (string?)Find(expired)["state"], "the state after the TTL");
        Check.Equal(seal, (long)Find(expired)["seal"]!, "the seal that two anchors could not follow");
        Check.That((lived - left).Duration() <= Tolerance, string.Create(
            CultureInfo.InvariantCulture,
            $"it lived {lived.TotalSeconds:0.0} s, its TTL said {left.TotalSeconds:0.0} s"));
        var envoy = await EnvoySaysAsync(cancellationToken).ConfigureAwait(false);
        await world.StartAnchorAsync(world.Peer, 0, cancellationToken).ConfigureAwait(false);
        await world.StartAnchorAsync(world.Peer, 1, cancellationToken).ConfigureAwait(false);
        await sidecar.WaitForAsync("names", page => (string?)Find(page)["state"] == "fresh", cancellationToken)
            .ConfigureAwait(false);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"no seal after {seal}; lived {lived.TotalSeconds:0.0} s of {left.TotalSeconds:0.0} s, then expired; "
            + $"{envoy}; fresh again with four anchors");
    }

    // Updates that were on their way may still bring a last seal; after a few heartbeats there is none.
    private async Task<long> LastSealAsync(JsonApi sidecar, CancellationToken cancellationToken)
    {
        await Task.Delay(TimeSpan.FromSeconds(2), world.Time, cancellationToken).ConfigureAwait(false);
        return (long)Find(await sidecar.GetAsync("names", cancellationToken).ConfigureAwait(false))["seal"]!;
    }

    private async Task<string> EnvoySaysAsync(CancellationToken cancellationToken)
    {
        if (world.Envoy is null or { HasExited: true })
        {
            return "no Envoy runs";
        }

        var load = new RequestLoad(world.EnvoyListener, DemoWorld.Checkout, perSecond: 20, world.Time);
        await using (load.ConfigureAwait(false))
        {
            var response = await load.WaitForAsync(answer => answer.Status != 200, cancellationToken)
                .ConfigureAwait(false);
            Check.Equal(503, response.Status, "what Envoy answers for an expired name");
            Check.Equal("no healthy upstream", response.Endpoint, "the body that goes with the flag UH");
            return "Envoy answers 503 UH";
        }
    }

    private static JsonNode Find(JsonNode page) =>
        page.AsArray().First(name => (string?)name!["name"] == DemoWorld.Checkout)!;
}
