using System.Globalization;
using System.Net;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// What is seen of a name from outside of the sidecar: by the proxy, by DNS, by calls of gRPC that somebody makes, and
/// by Envoy where there is one. Each is asked again and again by itself. Used by one check at a time.
/// </summary>
internal sealed class Surfaces(DemoWorld world, string name, GrpcWatch? calls) : IDisposable
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(10);

    private readonly HttpClient _client = ProxyCheck.Client();

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

    /// <summary>Asks all of them until each says what is expected.</summary>
    internal IReadOnlyList<Watched> Watch(Expected expected, CancellationToken cancellationToken)
    {
        List<Watched> watched =
        [
            new("proxy", UntilAsync(
                () => StatusAsync(IPEndPoint.Parse(world.ProxyAddress), cancellationToken),
                expected.Proxy, cancellationToken)),
            new("DNS", UntilAsync(() => DnsAsync(cancellationToken), expected.Dns, cancellationToken)),
        ];
        if (calls is not null)
        {
            watched.Add(new("gRPC", CallsAsync(expected.Grpc, cancellationToken)));
        }

        if (EnvoyMissing.IsThere(world))
        {
            watched.Add(new("Envoy", UntilAsync(
                () => StatusAsync(world.EnvoyListener, cancellationToken), expected.Envoy, cancellationToken)));
        }

        return watched;
    }

    /// <summary>Waits until the calls of gRPC, where somebody makes them, end as expected.</summary>
    internal Task<(string What, long At)> CallsAsync(string[] expected, CancellationToken cancellationToken) =>
        calls is null
            ? Task.FromResult(("", world.Time.GetTimestamp()))
            : UntilAsync(() => Task.FromResult(calls.Last()), expected, cancellationToken);

    /// <summary>What all of them said, and when, counted from a moment; what was said before it counts as said
    /// then.</summary>
    internal async Task<IReadOnlyList<Seen>> SeenAsync(IReadOnlyList<Watched> watched, long from)
    {
        var seen = new List<Seen>();
        foreach (var (where, answered) in watched)
        {
            var (what, at) = await answered.ConfigureAwait(false);
            var elapsed = world.Time.GetElapsedTime(from, at).TotalMilliseconds;
            seen.Add(new Seen(where, what, Math.Max(0, elapsed)));
        }

        return seen;
    }

    /// <summary>Checks that all of them said it in time.</summary>
    /// <exception cref="CheckFailedException">One did not.</exception>
    internal static void Within(TimeSpan bound, IEnumerable<Seen> seen)
    {
        var most = bound.TotalMilliseconds;
        var late = seen.Where(one => one.Milliseconds > most).Select(one => one.Text).ToList();
        Check.That(late.Count == 0, $"later than {most:0} ms: {string.Join(", ", late)}");
    }

    public void Dispose() => _client.Dispose();

    private async Task<string> StatusAsync(IPEndPoint at, CancellationToken cancellationToken)
    {
        using var response = await ProxyCheck.SendAsync(_client, at, name, cancellationToken).ConfigureAwait(false);
        return ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
    }

    private async Task<string> DnsAsync(CancellationToken cancellationToken) =>
        (await DnsQuestion.AskByItselfAsync(IPEndPoint.Parse(world.DnsAddress), name, cancellationToken)
            .ConfigureAwait(false)).Status;

    private async Task<(string What, long At)> UntilAsync(
        Func<Task<string>> ask, string[] expected, CancellationToken cancellationToken)
    {
        while (true)
        {
            var said = await ask().ConfigureAwait(false);
            if (expected.Contains(said))
            {
                return (said, world.Time.GetTimestamp());
            }

            await Task.Delay(AskAgain, world.Time, cancellationToken).ConfigureAwait(false);
        }
    }
}
