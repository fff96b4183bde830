namespace Fairlead.Cli.Demo.Checks.Acme;

/// <summary>
/// Below a parent a new epoch of us1 denies eu1 as between peers: of a service over gRPC every surface says so within a
/// second of three anchors holding it. It stays denied.
/// </summary>
internal sealed class DenialCheck(DemoWorld world)
{
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
        await surfaces.CallsAsync(["OK"], cancellationToken).ConfigureAwait(false);
        var watched = surfaces.Watch(Denied, cancellationToken);
        var genesis = await DemoWorld.GenesisAsync(world.Home, cancellationToken).ConfigureAwait(false);
        var operators = new Operators(world.Spawner, world.Programs, world.Peer, world.Time);
        var waiting = await operators.ProposePolicyAsync(
            world.Folder,
            $"rules: [{{id: no-catalog, effect: deny, names: [catalog.shop.svc], subjects: [{{segment: {genesis}}}]}}]",
            cancellationToken).ConfigureAwait(false);
        Check.That(watched.All(one => !one.Answered.IsCompleted), "denied before anything was decided");
        var from = await operators.ApproveAsync(waiting, cancellationToken).ConfigureAwait(false);
        var seen = await surfaces.SeenAsync(watched, from).ConfigureAwait(false);
        var bound = Pace.Of(Bound);
        Surfaces.Within(bound, seen);
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        var page = await sidecar.GetAsync("names", cancellationToken).ConfigureAwait(false);
        Check.Equal("denied", NamesView.StateOf(page, AcmePlan.Catalog), $"the state of {AcmePlan.Catalog}");
        return $"epoch {waiting.Epoch} of us1 denies {AcmePlan.Catalog}; after three anchors held it: "
            + $"{string.Join(", ", seen.Select(one => one.Text))} (bound here: {bound.TotalMilliseconds:0} ms)"
            + (world.EnvoyAbsence is { } absence ? $" ({absence})" : "");
    }
}
