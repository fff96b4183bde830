using System.Net;
using Fairlead.Sidecar.Translation;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Hosting;

/// <summary>
/// The sidecar's own request through the Envoy of its pod, before it is ready: the first request on demand in the life
/// of an Envoy asks for the collection and not for its own name, so that a user's would wait for nothing. It is over
/// when the Envoy has answered and has asked the sidecar for clusters on demand: an Envoy that answers by itself does
/// so for a host that no route of its own sends on demand, and a user's request would still be the first. Sent again
/// until then, for each host in turn. Thread-safe; run once.
/// </summary>
/// <param name="listener">Where the Envoy takes requests.</param>
/// <param name="hosts">What the Envoy may route on demand, as it is now, at least one: full names of services, which
/// need not be there. Looked at before each request.</param>
/// <param name="streams">The clients of the sidecar now.</param>
/// <param name="time">The clock.</param>
internal sealed class FirstRequest(
    IPEndPoint listener,
    Func<IReadOnlyList<string>> hosts,
    Func<IReadOnlyList<StreamStatus>> streams,
    TimeProvider time)
{
    // Longer than any filter holds a request.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile string? _unasked;

    /// <summary>Ends when the Envoy has asked on demand, and has answered.</summary>
    internal Task Answered => _answered.Task;

    /// <summary>What is awaited, for people; null where nothing is.</summary>
    internal string? Pending => Answered.IsCompletedSuccessfully ? null
        : _unasked is { } host ? $"envoy: {listener} answers {host} itself, and asks for nothing on demand"
        : $"envoy: no answer from {listener}";

    /// <summary>The host that is asked for in a segment, where the operator names none.</summary>
    internal static string HostIn(string segment) => $"first-request.fairlead.svc.{segment}";

    /// <summary>Whether a client asks for a collection of clusters, or for this host's cluster by itself, as newer
    /// Envoys do that have no collection.</summary>
    internal static bool IsAsked(IEnumerable<StreamStatus> streams, string host) => streams
        .SelectMany(static stream => stream.Types)
        .Where(static type => type.Type == ResourceType.Cluster)
        .SelectMany(static type => type.Names)
        .Any(name => Collections.Of(name) is not null
            || (ClusterNames.TryRead(name, out var asked, out _) && asked == host));

    /// <summary>Asks until it is over.</summary>
    /// <param name="cancellationToken">Ends the attempt, without an error.</param>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false, AllowAutoRedirect = false, ConnectTimeout = Patience, MaxResponseDrainSize = 0,
        });
        var turn = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            var now = hosts();
            var host = now[turn % now.Count];
            if (await AskAsync(http, host, cancellationToken).ConfigureAwait(false))
            {
                if (IsAsked(streams(), host))
                {
                    _answered.TrySetResult();
                    return;
                }

                _unasked = host;
                turn++;
            }

            await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> AskAsync(HttpMessageInvoker http, string host, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var late = new CancellationTokenSource(Patience, time);
        await using var either = late.Token.Register(end.Cancel).ConfigureAwait(false);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{listener}/") { Headers = { Host = host } };
        try
        {
            using var response = await http.SendAsync(request, end.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }
}
