using System.Collections.Concurrent;
using System.Net;

namespace Fairlead.Cli.Demo;

/// <summary>
/// Sends requests for one host name through a proxy at a steady pace and keeps what came back. Bounded in count by
/// <see cref="RequestsMax"/>. Thread-safe.
/// </summary>
internal sealed class RequestLoad : IAsyncDisposable
{
    private const int RequestsMax = 100_000;

    private readonly HttpClient _client;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<Response> _responses = new();
    private readonly Task _loop;
    private bool _isDisposed;

    internal RequestLoad(IPEndPoint proxy, string host, int perSecond, TimeProvider time)
    {
        _time = time;
        _client = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = Timeout.InfiniteTimeSpan })
        {
            BaseAddress = new Uri($"http://{proxy}/"),
            Timeout = TimeSpan.FromSeconds(20),
        };
        _client.DefaultRequestHeaders.Host = host;
        _loop = RunAsync(TimeSpan.FromSeconds(1.0 / perSecond));
    }

    /// <summary>
    /// What came back: the status (0 where none did), the endpoint that answered, when the request was sent and when it
    /// ended.
    /// </summary>
    internal sealed record Response(int Status, string Endpoint, long SentAt, long EndedAt);

    /// <summary>All responses so far, in the order in which they ended.</summary>
    internal IReadOnlyCollection<Response> Responses => _responses;

    /// <summary>Responses that are not 200, sent at or after a moment.</summary>
    internal IReadOnlyList<Response> FailuresSince(long timestamp) =>
        [.. _responses.Where(response => response.Status != 200 && response.SentAt >= timestamp)];

    /// <summary>Waits for a response to a request sent from now on that fits.</summary>
    internal async Task<Response> WaitForAsync(Func<Response, bool> fits, CancellationToken cancellationToken)
    {
        var from = _time.GetTimestamp();
        while (true)
        {
            if (_responses.FirstOrDefault(response => response.SentAt >= from && fits(response)) is { } found)
            {
                return found;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(1), _time, cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        _client.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync(TimeSpan pause)
    {
        using var timer = new PeriodicTimer(pause, _time);
        var sending = new List<Task>();
        try
        {
            for (var i = 0; i < RequestsMax && await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false); i++)
            {
                sending.RemoveAll(task => task.IsCompleted);
                sending.Add(SendAsync());
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped, as asked.
        }

        await Task.WhenAll(sending).ConfigureAwait(false);
    }

    private async Task SendAsync()
    {
        var sentAt = _time.GetTimestamp();
        try
        {
            using var response = await _client.GetAsync(new Uri("/", UriKind.Relative)).ConfigureAwait(false);
            var body = await response.Content.ReadAsStringAsync().ConfigureAwait(false);
            _responses.Enqueue(new Response((int)response.StatusCode, body.Trim(), sentAt, _time.GetTimestamp()));
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            _responses.Enqueue(new Response(0, e.Message, sentAt, _time.GetTimestamp()));
        }
    }
}
