using System.Globalization;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>With one of four us1 anchors stopped, three still seal: a change arrives.</summary>
internal sealed class OneStoppedCheck(DemoWorld world)
{
    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        await DemoWorld.StopAnchorAsync(world.Peer, 0).ConfigureAwait(false);
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        var before = await RecordDigestAsync(cancellationToken).ConfigureAwait(false);
        var start = world.Time.GetTimestamp();
        ExtraEndpoint.Add(world.Peer.Manifests, "127.0.2.78");
        while (await RecordDigestAsync(cancellationToken).ConfigureAwait(false) == before)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), world.Time, cancellationToken).ConfigureAwait(false);
        }

        var took = world.Time.GetElapsedTime(start);
        ExtraEndpoint.Remove(world.Peer.Manifests);
        return string.Create(CultureInfo.InvariantCulture, $"{world.Peer.AnchorIds[0]} is stopped; the change resolved within {took.TotalSeconds:0.0} s");
    }

    private async Task<string> RecordDigestAsync(CancellationToken cancellationToken)
    {
        var run = await Cli.ResolveAsync(world, DemoWorld.Checkout, cancellationToken).ConfigureAwait(false);
        Check.Equal(ExitCode.Answer, run.ExitCode, $"resolve ({run.Error})");
        return (string)run.Json()["record"]!["digest"]!;
    }
}
