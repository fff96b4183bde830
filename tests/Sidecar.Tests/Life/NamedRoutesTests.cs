using System.Net;
using Fairlead.Sidecar.Tests.OnDemand;
using Fairlead.Sidecar.Translation;
using static Fairlead.Sidecar.Tests.Life.LifeWorld;

namespace Fairlead.Sidecar.Tests.Life;

/// <summary>A real Envoy whose listeners ask for the routes of services by their names.</summary>
public sealed class NamedRoutesTests
{
    private const string Stranger = "stranger.shop.svc.us1.internal";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory(Explicit = true)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public async Task Routes_LeadToTheirCluster_OrSayWhyThereIsNone(bool isOldest, bool isDelta)
    {
        await using var world = await StartAsync(isOldest, isDelta, routes: [Other, Stranger + ":81"]);
        using var http = new HttpClient();
        await AnswersAsync(3, "200 one none");
        Assert.Contains(Stranger, world.Sidecar.Wanted);
        world.Sidecar.Publish(ServedName.Without(Stranger, Reasons.Denied, []));
        await AnswersAsync(4, "403  denied");
        world.Sidecar.Publish(OnDemandWorld.Named(Stranger, world.Ports.One));
        await AnswersAsync(4, "404  no-such-port");
        world.Sidecar.Publish(ServedName.Without(Other, Reasons.Absent, []));
        await AnswersAsync(3, "404  absent");
        world.Sidecar.Publish(OnDemandWorld.Named(Other, world.Ports.Two));
        await AnswersAsync(3, "200 two none");

        Task AnswersAsync(int listener, string told) => TestKit.Processes.Eventually.HoldsAsync(
            () => GetAsync(listener), seen => seen == told, Patience, Cancellation);

        async Task<string> GetAsync(int listener)
        {
            try
            {
                using var response = await http.GetAsync(new Uri($"http://{At(listener)}/"), Cancellation);
                var reason = response.Headers.TryGetValues("fairlead-reason", out var all) ? all.Single() : "none";
                return $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(Cancellation)} {reason}";
            }
            catch (HttpRequestException e)
            {
                return e.Message; // it listens when it has its routes
            }
        }

        IPEndPoint At(int listener) => world.Envoy.Listeners[listener];
    }
}
