using System.Globalization;
using System.Net;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// With one of four us1 anchors stopped, three still seal: an endpoint that is added arrives and takes requests, and
/// one that is removed goes.
/// </summary>
internal sealed class OneStoppedCheck(DemoWorld world, EnvoyHalf half)
{
    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var proxied = EnvoyMissing.IsThere(world);
        await DemoWorld.StopAnchorAsync(world.Peer, 0).ConfigureAwait(false);
        var endpoint = world.ExtraEndpoints[1];
        await world.Backends.EnsureAsync(endpoint, grpc: false, cancellationToken).ConfigureAwait(false);
        Check.That(
            !await IsThereAsync(endpoint, cancellationToken).ConfigureAwait(false), $"{endpoint} is there already");
        var start = world.Time.GetTimestamp();
        ExtraEndpoint.Add(world.Peer.Manifests, endpoint);
        await WaitAsync(endpoint, isThere: true, cancellationToken).ConfigureAwait(false);
        var added = world.Time.GetElapsedTime(start);
        if (proxied)
        {
            await RequestAsync(endpoint, cancellationToken).ConfigureAwait(false);
        }

        start = world.Time.GetTimestamp();
        ExtraEndpoint.Remove(world.Peer.Manifests);
        await WaitAsync(endpoint, isThere: false, cancellationToken).ConfigureAwait(false);
        var removed = world.Time.GetElapsedTime(start);
        if (EnvoyMissing.IsThere(world))
        {
            half.Found("7a", "the endpoint that was added answered");
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"{world.Peer.AnchorIds[0]} is stopped; "
            + $"an added endpoint resolved within {added.TotalSeconds:0.0} s, "
            + $"its removal within {removed.TotalSeconds:0.0} s");
    }

    private async Task RequestAsync(IPEndPoint endpoint, CancellationToken cancellationToken)
    {
        var load = new RequestLoad(world.EnvoyListener, DemoWorld.Checkout, perSecond: 50, world.Time);
        await using (load.ConfigureAwait(false))
        {
            await load.WaitForAsync(response => response.Endpoint == endpoint.ToString(), cancellationToken)
                .ConfigureAwait(false);
        }
    }

    private async Task WaitAsync(IPEndPoint endpoint, bool isThere, CancellationToken cancellationToken)
    {
        while (await IsThereAsync(endpoint, cancellationToken).ConfigureAwait(false) != isThere)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), world.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<bool> IsThereAsync(IPEndPoint endpoint, CancellationToken cancellationToken)
    {
        var run = await Cli.ResolveAsync(world, DemoWorld.Checkout, cancellationToken).ConfigureAwait(false);
        Check.Equal(ExitCode.Answer, run.ExitCode, $"resolve ({run.Error})");
        return run.Json()["endpoints"]!.AsArray().Any(one => (string?)one!["address"] == endpoint.Address.ToString());
    }
}
