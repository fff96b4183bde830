namespace Fairlead.Cli.Demo.Checks.Acme;

/// <summary>
/// Below a parent a new epoch of us1 denies eu1 as between peers: of a service over gRPC every surface says so within a
/// second of three anchors holding it. It stays denied.
/// </summary>
internal sealed class DenialCheck(DemoWorld world)
{
    private const string Rule = "no-catalog";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1); // with push, after T anchors hold it

    // A request of HTTP/1.1 fails at such a service also where it is not denied: only the route's own word counts.
    private static readonly Surfaces.Expected Denied = Surfaces.Expected.Denied with { Envoy = ["403"] };

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        if (world.Envoy is null && world.EnvoyAbsence is null)
        {
            try
            {
                await world.StartEnvoyAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (CheckSkippedException)
            {
                // The other ways hold without one.
            }
        }

        var surfaces = await Surfaces.OpenAsync(world, AcmePlan.Catalog, AcmePlan.Catalog, cancellationToken)
            .ConfigureAwait(false);
        await using (surfaces.ConfigureAwait(false))
        {
            return await DenyAsync(surfaces, cancellationToken).ConfigureAwait(false) + surfaces.Missing;
        }
    }

    private async Task<string> DenyAsync(Surfaces surfaces, CancellationToken cancellationToken)
    {
        var operators = new Operators(world.Spawner, world.Programs, world.Peer, world.Time);
        var bound = Pace.Of(Bound);
        var (denied, over) = await Measures.TakeAsync(
            async before =>
            {
                if (before > 0)
                {
                    await AdmitAsync(operators, surfaces, cancellationToken).ConfigureAwait(false);
                }

                return await DenyAsync(operators, surfaces, cancellationToken).ConfigureAwait(false);
            },
            one => Surfaces.AreWithin(bound, one.Seen),
            one => Surfaces.TextOf(one.Seen)).ConfigureAwait(false);
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        var page = await sidecar.GetAsync("names", cancellationToken).ConfigureAwait(false);
        Check.Equal("denied", NamesView.StateOf(page, AcmePlan.Catalog), $"the state of {AcmePlan.Catalog}");
        return $"epoch {denied.Epoch} of us1 denies {AcmePlan.Catalog}; after three anchors held it: "
            + $"{Surfaces.TextOf(denied.Seen)} (bound here: {bound.TotalMilliseconds:0} ms)"
            + (world.EnvoyAbsence is { } absence ? $" ({absence})" : "") + over;
    }

    private async Task<(long Epoch, IReadOnlyList<Surfaces.Seen> Seen)> DenyAsync(
        Operators operators, Surfaces surfaces, CancellationToken cancellationToken)
    {
        await surfaces.CallsAsync(["OK"], cancellationToken).ConfigureAwait(false);
        var watched = surfaces.Watch(Denied, cancellationToken);
        var genesis = await DemoWorld.GenesisAsync(world.Home, cancellationToken).ConfigureAwait(false);
        var waiting = await operators.ProposePolicyAsync(
            world.Folder,
            $"rules: [{{id: {Rule}, effect: deny, names: [catalog.shop.svc], subjects: [{{segment: {genesis}}}]}}]",
            cancellationToken).ConfigureAwait(false);
        Check.That(watched.All(one => !one.Answered.IsCompleted), "denied before anything was decided");
        var from = await operators.ApproveAsync(waiting, cancellationToken).ConfigureAwait(false);
        return (waiting.Epoch, await surfaces.SeenAsync(watched, from).ConfigureAwait(false));
    }

    // Until nothing says any more that it is denied.
    private async Task AdmitAsync(Operators operators, Surfaces surfaces, CancellationToken cancellationToken)
    {
        var waiting = await operators.ProposePolicyAsync(
            world.Folder, $"remove_rules: [{Rule}]", cancellationToken).ConfigureAwait(false);
        var watched = surfaces.Watch(Denied, cancellationToken, isOver: true);
        var from = await operators.ApproveAsync(waiting, cancellationToken).ConfigureAwait(false);
        await surfaces.SeenAsync(watched, from).ConfigureAwait(false);
    }
}
