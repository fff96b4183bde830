using System.Globalization;
using System.Net;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// An endpoint that appears in us1's manifests takes requests through Envoy in eu1; one that leaves them answers none a
/// second later, and no request fails on the way.
/// </summary>
internal sealed class EndpointsCheck(DemoWorld world)
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    internal Task<string> RunAsync(CancellationToken cancellationToken) =>
        EnvoyMissing.WhileThereAsync(world, CheckAsync, cancellationToken);

    private async Task<string> CheckAsync(CancellationToken cancellationToken)
    {
        var address = world.ExtraEndpoints[0];
        await world.Backends.EnsureAsync(address, grpc: false, cancellationToken).ConfigureAwait(false);
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        var load = new RequestLoad(world.EnvoyListener, DemoWorld.Checkout, perSecond: 200, world.Time);
        await using (load.ConfigureAwait(false))
        {
            await load.WaitForAsync(response => response.Status == 200, cancellationToken).ConfigureAwait(false);
            var from = world.Time.GetTimestamp();
            var grace = Pace.Of(Grace);
            var ((added, removed), over) = await Measures.TakeAsync(
                async _ => (
                    await AddAsync(sidecar, load, address, cancellationToken).ConfigureAwait(false),
                    await RemoveAsync(sidecar, cancellationToken).ConfigureAwait(false)),
                one => one.Item2 < grace,
                one => $"Envoy acknowledged the removal after {one.Item2.TotalMilliseconds:0} ms only")
                .ConfigureAwait(false);
            await Task.Delay(grace - removed, world.Time, cancellationToken).ConfigureAwait(false);
            var then = world.Backends.RequestsAt(address);
            await load.WaitForAsync(_ => true, cancellationToken).ConfigureAwait(false);
            await Task.Delay(Grace, world.Time, cancellationToken).ConfigureAwait(false);
            Check.Equal(then, world.Backends.RequestsAt(address), "requests there from 1 s after its removal");
            var failures = load.FailuresSince(from);
            Check.That(failures.Count == 0, $"{failures.Count} requests failed: {string.Join(", ", failures.Take(3))}");
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{added}\nremoved: ACK after {removed.TotalMilliseconds:0} ms, no request 1 s later; "
                + $"0 of {load.Responses.Count} requests failed{over}");
        }
    }

    // How long it took until Envoy had acknowledged it.
    private async Task<TimeSpan> RemoveAsync(JsonApi sidecar, CancellationToken cancellationToken)
    {
        var removedAt = world.Time.GetTimestamp();
        var before = await EdsVersionAsync(sidecar, cancellationToken).ConfigureAwait(false);
        ExtraEndpoint.Remove(world.Peer.Manifests);
        await EdsAckAsync(sidecar, before, cancellationToken).ConfigureAwait(false);
        return world.Time.GetElapsedTime(removedAt);
    }

    private async Task<string> AddAsync(
        JsonApi sidecar, RequestLoad load, IPEndPoint address, CancellationToken cancellationToken)
    {
        var before = await EdsVersionAsync(sidecar, cancellationToken).ConfigureAwait(false);
        var start = world.Time.GetTimestamp();
        ExtraEndpoint.Add(world.Peer.Manifests, address);
        var first = load.WaitForAsync(response => response.Endpoint == address.ToString(), cancellationToken);
        await EdsAckAsync(sidecar, before, cancellationToken).ConfigureAwait(false);
        var acknowledged = world.Time.GetElapsedTime(start);
        await first.ConfigureAwait(false);
        var requested = world.Time.GetElapsedTime(start);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"added: ACK after {acknowledged.TotalMilliseconds:0} ms, "
            + $"first request after {requested.TotalMilliseconds:0} ms");
    }

    internal static async Task<string> EdsVersionAsync(JsonApi sidecar, CancellationToken cancellationToken)
    {
        var page = await sidecar.GetAsync("clients", cancellationToken).ConfigureAwait(false);
        return EnvoyClients.AcknowledgedEds(page);
    }

    internal static Task EdsAckAsync(JsonApi sidecar, string before, CancellationToken cancellationToken) =>
        sidecar.WaitForAsync("clients", page => EnvoyClients.AcknowledgedEds(page) != before, cancellationToken);
}
