using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// The home anchor that the sidecar asks first is replaced by a program that holds its keys and lies in one way. The
/// sidecar refuses the lie by its name, asks another anchor, and no request fails meanwhile. The sidecar is started
/// anew for it, which the check says: it left that anchor when its process ended, and comes back by itself, but not
/// within the minute that a lie before has cost the same address.
/// </summary>
internal sealed class LiarCheck(
    DemoWorld world, EnvoyHalf half, string row, string lie, string expected)
{
    private const int Index = 0;

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var proxied = EnvoyMissing.IsThere(world);
        var load = proxied ? new RequestLoad(world.EnvoyListener, DemoWorld.Checkout, perSecond: 50, world.Time) : null;
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        try
        {
            await DemoWorld.StopAnchorAsync(world.Home, Index).ConfigureAwait(false);
            var program = world.Programs.Start("Liar", "--config", world.Home.AnchorConfiguration(Index), "--lie", lie);
            var liar = await world.SpawnAsync("liar-" + lie, program).ConfigureAwait(false);
            await using (liar.ConfigureAwait(false))
            {
                await liar.WaitReadyAsync(DemoWorld.StartPatience, cancellationToken).ConfigureAwait(false);
                await OutliveSealAsync(sidecar, cancellationToken).ConfigureAwait(false);

                // A sidecar that starts asks the first anchor of its bootstrap: the liar. One that ran on would return
                // to that anchor by itself, but not within the minute that the lie before has cost it; and a new one
                // lists the refusals of this lie alone.
                await world.StopSidecarAsync().ConfigureAwait(false);
                await world.StartSidecarAsync(cancellationToken).ConfigureAwait(false);
                await sidecar.WaitForAsync("refusals", HasLie, cancellationToken).ConfigureAwait(false);
                await sidecar.WaitForAsync("names", IsFresh, cancellationToken).ConfigureAwait(false);
                CheckRefusals(await sidecar.GetAsync("refusals", cancellationToken).ConfigureAwait(false));
            }
        }
        finally
        {
            if (world.Home.Anchors[Index] is null)
            {
                await world.StartAnchorAsync(world.Home, Index, cancellationToken).ConfigureAwait(false);
            }

            if (load is not null)
            {
                await load.DisposeAsync().ConfigureAwait(false);
            }
        }

        if (load is not null)
        {
            _ = EnvoyMissing.IsThere(world);
            half.Found(row, Count(load));
        }

        return $"refused as {expected} and as nothing else, answered by another anchor\n"
            + "the sidecar was started anew, so that it asks the liar first: the lie before keeps it away from that "
            + "address for a minute";
    }

    private static string Count(RequestLoad load)
    {
        var failed = load.Responses.FirstOrDefault(response => response.Status != 200);
        Check.That(failed is null, $"a request failed while an anchor lied: {failed}");
        Check.That(load.Responses.Count > 0, "no request was sent while an anchor lied");
        return $"{load.Responses.Count} requests, none failed";
    }

    // The liar collected an answer when it started. It is an older one as soon as the sidecar has seen a later seal.
    private static async Task OutliveSealAsync(JsonApi sidecar, CancellationToken cancellationToken)
    {
        var now = SealOf(await sidecar.GetAsync("names", cancellationToken).ConfigureAwait(false));
        await sidecar.WaitForAsync("names", page => SealOf(page) > now, cancellationToken).ConfigureAwait(false);
    }

    // All that this sidecar refused from its start to now. An honest anchor may be behind, or have nothing yet.
    private void CheckRefusals(JsonNode page)
    {
        var others = page.AsArray()
            .Where(refusal => (string?)refusal!["failure"] != expected
                && ((string?)refusal["failure"] is not ("Behind" or "NotSealed")
                    || (string?)refusal["anchor"] == world.Home.Addresses[Index]))
            .Select(refusal => refusal!.ToJsonString()).ToList();
        Check.That(others.Count == 0, $"other refusals too: {string.Join(", ", others)}");
        var accused = page.AsArray()
            .Where(refusal => (string?)refusal!["failure"] == expected).Select(refusal => (string?)refusal!["anchor"])
            .Where(anchor => anchor != world.Home.Addresses[Index]).ToList();
        Check.That(accused.Count == 0, $"{expected} of an honest anchor: {string.Join(", ", accused)}");
    }

    private static long SealOf(JsonNode page) => (long?)Checkout(page)?["seal"] ?? 0;

    private static bool IsFresh(JsonNode page) => (string?)Checkout(page)?["state"] == "fresh";

    private static JsonNode? Checkout(JsonNode page) =>
        page.AsArray().FirstOrDefault(name => (string?)name!["name"] == DemoWorld.Checkout);

    private bool HasLie(JsonNode page) => page.AsArray().Any(refusal =>
        (string?)refusal!["failure"] == expected && (string?)refusal["anchor"] == world.Home.Addresses[Index]);
}
