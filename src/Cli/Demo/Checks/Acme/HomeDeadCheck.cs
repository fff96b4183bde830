namespace Fairlead.Cli.Demo.Checks.Acme;

/// <summary>
/// All anchors of the home are killed: the pod has nobody left to ask. A strict name stops with its held seal, as
/// printed before; a default name is served as stale for its continuity, and then no more. The last check of its world.
/// </summary>
internal sealed class HomeDeadCheck(DemoWorld world)
{
    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var decline = new Decline(world);
        await using (decline.ConfigureAwait(false))
        {
            await decline.StartAsync(cancellationToken).ConfigureAwait(false);
            await TargetDeadCheck.KillAsync(world.Home).ConfigureAwait(false);
            return await WithholdingChecks.EndsAsync(decline, "died", cancellationToken).ConfigureAwait(false);
        }
    }
}
