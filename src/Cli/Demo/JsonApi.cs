using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo;

/// <summary>Reads JSON pages of a local admin port (the sidecar's, Envoy's). Thread-safe.</summary>
internal sealed class JsonApi(string address, TimeProvider time) : IDisposable
{
    private readonly HttpClient _client = new()
    {
        BaseAddress = new Uri($"http://{address}/"),
        Timeout = TimeSpan.FromSeconds(30),
        MaxResponseContentBufferSize = 64 * 1024 * 1024,
    };

    /// <summary>One page.</summary>
    /// <exception cref="HttpRequestException">It cannot be had.</exception>
    internal async Task<JsonNode> GetAsync(string path, CancellationToken cancellationToken)
    {
        var text = await _client.GetStringAsync(new Uri(path, UriKind.Relative), cancellationToken)
            .ConfigureAwait(false);
        return JsonNode.Parse(text) ?? throw new JsonException("the page is null");
    }

    /// <summary>The status of a page; 0 where nobody answers yet.</summary>
    internal async Task<int> TryStatusAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _client.GetAsync(new Uri(path, UriKind.Relative), cancellationToken)
                .ConfigureAwait(false);
            return (int)response.StatusCode;
        }
        catch (Exception e) when (IsSilence(e, cancellationToken))
        {
            return 0;
        }
    }

    /// <summary>Asks for a page again and again until it fits; the caller's token bounds the wait.</summary>
    internal async Task<JsonNode> WaitForAsync(
        string path, Func<JsonNode, bool> fits, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                var page = await GetAsync(path, cancellationToken).ConfigureAwait(false);
                if (fits(page))
                {
                    return page;
                }
            }
            catch (Exception e) when (IsSilence(e, cancellationToken))
            {
                // Not listening yet, or not any more for a moment, or too busy to answer within the client's patience.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), time, cancellationToken).ConfigureAwait(false);
        }
    }

    public void Dispose() => _client.Dispose();

    private static bool IsSilence(Exception e, CancellationToken cancellationToken) =>
        e is HttpRequestException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested);
}
