using System.Globalization;
using System.Net;

namespace Fairlead.Cli.Demo.Checks.Acme;

/// <summary>
/// The relays of the home withhold: first the one that the sidecar listens to, while us1 decides to deny a name; the
/// sidecar moves to another anchor and hears of it. Then all of them: a strict name ends within V + delta, a default
/// name with its continuity.
/// </summary>
internal sealed class WithholdingCheck(DemoWorld world)
{
    private const string Name = "withholding-";
    private const double SealSeconds = 15; // V and delta of the demo's policy, and its continuity
    private const double DeltaSeconds = 1;
    private const double ContinuitySeconds = 8;
    private const double PushSeconds = 1;
    private const int Requests = 20;

    /// <summary>The first relay withholds what us1 decided.</summary>
    internal async Task<string> OneAsync(CancellationToken cancellationToken)
    {
        await ReplaceAsync(cancellationToken).ConfigureAwait(false);
        var genesis = await DemoWorld.GenesisAsync(world.Home, cancellationToken).ConfigureAwait(false);
        var file = Path.Combine(world.Folder, "policy.yaml");
        await File.WriteAllTextAsync(
            file,
            $"rules: [{{id: no-cart, effect: deny, names: [cart.shop.svc], subjects: [{{segment: {genesis}}}]}}]\n",
            cancellationToken).ConfigureAwait(false);
        var operators = new Operators(world.Spawner, world.Programs, world.Peer, world.Time);
        var waiting = await operators.ProposeAsync(["policy", file], cancellationToken).ConfigureAwait(false);
        await NamesView.FreshAsync(world, cancellationToken).ConfigureAwait(false);
        var load = new RequestLoad(IPEndPoint.Parse(world.ProxyAddress), AcmePlan.Checkout, 20, world.Time);
        await using (load.ConfigureAwait(false))
        {
            world.Home.Anchors[0]!.Signal(Signals.Hup);
            var held = operators.HeldAsync(waiting.Epoch, cancellationToken);
            await operators.ApproveAsync(waiting, cancellationToken).ConfigureAwait(false);
            var from = await held.ConfigureAwait(false);
            using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
            await sidecar.WaitForAsync(
                "names", page => NamesView.StateOf(page, AcmePlan.Cart) == "denied", cancellationToken)
                .ConfigureAwait(false);
            var elapsed = world.Time.GetElapsedTime(from).TotalSeconds;
            Check.That(
                elapsed > PushSeconds,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"denied after {elapsed:0.0} s: {world.Home.AnchorIds[0]} withheld nothing"));
            Check.That(
                elapsed <= SealSeconds + DeltaSeconds,
                string.Create(CultureInfo.InvariantCulture, $"denied after {elapsed:0.0} s only"));
            Check.Equal(0, load.FailuresSince(0).Count, "requests of another name that failed");
            return string.Create(
                CultureInfo.InvariantCulture,
                $"epoch {waiting.Epoch} of us1 denies {AcmePlan.Cart}; {world.Home.AnchorIds[0]} withheld it, another "
                + $"anchor told it {elapsed:0.0} s after three held it (bound: V + delta); "
                + $"0 of {load.Responses.Count} requests of checkout failed");
        }
    }

    /// <summary>All of them withhold.</summary>
    internal async Task<string> AllAsync(CancellationToken cancellationToken)
    {
        await ReplaceAsync(cancellationToken).ConfigureAwait(false);
        var decline = new Decline(world);
        await using (decline.ConfigureAwait(false))
        {
            await decline.StartAsync(cancellationToken).ConfigureAwait(false);
            foreach (var anchor in world.Home.Anchors)
            {
                anchor!.Signal(Signals.Hup);
            }

            var end = await decline.StrictAsync(cancellationToken).ConfigureAwait(false);
            var strict = decline.Seconds(end.From, end.Stopped);
            Check.That(
                strict <= SealSeconds + DeltaSeconds,
                string.Create(CultureInfo.InvariantCulture, $"a strict name lived {strict:0.0} s more"));
            await decline.StaleAsync(Requests, cancellationToken).ConfigureAwait(false);
            var stopped = await decline.DefaultEndAsync(cancellationToken).ConfigureAwait(false);
            var stale = decline.Seconds(end.Predicted, stopped);
            Check.That(
                Math.Abs(stale - ContinuitySeconds) <= Decline.Tolerance.TotalSeconds,
                string.Create(CultureInfo.InvariantCulture, $"a default name was stale for {stale:0.0} s"));
            return string.Create(
                CultureInfo.InvariantCulture,
                $"strict: expired {strict:0.0} s after they fell silent (bound: V + delta = "
                + $"{SealSeconds + DeltaSeconds} s); default: stale for {stale:0.0} s more (continuity: "
                + $"{ContinuitySeconds} s), then expired; every request until then succeeded");
        }
    }

    // The same anchors with their own keys and data, in a program that can be told to withhold.
    private async Task ReplaceAsync(CancellationToken cancellationToken)
    {
        if (world.Home.Anchors.All(anchor => anchor!.Name.StartsWith(Name, StringComparison.Ordinal)))
        {
            return; // an earlier check did
        }

        var starting = new List<Task>();
        for (var i = 0; i < world.Home.Anchors.Length; i++)
        {
            await DemoWorld.StopAnchorAsync(world.Home, i).ConfigureAwait(false);
            var program = world.Programs.Start(
                "Liar", "--config", world.Home.AnchorConfiguration(i), "--lie", "withhold");
            var anchor = await world.SpawnAsync(Name + world.Home.AnchorIds[i], program)
                .ConfigureAwait(false);
            world.Home.Anchors[i] = anchor;
            starting.Add(anchor.WaitReadyAsync(DemoWorld.StartPatience, cancellationToken));
        }

        await Task.WhenAll(starting).ConfigureAwait(false);
        await ListenAsync(cancellationToken).ConfigureAwait(false);
    }

    // A sidecar asks its first anchor, and another one beside it where that is slow. While the others stand still, it
    // can only have heard from the first. Without them eu1 seals nothing, so that this may take no longer than a seal
    // lives; on a busy machine it is tried again.
    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        var others = world.Home.Anchors.Skip(1).ToList();
        for (var heard = false; !heard;)
        {
            await NamesView.FreshAsync(world, cancellationToken).ConfigureAwait(false);
            await world.StopSidecarAsync().ConfigureAwait(false);
            others.ForEach(anchor => anchor!.Signal(Signals.Stop));
            try
            {
                var start = world.Time.GetTimestamp();
                await world.StartSidecarAsync(cancellationToken).ConfigureAwait(false);
                heard = await HearAsync(start, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                others.ForEach(anchor => anchor!.Signal(Signals.Cont));
            }
        }
    }

    private async Task<bool> HearAsync(long start, CancellationToken cancellationToken)
    {
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(TimeSpan.FromSeconds(SealSeconds / 2));
        try
        {
            await sidecar.WaitForAsync(
                "names",
                page => NamesView.StateOf(page, AcmePlan.Cart) == "fresh"
                    && (long)NamesView.Of(page, AcmePlan.Cart)["age_ms"]!
                        < world.Time.GetElapsedTime(start).TotalMilliseconds,
                bounded.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
