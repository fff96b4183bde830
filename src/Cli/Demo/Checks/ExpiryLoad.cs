using System.Globalization;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// Requests through Envoy from before a name's last seal until after its end: each that was answered while the name was
/// fresh is 200, and from a moment on each is 504, as Envoy's own access log says. Between its endpoints and its routes
/// some may be 503 with the flag UH.
/// </summary>
internal sealed class ExpiryLoad(DemoWorld world) : IAsyncDisposable
{
    private const string UnhealthyBody = "no healthy upstream";

    // The sidecar tells Envoy at once; a busy machine takes a moment to hear it.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    private readonly RequestLoad _load = new(world.EnvoyListener, DemoWorld.Checkout, perSecond: 20, world.Time);
    private long _from;
    private int _linesBefore;

    /// <summary>Returns once a request succeeded; from there on it counts.</summary>
    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        await _load.WaitForAsync(response => response.Status == 200, cancellationToken).ConfigureAwait(false);
        _linesBefore = (await LogAsync(cancellationToken).ConfigureAwait(false)).Length;
        _from = world.Time.GetTimestamp();
    }

    /// <summary>Checks what came back.</summary>
    /// <param name="fresh">A moment at which the name was fresh still.</param>
    /// <param name="expired">A moment at which it was expired.</param>
    /// <param name="cancellationToken">Ends the wait for the requests after it.</param>
    internal async Task<string> CheckAsync(long fresh, long expired, CancellationToken cancellationToken)
    {
        var grace = Pace.Of(Grace);
        await Task.Delay(grace + TimeSpan.FromSeconds(1), world.Time, cancellationToken).ConfigureAwait(false);
        await _load.DisposeAsync().ConfigureAwait(false);
        Check.That(EnvoyMissing.IsThere(world), "no Envoy");
        var counted = _load.Responses.Where(response => response.SentAt >= _from).ToList();
        var before = counted.Where(response => response.EndedAt <= fresh).ToList();
        var after = counted
            .Where(response => world.Time.GetElapsedTime(expired, response.SentAt) > grace).ToList();
        Check.That(before.Count > 0 && after.Count > 0, $"{before.Count} requests before, {after.Count} after");
        foreach (var response in before)
        {
            Check.Equal(200, response.Status, $"a request while the name was fresh ({response.Endpoint})");
        }

        foreach (var response in after)
        {
            Check.Equal(504, response.Status, $"a request after the name expired ({response.Endpoint})");
        }

        var refused = counted.Where(response => response.Status != 200).ToList();
        foreach (var response in refused)
        {
            Check.That(
                response is { Status: 503, Endpoint: UnhealthyBody } or { Status: 504 },
                $"a request that did not succeed is {response.Status} ({response.Endpoint})");
        }

        await CheckFlagsAsync(refused.Count, cancellationToken).ConfigureAwait(false);
        var turn = world.Time.GetElapsedTime(expired, refused.Min(response => response.SentAt));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{before.Count} requests 200 while it was fresh; none from {turn.TotalMilliseconds:0} ms after it was "
            + $"seen expired, {after.Count} of {after.Count} are 504 since, and all in Envoy's access log");
    }

    public ValueTask DisposeAsync() => _load.DisposeAsync();

    private async Task CheckFlagsAsync(int expected, CancellationToken cancellationToken)
    {
        while (true)
        {
            var lines = await LogAsync(cancellationToken).ConfigureAwait(false);
            var flags = lines.Skip(_linesBefore).Select(line => line.Split(' '))
                .Where(parts => parts is ["503" or "504", _, DemoWorld.Checkout])
                .Select(parts => $"{parts[0]} {parts[1]}").ToList();
            var other = flags.FirstOrDefault(flag => flag is not ("503 UH" or "504 -"));
            Check.That(other is null, $"Envoy's access log has {other}, not 503 UH or 504");
            if (flags.Count >= expected)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), world.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private Task<string[]> LogAsync(CancellationToken cancellationToken) =>
        File.ReadAllLinesAsync(world.EnvoyAccessLog, cancellationToken);
}
