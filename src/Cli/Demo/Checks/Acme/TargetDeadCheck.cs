using System.Globalization;

namespace Fairlead.Cli.Demo.Checks.Acme;

/// <summary>
/// All anchors of us1 are killed: a strict name stops with its held seal, as printed before; requests of a default name
/// go on, as stale. With its anchors back us1 is fresh again.
/// </summary>
internal sealed class TargetDeadCheck(DemoWorld world)
{
    private const int Requests = 40;

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        string report;
        var decline = new Decline(world);
        await using (decline.ConfigureAwait(false))
        {
            await decline.StartAsync(cancellationToken).ConfigureAwait(false);
            await KillAsync(world.Peer).ConfigureAwait(false);
            var end = await decline.StrictAsync(cancellationToken).ConfigureAwait(false);
            var stale = await decline.StaleAsync(Requests, cancellationToken).ConfigureAwait(false);
            report = string.Create(
                CultureInfo.InvariantCulture,
                $"strict: stopped {decline.Seconds(end.Predicted, end.Stopped):+0.00;-0.00} s from the printed end of "
                + $"seal {end.Seal}; default: {stale} requests answered as stale, 0 failed");
        }

        var starting = Enumerable.Range(0, world.Peer.Anchors.Length)
            .Select(anchor => world.StartAnchorAsync(world.Peer, anchor, cancellationToken));
        await Task.WhenAll(starting).ConfigureAwait(false);
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        await sidecar.WaitForAsync(
            "names",
            page => NamesView.AreFresh(page, AcmePlan.Orders, AcmePlan.Checkout),
            cancellationToken).ConfigureAwait(false);
        return report + "; fresh again with four anchors";
    }

    /// <summary>Kills all anchors of a segment.</summary>
    internal static async Task KillAsync(DemoSegment segment)
    {
        foreach (var anchor in segment.Anchors)
        {
            anchor!.Signal(Signals.Kill);
        }

        for (var i = 0; i < segment.Anchors.Length; i++)
        {
            await DemoWorld.StopAnchorAsync(segment, i).ConfigureAwait(false);
        }
    }
}
