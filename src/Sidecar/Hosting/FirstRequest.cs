using System.Net;

namespace Fairlead.Sidecar.Hosting;

/// <summary>
/// The sidecar's own request through the Envoy of its pod, before it is ready: the first request on demand in the life
/// of an Envoy asks for the collection and not for its own name, so that a user's would wait for nothing. Any answer
/// ends it. Sent again until there is one. Thread-safe; run once.
/// </summary>
/// <param name="listener">Where the Envoy takes requests.</param>
/// <param name="home">The home segment's name: the host that is asked for is a service of it that there is not.</param>
/// <param name="time">The clock.</param>
internal sealed class FirstRequest(IPEndPoint listener, string home, TimeProvider time)
{
    // Longer than any filter holds a request.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the Envoy has answered.</summary>
    internal Task Answered => _answered.Task;

    /// <summary>What is awaited, for people; null where nothing is.</summary>
    internal string? Pending => Answered.IsCompletedSuccessfully ? null : $"envoy: no answer from {listener}";

    /// <summary>The host that is asked for.</summary>
    internal string Host => $"first-request.fairlead.svc.{home}";

    /// <summary>Asks until there is an answer.</summary>
    /// <param name="cancellationToken">Ends the attempt, without an error.</param>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false, AllowAutoRedirect = false, ConnectTimeout = Patience, MaxResponseDrainSize = 0,
        });
        while (!cancellationToken.IsCancellationRequested)
        {
            if (await AskAsync(http, cancellationToken).ConfigureAwait(false))
            {
                _answered.TrySetResult();
                return;
            }

            await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> AskAsync(HttpMessageInvoker http, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var late = new CancellationTokenSource(Patience, time);
        await using var either = late.Token.Register(end.Cancel).ConfigureAwait(false);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{listener}/") { Headers = { Host = Host } };
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
