using System.Diagnostics;

namespace Fairlead.Bench;

/// <summary>One proxy's requests: sixteen clients at once, then one alone. Used by one caller at a time.</summary>
internal sealed class Contender(string url, string host, int process, int rounds)
{
    private const int Clients = 16;
    private const int RequestsOfAClient = 250;
    private const int SingleRequests = 1000;

    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler { UseProxy = false });
    private double _seconds;
    private double _cpu;
    private long _requests;

    /// <summary>The requests of the one client.</summary>
    public Latencies Single { get; } = new(rounds * SingleRequests);

    /// <summary>How many requests of the sixteen were answered in a second.</summary>
    public double PerSecond => _requests / _seconds;

    /// <summary>What one of those requests cost the proxy's process.</summary>
    public double CpuMicroseconds => _cpu * 1_000 / _requests;

    /// <summary>One round; what does not count warms up.</summary>
    public async Task RunAsync(bool counts, CancellationToken cancellationToken)
    {
        var cpu = Machine.ProcessMilliseconds(process);
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(
            async () =>
            {
                for (var i = 0; i < RequestsOfAClient; i++)
                {
                    await AskAsync(cancellationToken);
                }
            },
            cancellationToken)));
        var took = Stopwatch.GetElapsedTime(started).TotalSeconds;
        cpu = Machine.ProcessMilliseconds(process) - cpu;
        for (var i = 0; i < SingleRequests; i++)
        {
            await (counts ? Single.MeasureAsync(() => AskAsync(cancellationToken)) : AskAsync(cancellationToken));
        }

        if (counts)
        {
            (_seconds, _requests) = (_seconds + took, _requests + (Clients * RequestsOfAClient));
            _cpu += cpu;
        }
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Host = host;
        using var response = await _client.SendAsync(request, cancellationToken);
        response.EnsureSuccessStatusCode();
        await response.Content.ReadAsByteArrayAsync(cancellationToken);
    }
}
