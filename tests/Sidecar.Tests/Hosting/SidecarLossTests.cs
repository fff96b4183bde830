using Fairlead.EnvoyApi.Endpoints;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>How long an Envoy may use the endpoints of a name that is not strict once the sidecar is gone, from the
/// configuration to what is on the wire.</summary>
public sealed class SidecarLossTests : IAsyncLifetime
{
    private const string Cluster = TwoClusters.Checkout + ":80";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TwoClusters _clusters = new() { ContinuityMax = 3_600_000 };

    public ValueTask InitializeAsync() => _clusters.InitializeAsync();

    public ValueTask DisposeAsync() => _clusters.DisposeAsync();

    [Fact]
    public async Task Endpoints_EndOnlyWhereTheConfigurationSaysSo()
    {
        Assert.Null(await LifeAsync("default", ""));
        Assert.Null(await LifeAsync("keep", ", on_sidecar_loss: keep, sidecar_loss_after: 1h"));
        var minute = TimeSpan.FromMinutes(1);
        Assert.InRange((await LifeAsync("minute", ", on_sidecar_loss: expire"))!.Value, minute, minute * 1.5);
        var hour = TimeSpan.FromHours(1);
        Assert.InRange(
            (await LifeAsync("hour", ", on_sidecar_loss: expire, sidecar_loss_after: 1h"))!.Value, hour, hour * 1.5);
    }

    private async Task<TimeSpan?> LifeAsync(string name, string loss)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(Patience);
        var socket = Path.Combine(_clusters.Folder, name, "xds.sock");
        await using var host = await TwoClusters.StartAsync(_clusters.Configure(
            name, $"xds: {{socket: {socket}, address: 127.0.0.1:0{loss}}}"));
        await using var client = new XdsClient($"unix:{socket}", bounded.Token);
        await client.AskAsync(XdsClient.Endpoints, Cluster);
        while (true)
        {
            var told = await client.NextAsync<ClusterLoadAssignment>(XdsClient.Endpoints, bounded.Token);
            if (told.SingleOrDefault(one => one.Endpoints.Count > 0) is { } assignment)
            {
                return assignment.Policy?.EndpointStaleAfter?.ToTimeSpan();
            }
        }
    }
}
