using System.Text.Json.Nodes;

namespace Fairlead.Bench;

/// <summary>The admin pages of one sidecar or anchor. Thread-safe.</summary>
internal sealed class AdminPage(string address) : IDisposable
{
    private readonly HttpClient _http = new()
    {
        BaseAddress = new Uri($"http://{address}/"),
        Timeout = TimeSpan.FromSeconds(10),
    };

    public async Task<JsonArray> ListAsync(string path, CancellationToken cancellationToken) =>
        (await ReadAsync(path, cancellationToken)).AsArray();

    public async Task<JsonNode> ReadAsync(string path, CancellationToken cancellationToken) =>
        JsonNode.Parse(await _http.GetStringAsync(new Uri(path, UriKind.Relative), cancellationToken))!;

    /// <summary>Whether a page answers 200; false where nobody listens yet.</summary>
    public async Task<bool> IsOkAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public void Dispose() => _http.Dispose();
}
