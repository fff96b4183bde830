using System.Globalization;
using System.Net;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// All endpoints of one cluster take no connection any more, and nobody withdraws them: their segment goes on to tell
/// their addresses, and the consumer's own look at them takes each out of use in seconds, because another cluster has
/// one that is ready.
/// </summary>
internal sealed class DeadClusterCheck(DemoWorld world)
{
    private const int Rate = 20;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    // A connect that nothing answers takes 2 s. While some wait others are balanced around them, so that a number of
    // good ones says nothing: who waits has to have ended, and those that were sent in the second after it as well.
    private static readonly TimeSpan Met = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(3);

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var dead = ProxyCheck.Endpoints(world);
        var other = world.ExtraEndpoints[0];
        await world.Backends.EnsureAsync(other, grpc: false, cancellationToken).ConfigureAwait(false);
        ExtraEndpoint.Add(world.Peer.Manifests, other);
        var load = new RequestLoad(IPEndPoint.Parse(world.ProxyAddress), DemoWorld.Checkout, Rate, world.Time);
        await using (load.ConfigureAwait(false))
        {
            try
            {
                foreach (var endpoint in dead.Append($"{other}"))
                {
                    await load.WaitForAsync(response => response.Endpoint == endpoint, cancellationToken)
                        .ConfigureAwait(false);
                }

                return await DieAsync(load, dead, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                ExtraEndpoint.Remove(world.Peer.Manifests);
            }
        }
    }

    private async Task<string> DieAsync(RequestLoad load, HashSet<string> dead, CancellationToken cancellationToken)
    {
        List<IPEndPoint> addresses = [.. dead.Select(IPEndPoint.Parse)];
        var deaf = new List<DeafListener>();
        var stalls = new Stalls(world.Time);
        await using var watching = stalls.ConfigureAwait(false);
        try
        {
            foreach (var address in addresses)
            {
                await world.Backends.StopAsync(address).ConfigureAwait(false);
                deaf.Add(new DeafListener(address));
            }

            return await LeaveAsync(load, dead, stalls, world.Time.GetTimestamp(), cancellationToken)
                .ConfigureAwait(false);
        }
        finally
        {
            deaf.ForEach(one => one.Dispose());
            foreach (var address in addresses)
            {
                await world.Backends.EnsureAsync(address, grpc: false, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private async Task<string> LeaveAsync(
        RequestLoad load, HashSet<string> dead, Stalls stalls, long from, CancellationToken cancellationToken)
    {
        while (true)
        {
            var sent = load.Responses.Where(response => response.SentAt >= from)
                .OrderBy(response => response.SentAt).ToList();
            var met = sent.FindLastIndex(IsMet);
            var seconds = met < 0 ? 0 : world.Time.GetElapsedTime(from, sent.Take(met + 1).Max(one => one.EndedAt))
                .TotalSeconds;
            Check.That(
                seconds <= Pace.Of(Bound).TotalSeconds,
                string.Create(CultureInfo.InvariantCulture, $"still met {seconds:0.0} s after they died"));
            if (met >= 0 && world.Time.GetElapsedTime(from).TotalSeconds >= seconds + Quiet.TotalSeconds)
            {
                return await ReportAsync(dead, sent, seconds, cancellationToken).ConfigureAwait(false);
            }

            await Task.Delay(LookAgain, world.Time, cancellationToken).ConfigureAwait(false);
        }

        bool IsMet(RequestLoad.Response response) => response.Status != 200 || dead.Contains(response.Endpoint)
            || world.Time.GetElapsedTime(response.SentAt, response.EndedAt)
                - stalls.Worst(response.SentAt, response.EndedAt) >= Met;
    }

    private async Task<string> ReportAsync(
        HashSet<string> dead, List<RequestLoad.Response> sent, double seconds, CancellationToken cancellationToken)
    {
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        var page = await sidecar.GetAsync("names", cancellationToken).ConfigureAwait(false);
        var name = page.AsArray().First(one => (string?)one!["name"] == DemoWorld.Checkout)!;
        Check.Equal("fresh", (string?)name["state"], "its state, which no trust ends");
        var failed = sent.Count(one => one.Status != 200);
        var endpoints = string.Join(" and ", dead.Order(StringComparer.Ordinal));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{endpoints} take no connection and are told as before: no "
            + $"request waited for them after {seconds:0.00} s, and {failed} of {sent.Count} failed");
    }
}
