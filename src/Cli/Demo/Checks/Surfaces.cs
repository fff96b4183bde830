using System.Globalization;
using System.Net;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// What is seen of a name from outside of the sidecar: by the proxy, by DNS, and by calls of gRPC and by Envoy where
/// there is a program for that. Each is asked again and again by itself. Used by one check at a time.
/// </summary>
internal sealed class Surfaces : IAsyncDisposable
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(10);

    private readonly HttpClient _client = ProxyCheck.Client();
    private readonly DemoWorld _world;
    private readonly string _name;
    private readonly GrpcWatch? _calls;

    private Surfaces(DemoWorld world, string name, GrpcWatch? calls) => (_world, _name, _calls) = (world, name, calls);

    /// <summary>What is not looked at here for want of a program, to be added to a report.</summary>
    internal string Missing => _calls is null ? "\nwithout gRPC: no python3 with grpc" : "";

    /// <summary>What each is to say: any one of its words.</summary>
    internal sealed record Expected(string[] Proxy, string[] Envoy, string[] Dns, string[] Grpc)
    {
        /// <summary>A denial. Which an Envoy has first, the route that says 403 or the empty cluster, is its own
        /// affair: both end the name.</summary>
        internal static Expected Denied { get; } =
            new(["403"], ["403", "503"], ["REFUSED"], ["UNAVAILABLE", "PERMISSION_DENIED"]);
    }

    /// <summary>What one of them said of what was expected, and how long after a moment it did first.</summary>
    internal sealed record Seen(string Where, string What, double Milliseconds)
    {
        internal string Text => string.Create(CultureInfo.InvariantCulture, $"{Where} {What} at {Milliseconds:0} ms");
    }

    /// <summary>One of them, and what it will have said, with the timestamp of the clock.</summary>
    internal sealed record Watched(string Where, Task<(string What, long At)> Answered);

    /// <summary>Begins to call a service over gRPC, where there is a client for that.</summary>
    /// <param name="world">The world.</param>
    /// <param name="name">The name that is looked at in the other ways.</param>
    /// <param name="called">The name that is called.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static async Task<Surfaces> OpenAsync(
        DemoWorld world, string name, string called, CancellationToken cancellationToken) =>
        new(world, name, await new GrpcClient(world).WatchAsync("xds:///" + called, cancellationToken)
            .ConfigureAwait(false));

    /// <summary>Asks all of them until each says what is expected, or, where that is over, anything else.</summary>
    internal IReadOnlyList<Watched> Watch(
        Expected expected, CancellationToken cancellationToken, bool isOver = false)
    {
        List<Watched> watched =
        [
            new("proxy", UntilAsync(
                () => StatusAsync(IPEndPoint.Parse(_world.ProxyAddress), cancellationToken),
                expected.Proxy, cancellationToken, isOver)),
            new("DNS", UntilAsync(() => DnsAsync(cancellationToken), expected.Dns, cancellationToken, isOver)),
        ];
        if (_calls is not null)
        {
            watched.Add(new("gRPC", CallsAsync(expected.Grpc, cancellationToken, isOver)));
        }

        if (EnvoyMissing.IsThere(_world))
        {
            watched.Add(new("Envoy", UntilAsync(
                () => StatusAsync(_world.EnvoyListener, cancellationToken), expected.Envoy, cancellationToken,
                isOver)));
        }

        return watched;
    }

    /// <summary>Waits until the calls of gRPC, where somebody makes them, end as expected.</summary>
    internal Task<(string What, long At)> CallsAsync(
        string[] expected, CancellationToken cancellationToken, bool isOver = false) =>
        _calls is null
            ? Task.FromResult(("", _world.Time.GetTimestamp()))
            : UntilAsync(() => Task.FromResult(_calls.Last()), expected, cancellationToken, isOver);

    /// <summary>What all of them said, and when, counted from a moment; what was said before it counts as said
    /// then.</summary>
    internal async Task<IReadOnlyList<Seen>> SeenAsync(IReadOnlyList<Watched> watched, long from)
    {
        var seen = new List<Seen>();
        foreach (var (where, answered) in watched)
        {
            var (what, at) = await answered.ConfigureAwait(false);
            var elapsed = _world.Time.GetElapsedTime(from, at).TotalMilliseconds;
            seen.Add(new Seen(where, what, Math.Max(0, elapsed)));
        }

        return seen;
    }

    /// <summary>Whether all of them said it in time.</summary>
    internal static bool AreWithin(TimeSpan bound, IEnumerable<Seen> seen) =>
        seen.All(one => one.Milliseconds <= bound.TotalMilliseconds);

    /// <summary>What all of them said, for a report.</summary>
    internal static string TextOf(IEnumerable<Seen> seen) => string.Join(", ", seen.Select(one => one.Text));

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (_calls is not null)
        {
            await _calls.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task<string> StatusAsync(IPEndPoint at, CancellationToken cancellationToken)
    {
        using var response = await ProxyCheck.SendAsync(_client, at, _name, cancellationToken).ConfigureAwait(false);
        return ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
    }

    private async Task<string> DnsAsync(CancellationToken cancellationToken) =>
        (await DnsQuestion.AskByItselfAsync(IPEndPoint.Parse(_world.DnsAddress), _name, cancellationToken)
            .ConfigureAwait(false)).Status;

    private async Task<(string What, long At)> UntilAsync(
        Func<Task<string>> ask, string[] expected, CancellationToken cancellationToken, bool isOver = false)
    {
        while (true)
        {
            var said = await ask().ConfigureAwait(false);
            if (expected.Contains(said) != isOver)
            {
                return (said, _world.Time.GetTimestamp());
            }

            await Task.Delay(AskAgain, _world.Time, cancellationToken).ConfigureAwait(false);
        }
    }
}
