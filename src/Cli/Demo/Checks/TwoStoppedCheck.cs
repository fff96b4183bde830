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
        var (from, stalls) = (world.Time.GetTimestamp(), new Stalls(world.Time));
        await using var watching = stalls.ConfigureAwait(false);
        var (page, told, fresh) = await OutliveAsync(sidecar, cancellationToken).ConfigureAwait(false);
        var expired = world.Time.GetTimestamp();
        Check.Equal("expired", (string?)Find(page)["state"], "the state after the TTL");
        Check.Equal(told.Seal, (long)Find(page)["seal"]!, "the seal that two anchors could not follow");

        // What is known of both ends: the TTL was told between two moments, and ended between two others.
        var shortest = world.Time.GetElapsedTime(told.HeardAt, fresh);
        var longest = world.Time.GetElapsedTime(told.AskedAt, expired);
        var tolerance = Pace.Of(Tolerance);
        var late = tolerance + stalls.Worst(from);
        Check.That(shortest - late <= told.Left && told.Left <= longest + tolerance, string.Create(
            CultureInfo.InvariantCulture,
            $"it lived {shortest.TotalSeconds:0.0} to {longest.TotalSeconds:0.0} s, "
            + $"its TTL said {told.Left.TotalSeconds:0.0} s{stalls.Told(from)}"));
        if (load is not null)
        {
            // Envoy ends by a clock of its own, which may be more punctual than the page.
            var end = told.AskedAt + (long)(told.Left.TotalSeconds * world.Time.TimestampFrequency);
            half.Found("7b", await load.CheckAsync(Math.Min(fresh, end), expired, cancellationToken)
                .ConfigureAwait(false));
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"no seal after {told.Seal}; lived {longest.TotalSeconds:0.0} s of {told.Left.TotalSeconds:0.0} s, "
            + $"then expired{stalls.Told(from)}");
    }

    /// <summary>What the page said when the name's last seal was new, and when that was.</summary>
    private sealed record Told(long Seal, TimeSpan Left, long AskedAt, long HeardAt);

    // The first page on which the name is not fresh any more, what it was told of its last seal, and a moment after
    // which it was still fresh. Updates that were on their way when the anchors stopped may still bring a seal.
    private async Task<(JsonNode Page, Told Told, long Fresh)> OutliveAsync(
        JsonApi sidecar, CancellationToken cancellationToken)
    {
        Told? told = null;
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

                var heard = world.Time.GetTimestamp();
                var seal = (long)Find(now)["seal"]!;
                if (told?.Seal != seal)
                {
                    told = new Told(seal, TimeSpan.FromMilliseconds((long)Find(now)["ttl_ms"]!), asked, heard);
                }

                (fresh, asked) = (asked, heard);
                return false;
            },
            cancellationToken).ConfigureAwait(false);
        Check.That(told is not null, "it was not fresh while its last seal lived");
        return (page, told!, fresh);
    }

    private static bool IsFresh(JsonNode page) => (string?)Find(page)["state"] == "fresh";

    private static JsonNode Find(JsonNode page) =>
        page.AsArray().First(name => (string?)name!["name"] == DemoWorld.Checkout)!;
}
