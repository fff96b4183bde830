using System.Globalization;
using System.Net;

namespace Fairlead.Cli.Demo.Checks.Acme;

/// <summary>
/// The relays of the home withhold: they seal and vote as ever, and say nothing to consumers. First the one that the
/// sidecar listens to, while us1 decides to deny a name; then all of them; then all of them one name only, while us1
/// decides on its policy. Used by one check at a time.
/// </summary>
internal sealed class WithholdingChecks(DemoWorld world)
{
    private const double BoundSeconds = 16; // V + delta of the demo's policy
    private const double GraceSeconds = 2; // of the demo's policy
    private const long ContinuityMilliseconds = 8_000; // and its continuity
    private const long RenewedMilliseconds = 11_000; // so much of V is left where a seal has just come
    private const int Rate = 20;
    private const int Requests = 20;

    /// <summary>The relay that serves the sidecar withholds a denial: the sidecar moves on and hears of it.</summary>
    internal async Task<string> OneAsync(CancellationToken cancellationToken)
    {
        var genesis = await DemoWorld.GenesisAsync(world.Home, cancellationToken).ConfigureAwait(false);
        var operators = new Operators(world.Spawner, world.Programs, world.Peer, world.Time);
        var waiting = await operators.ProposePolicyAsync(
            world.Folder,
            $"rules: [{{id: no-cart, effect: deny, names: [cart.shop.svc], subjects: [{{segment: {genesis}}}]}}]",
            cancellationToken).ConfigureAwait(false);
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        var before = await sidecar.WaitForAsync(
            "names", page => NamesView.AreFresh(page, AcmePlan.Cart) && RelayOf(page) >= 0, cancellationToken)
            .ConfigureAwait(false);
        var relay = RelayOf(before);
        var load = new RequestLoad(IPEndPoint.Parse(world.ProxyAddress), AcmePlan.Checkout, Rate, world.Time);
        await using (load.ConfigureAwait(false))
        {
            var stalls = new Stalls(world.Time);
            await using var watching = stalls.ConfigureAwait(false);
            world.Home.Anchors[relay]!.Signal(Signals.Hup);
            try
            {
                var from = await operators.ApproveAsync(waiting, cancellationToken).ConfigureAwait(false);
                await sidecar.WaitForAsync(
                    "names", page => NamesView.StateOf(page, AcmePlan.Cart) == "denied", cancellationToken)
                    .ConfigureAwait(false);
                var elapsed = world.Time.GetElapsedTime(from).TotalSeconds;

                // Between two streams it is at none: whom it is at then says nothing of who told it.
                var after = await sidecar.WaitForAsync("names", page => RelayOf(page) >= 0, cancellationToken)
                    .ConfigureAwait(false);
                var other = RelayOf(after);
                Check.That(
                    other >= 0 && other != relay, $"denied by {world.Home.AnchorIds[relay]}, which withheld it");
                Check.That(
                    elapsed <= BoundSeconds + (Pace.Of(Decline.Tolerance) + stalls.Worst(from)).TotalSeconds,
                    string.Create(
                        CultureInfo.InvariantCulture, $"denied after {elapsed:0.0} s only{stalls.Told(from)}"));

                // Another name that is stale when the new policy is learned ends until its proof is there (4.7): for
                // as long as it takes to ask.
                var failed = load.FailuresSince(0).Count;
                Check.That(failed <= Rate / 2, $"{failed} requests of another name failed");
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"epoch {waiting.Epoch} of us1 denies {AcmePlan.Cart}; {world.Home.AnchorIds[relay]}, which served "
                    + $"the sidecar, withheld it; {world.Home.AnchorIds[other]} told it "
                    + $"{elapsed:0.0} s after three anchors of us1 held it (bound: V + delta = {BoundSeconds} s); "
                    + $"{failed} of {load.Responses.Count} requests of checkout failed");
            }
            finally
            {
                world.Home.Anchors[relay]!.Signal(Signals.Hup);
            }
        }
    }

    /// <summary>All of them withhold: strict names end within V + delta, others with their continuity.</summary>
    internal async Task<string> AllAsync(CancellationToken cancellationToken)
    {
        var decline = new Decline(world);
        await using (decline.ConfigureAwait(false))
        {
            await decline.StartAsync(cancellationToken).ConfigureAwait(false);
            using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
            var page = await sidecar.GetAsync("names", cancellationToken).ConfigureAwait(false);
            Check.Equal(
                ContinuityMilliseconds,
                (long?)NamesView.Of(page, AcmePlan.Checkout)["stale_ms"],
                $"the continuity of {AcmePlan.Checkout} in ms");
            Turn();
            try
            {
                return await EndsAsync(decline, "fell silent", cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                Turn();
            }
        }
    }

    /// <summary>All of them withhold one name only, while us1 decides what asks for a new proof of it: the sidecar
    /// hears of the epoch with another name, and the one ends with the grace, long before its seal.</summary>
    internal async Task<string> ProofAsync(CancellationToken cancellationToken)
    {
        var operators = new Operators(world.Spawner, world.Programs, world.Peer, world.Time);
        var waiting = await operators.ProposePolicyAsync(
            world.Folder, "policy: {max_ttl: 299000}", cancellationToken)
            .ConfigureAwait(false);
        for (var i = 0; i < world.Home.Anchors.Length; i++)
        {
            await File.WriteAllTextAsync(Withheld(i), $"{AcmePlan.Checkout}\n", cancellationToken)
                .ConfigureAwait(false);
        }

        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        var page = await sidecar.WaitForAsync("names", IsRenewed, cancellationToken).ConfigureAwait(false);
        var sealEnds = world.Time.GetTimestamp()
            + ((long)NamesView.Of(page, AcmePlan.Checkout)["ttl_ms"]! * world.Time.TimestampFrequency / 1_000);
        string report;
        var stalls = new Stalls(world.Time);
        await using var watching = stalls.ConfigureAwait(false);
        Turn();
        try
        {
            var from = await operators.ApproveAsync(waiting, cancellationToken).ConfigureAwait(false);
            await sidecar.WaitForAsync(
                "names", now => NamesView.StateOf(now, AcmePlan.Checkout) == "expired", cancellationToken)
                .ConfigureAwait(false);
            var ended = world.Time.GetTimestamp();
            var after = world.Time.GetElapsedTime(from, ended).TotalSeconds;
            var left = world.Time.GetElapsedTime(ended, sealEnds).TotalSeconds;
            Check.That(
                after <= GraceSeconds + (Pace.Of(Decline.Tolerance) + stalls.Worst(from, ended)).TotalSeconds,
                string.Create(
                    CultureInfo.InvariantCulture, $"it ended after {after:0.0} s only{stalls.Told(from)}"));
            Check.That(left > 0, string.Create(CultureInfo.InvariantCulture, $"it ended {-left:0.0} s after its seal"));
            page = await sidecar.GetAsync("names", cancellationToken).ConfigureAwait(false);
            Check.That(
                NamesView.AreFresh(page, AcmePlan.Orders)
                && (long?)NamesView.Of(page, AcmePlan.Orders)["epoch"] == waiting.Epoch,
                $"{AcmePlan.Orders} is not fresh under epoch {waiting.Epoch}");
            report = string.Create(
                CultureInfo.InvariantCulture,
                $"epoch {waiting.Epoch} of us1 has another policy; {AcmePlan.Orders} is proven under it, and "
                + $"{AcmePlan.Checkout}, which no relay tells, ended {after:0.0} s after three anchors of us1 held it "
                + $"(bound: grace = {GraceSeconds} s, and the push), {left:0.0} s before its seal would have");
        }
        finally
        {
            Turn();
            for (var i = 0; i < world.Home.Anchors.Length; i++)
            {
                File.Delete(Withheld(i));
            }
        }

        await sidecar.WaitForAsync(
            "names", now => NamesView.AreFresh(now, AcmePlan.Checkout, AcmePlan.Orders), cancellationToken)
            .ConfigureAwait(false);
        return report;
    }

    private static bool IsRenewed(System.Text.Json.Nodes.JsonNode page) =>
        NamesView.AreFresh(page, AcmePlan.Checkout, AcmePlan.Orders)
        && (long?)NamesView.Of(page, AcmePlan.Checkout)["ttl_ms"] > RenewedMilliseconds;

    private void Turn()
    {
        foreach (var anchor in world.Home.Anchors)
        {
            anchor!.Signal(Signals.Hup);
        }
    }

    // Where a relay reads what it withholds.
    private string Withheld(int anchor) =>
        Path.Combine(Path.GetDirectoryName(world.Home.AnchorConfiguration(anchor))!, "withheld");

    /// <summary>Waits for the ends of a strict name and of another one, of which nothing more is heard.</summary>
    internal static async Task<string> EndsAsync(
        Decline decline, string since, CancellationToken cancellationToken)
    {
        var end = await decline.StrictAsync(cancellationToken).ConfigureAwait(false);
        var strict = decline.Seconds(end.From, end.Stopped);
        Check.That(
            strict <= BoundSeconds + (Pace.Of(Decline.Tolerance) + decline.Stalls.Worst(end.From)).TotalSeconds,
            string.Create(
                CultureInfo.InvariantCulture,
                $"a strict name lived {strict:0.0} s more{decline.Stalls.Told(end.From)}"));
        var stale = await decline.StaleAsync(Requests, cancellationToken).ConfigureAwait(false);
        var off = await decline.DefaultEndAsync(cancellationToken).ConfigureAwait(false);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"strict: expired {strict:0.0} s after they {since} (bound: V + delta = {BoundSeconds} s); default: "
            + $"stale, {stale} requests and more answered, 0 failed, and expired {off:+0.00;-0.00} s from the end of "
            + $"its continuity of {ContinuityMilliseconds / 1_000} s");
    }

    // Which of the home's anchors serves cart to the sidecar, by its index; -1 where it is at none.
    private int RelayOf(System.Text.Json.Nodes.JsonNode page) =>
        world.Home.Addresses.ToList().IndexOf((string?)NamesView.Of(page, AcmePlan.Cart)["anchor"] ?? "");
}
