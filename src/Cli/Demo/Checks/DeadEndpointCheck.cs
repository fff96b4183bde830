using System.Globalization;
using System.Net;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// An endpoint dies and nobody withdraws it: its segment goes on to tell its address, and the consumer's own look at
/// it takes it out of use in seconds.
/// </summary>
internal sealed class DeadEndpointCheck(DemoWorld world)
{
    private const int Rate = 20;
    private const int Good = 20;
    private const double BoundSeconds = 10;
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var dead = ProxyCheck.Endpoints(world).Order(StringComparer.Ordinal).First();
        var load = new RequestLoad(IPEndPoint.Parse(world.ProxyAddress), DemoWorld.Checkout, Rate, world.Time);
        await using (load.ConfigureAwait(false))
        {
            await load.WaitForAsync(response => response.Endpoint == dead, cancellationToken).ConfigureAwait(false);
            var from = world.Time.GetTimestamp();
            await world.Backends.StopAsync(IPEndPoint.Parse(dead)).ConfigureAwait(false);
            try
            {
                return await LeaveAsync(load, dead, from, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                await world.Backends.EnsureAsync(IPEndPoint.Parse(dead), grpc: false, CancellationToken.None)
                    .ConfigureAwait(false);
            }
        }
    }

    // Until so many requests in a row went well elsewhere.
    private async Task<string> LeaveAsync(
        RequestLoad load, string dead, long from, CancellationToken cancellationToken)
    {
        while (true)
        {
            var sent = load.Responses.Where(response => response.SentAt >= from)
                .OrderBy(response => response.SentAt).ToList();
            var bad = sent.FindLastIndex(response => response.Status != 200 || response.Endpoint == dead);
            if (sent.Count - bad - 1 >= Good)
            {
                var seconds = bad < 0 ? 0 : world.Time.GetElapsedTime(from, sent[bad].EndedAt).TotalSeconds;
                var failed = sent.Count(one => one.Status != 200);
                return await ReportAsync(dead, failed, sent.Count, seconds, cancellationToken).ConfigureAwait(false);
            }

            await Task.Delay(LookAgain, world.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<string> ReportAsync(
        string dead, int failed, int sent, double seconds, CancellationToken cancellationToken)
    {
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        var page = await sidecar.GetAsync("names", cancellationToken).ConfigureAwait(false);
        var name = page.AsArray().First(one => (string?)one!["name"] == DemoWorld.Checkout)!;
        Check.Equal("fresh", (string?)name["state"], "its state, which no trust ends");
        Check.That(
            seconds <= BoundSeconds,
            string.Create(CultureInfo.InvariantCulture, $"still asked {seconds:0.0} s after it died"));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{dead} is dead and told as before: left after {seconds:0.00} s, {failed} of {sent} requests failed until "
            + $"{Good} in a row went well");
    }
}
