using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// The home anchor that the sidecar asks first is replaced by a program that holds its keys and lies in one way. The
/// sidecar refuses the lie by its name, asks another anchor, and no request fails meanwhile.
/// </summary>
internal sealed class LiarCheck(DemoWorld world, string lie, string expected)
{
    private const int Index = 0;

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var proxied = world.Envoy is { HasExited: false };
        var load = proxied ? new RequestLoad(world.EnvoyListener, DemoWorld.Checkout, perSecond: 50, world.Time) : null;
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        try
        {
            await DemoWorld.StopAnchorAsync(world.Home, Index).ConfigureAwait(false);
            var program = world.Programs.Start("Liar", "--config", world.Home.AnchorConfiguration(Index), "--lie", lie);
            var liar = await world.SpawnAsync("liar-" + lie, program).ConfigureAwait(false);
            await using (liar.ConfigureAwait(false))
            {
                await liar.WaitReadyAsync(TimeSpan.FromSeconds(30), cancellationToken).ConfigureAwait(false);
                await OutliveSealAsync(sidecar, cancellationToken).ConfigureAwait(false);

                // A sidecar that starts asks the first anchor of its bootstrap: the liar.
                await world.StopSidecarAsync().ConfigureAwait(false);
                await world.StartSidecarAsync(cancellationToken).ConfigureAwait(false);
                var refusals = await sidecar.WaitForAsync("refusals", HasLie, cancellationToken).ConfigureAwait(false);
                await sidecar.WaitForAsync("names", IsFresh, cancellationToken).ConfigureAwait(false);
                var others = refusals.AsArray()
                    .Select(refusal => (string?)refusal!["failure"]).Distinct()
                    .Where(name => name != expected).ToList();
                Check.That(others.Count == 0, $"other refusals too: {string.Join(", ", others)}");
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

        var requests = load is null ? "no Envoy runs, so no request was sent" : Count(load);
        return $"refused as {expected}, answered by another anchor; {requests}";
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

    private static long SealOf(JsonNode page) => (long?)Checkout(page)?["seal"] ?? 0;

    private static bool IsFresh(JsonNode page) => (string?)Checkout(page)?["state"] == "fresh";

    private static JsonNode? Checkout(JsonNode page) =>
        page.AsArray().FirstOrDefault(name => (string?)name!["name"] == DemoWorld.Checkout);

    private bool HasLie(JsonNode page) => page.AsArray().Any(refusal =>
        (string?)refusal!["failure"] == expected && (string?)refusal["anchor"] == world.Home.Addresses[Index]);
}
