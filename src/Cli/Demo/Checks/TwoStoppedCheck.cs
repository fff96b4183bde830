using System.Globalization;
using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// With two of four us1 anchors stopped nothing is sealed any more. What is held lives exactly to the end of its TTL,
/// then it is expired; requests through Envoy run all the while (<see cref="ExpiryLoad"/>).
/// </summary>
internal sealed class TwoStoppedCheck(DemoWorld world, EnvoyHalf half)
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var load = EnvoyMissing.IsThere(world) ? new ExpiryLoad(world) : null;
        string report;
        try
        {
            if (load is not null)
            {
                await load.StartAsync(cancellationToken).ConfigureAwait(false);
            }

            report = await ExpireAsync(load, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (load is not null)
            {
                await load.DisposeAsync().ConfigureAwait(false);
            }
        }

        await world.StartAnchorAsync(world.Peer, 0, cancellationToken).ConfigureAwait(false);
        await world.StartAnchorAsync(world.Peer, 1, cancellationToken).ConfigureAwait(false);
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        await sidecar.WaitForAsync("names", IsFresh, cancellationToken).ConfigureAwait(false);
        return report + "; fresh again with four anchors";
    }

    private async Task<string> ExpireAsync(ExpiryLoad? load, CancellationToken cancellationToken)
    {
        await DemoWorld.StopAnchorAsync(world.Peer, 0).ConfigureAwait(false);
        await DemoWorld.StopAnchorAsync(world.Peer, 1).ConfigureAwait(false);
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        var seal = await LastSealAsync(sidecar, cancellationToken).ConfigureAwait(false);
        var held = Find(await sidecar.GetAsync("names", cancellationToken).ConfigureAwait(false));
        Check.Equal("fresh", (string?)held["state"], "the state while the last seal lives");
        var left = TimeSpan.FromMilliseconds((long)held["ttl_ms"]!);
        var start = world.Time.GetTimestamp();
        var (page, fresh) = await OutliveAsync(sidecar, cancellationToken).ConfigureAwait(false);
        var expired = world.Time.GetTimestamp();
        var lived = world.Time.GetElapsedTime(start, expired);
        Check.Equal("expired", (string?)Find(page)["state"], "the state after the TTL");
        Check.Equal(seal, (long)Find(page)["seal"]!, "the seal that two anchors could not follow");
        Check.That((lived - left).Duration() <= Tolerance, string.Create(
            CultureInfo.InvariantCulture,
            $"it lived {lived.TotalSeconds:0.0} s, its TTL said {left.TotalSeconds:0.0} s"));
        if (load is not null)
        {
            half.Found("7b", await load.CheckAsync(fresh, expired, cancellationToken).ConfigureAwait(false));
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"no seal after {seal}; lived {lived.TotalSeconds:0.0} s of {left.TotalSeconds:0.0} s, then expired");
    }

    // The first page on which the name is not fresh any more, and a moment after which it was still fresh.
    private async Task<(JsonNode Page, long Fresh)> OutliveAsync(JsonApi sidecar, CancellationToken cancellationToken)
    {
        var asked = world.Time.GetTimestamp();
        var fresh = asked;
        var page = await sidecar.WaitForAsync(
            "names",
            now =>
            {
                if (!IsFresh(now))
                {
                    return true;
                }

                (fresh, asked) = (asked, world.Time.GetTimestamp());
                return false;
            },
            cancellationToken).ConfigureAwait(false);
        return (page, fresh);
    }

    // Updates that were on their way may still bring a last seal; after a few heartbeats there is none.
    private async Task<long> LastSealAsync(JsonApi sidecar, CancellationToken cancellationToken)
    {
        await Task.Delay(TimeSpan.FromSeconds(2), world.Time, cancellationToken).ConfigureAwait(false);
        return (long)Find(await sidecar.GetAsync("names", cancellationToken).ConfigureAwait(false))["seal"]!;
    }

    private static bool IsFresh(JsonNode page) => (string?)Find(page)["state"] == "fresh";

    private static JsonNode Find(JsonNode page) =>
        page.AsArray().First(name => (string?)name!["name"] == DemoWorld.Checkout)!;
}
