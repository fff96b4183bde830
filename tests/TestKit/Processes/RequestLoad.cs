using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;

namespace Fairlead.TestKit.Processes;

/// <summary>
/// Requests, 200 a second, each on its own, one host after the other; what fails is counted here and nowhere else, in
/// the step in which it did or, between two, in the next. A step has as many as are due in its time: it lasts until
/// they are sent. One with too few of them in its own time has shown nothing and fails.
/// </summary>
public sealed class RequestLoad : IAsyncDisposable
{
    private const int PerSecond = 200;

    // On a machine that is too slow for the rate it is less for a time: what waits to be served is no failure. What is
    // behind is made up for, a few at a time, and no more of it than a second's.
    private const int OpenMax = 100;
    private const int AtOnceMax = 8;
    private const double BehindMax = PerSecond;

    // In each step before what is behind was made up for. With 100 open that is five seconds for each of them: one
    // process of those on their way may stand still for some, and the load goes on counting. Time in
    // which the load itself did not run, as when the whole machine stood still, is no time in which nothing was
    // answered: it counts as one tick.
    private const double LeastPerSecond = 20;
    private static readonly TimeSpan TickMax = TimeSpan.FromSeconds((double)AtOnceMax / PerSecond);

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    private readonly CancellationTokenSource _end;
    private readonly ConcurrentQueue<string> _failed = new();
    private readonly ConcurrentDictionary<Task, bool> _underWay = new();
    private readonly ConcurrentDictionary<string, int> _bodies = new();
    private readonly string[] _hosts;
    private readonly HttpClient _http;
    private readonly Uri _target;
    private readonly Task _running;
    private int _open;
    private long _ran;
    private int _sent;
    private int _all;

    /// <summary>Begins.</summary>
    /// <param name="target">Where to.</param>
    /// <param name="cancellationToken">Ends it, as disposing it does.</param>
    /// <param name="hosts">For which hosts.</param>
    public RequestLoad(IPEndPoint target, CancellationToken cancellationToken, params string[] hosts)
    {
        _end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _hosts = hosts;
        _target = new Uri($"http://{target}/");
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Bound };
        _running = Task.Run(RunAsync);
    }

    /// <summary>How many were sent.</summary>
    public int Sent => Volatile.Read(ref _all);

    /// <summary>The least rate of a step so far, in requests a second, without what was made up for at its end.
    /// </summary>
    public double LeastRate { get; private set; } = double.PositiveInfinity;

    /// <summary>A step in which no request may fail, from its beginning to some requests after its end.</summary>
    /// <exception cref="InvalidOperationException">One did, or too few were sent.</exception>
    public async Task NoneFailsAsync(string step, Func<Task> act)
    {
        var failed = await StepAsync(step, act);
        if (failed.Count > 0)
        {
            throw new InvalidOperationException($"{step}: {failed.Count} failed, the first by {failed[0]}");
        }
    }

    /// <summary>A step in which requests may fail, and by this alone.</summary>
    /// <exception cref="InvalidOperationException">One failed in another way, or too few were sent.</exception>
    public async Task MayFailAsync(string how, Func<Task> act)
    {
        var failed = await StepAsync(how, act);
        if (failed.Find(failure => !failure.Contains(how, StringComparison.Ordinal)) is { } other)
        {
            throw new InvalidOperationException($"{how}: {failed.Count} failed, one by {other}");
        }
    }

    /// <summary>Waits until this backend answers requests.</summary>
    public async Task AnsweredByAsync(string backend)
    {
        var before = _bodies.GetValueOrDefault(backend);
        await Eventually.HoldsAsync(
            () => Task.FromResult(_bodies.GetValueOrDefault(backend)), now => now > before, Bound, _end.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _running;
        _http.Dispose();
        _end.Dispose();
    }

    // What failed since the step before this one ended.
    private async Task<List<string>> StepAsync(string step, Func<Task> act)
    {
        var (started, before) = (Volatile.Read(ref _ran), Sent);
        await act();

        // Those that were under way when the step ended are part of it: one that hangs fails it by its time.
        await Task.WhenAll(_underWay.Keys);
        var sent = Volatile.Read(ref _sent);
        await Eventually.HoldsAsync(
            () => Task.FromResult(Volatile.Read(ref _sent)), now => now > sent + 30, Bound, _end.Token);
        var seconds = TimeSpan.FromTicks(Volatile.Read(ref _ran) - started).TotalSeconds;
        var rate = (Sent - before) / seconds;
        LeastRate = Math.Min(LeastRate, rate);
        if (rate >= LeastPerSecond)
        {
            await Eventually.HoldsAsync(
                () => Task.FromResult(Sent - before), now => now >= seconds * PerSecond,
                Bound + TimeSpan.FromSeconds(seconds * PerSecond / LeastPerSecond), _end.Token);
            await Task.WhenAll(_underWay.Keys);
        }

        List<string> failed = [];
        while (_failed.TryDequeue(out var failure))
        {
            failed.Add(failure);
        }

        return rate >= LeastPerSecond ? failed : throw new InvalidOperationException(
            $"{step}: {rate:f0} requests a second, {LeastPerSecond} are the least; {failed.Count} failed");
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / PerSecond));
        try
        {
            var (last, due) = (Stopwatch.GetTimestamp(), 0.0);
            while (await timer.WaitForNextTickAsync(_end.Token))
            {
                var now = Stopwatch.GetTimestamp();
                var passed = Stopwatch.GetElapsedTime(last, now);
                due = Math.Min(due + (passed.TotalSeconds * PerSecond), BehindMax);
                last = now;
                Interlocked.Add(ref _ran, Math.Min(passed.Ticks, TickMax.Ticks));
                for (var most = AtOnceMax; most > 0 && due >= 1 && Volatile.Read(ref _open) < OpenMax; most--, due--)
                {
                    Begin(_hosts[Sent % _hosts.Length]);
                }
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(_underWay.Keys);
        }
    }

    private void Begin(string host)
    {
        Interlocked.Increment(ref _open);
        Interlocked.Increment(ref _all);
        var request = SendAsync(host);
        _underWay[request] = true;
        _ = request.ContinueWith(done => _underWay.TryRemove(done, out _), TaskScheduler.Default);
    }

    private async Task SendAsync(string host)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, _target) { Headers = { Host = host } };
            using var response = await _http.SendAsync(request, _end.Token);
            var body = await response.Content.ReadAsStringAsync(_end.Token);
            if (response.StatusCode == HttpStatusCode.OK)
            {
                _bodies.AddOrUpdate(body, 1, static (_, count) => count + 1);
            }
            else
            {
                _failed.Enqueue(
                    $"{host}: {(int)response.StatusCode} {body} after {Stopwatch.GetElapsedTime(started)}");
            }
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            if (!_end.IsCancellationRequested)
            {
                _failed.Enqueue($"{host}: {e.Message}");
            }
        }
        finally
        {
            Interlocked.Decrement(ref _open);
            Interlocked.Increment(ref _sent);
        }
    }
}
