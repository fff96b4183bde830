using System.Net;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// A pod without an Envoy: requests through the sidecar's HTTP proxy reach every endpoint of checkout, and a name that
/// is proven absent is 404 with that reason.
/// </summary>
internal sealed class ProxyCheck(DemoWorld world)
{
    private const int RequestsMin = 20;
    private const int RequestsMax = 1_000;

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        using var client = Client();
        var proxy = IPEndPoint.Parse(world.ProxyAddress);
        var expected = Endpoints(world);
        var seen = new HashSet<string>();
        for (var i = 0; i < RequestsMin || (seen.Count < expected.Count && i < RequestsMax); i++)
        {
            seen.Add(await GetAsync(client, proxy, expected, cancellationToken).ConfigureAwait(false));
        }

        Check.Equal(expected.Count, seen.Count, "endpoints that answered");
        using var absent = await SendSettledAsync(client, proxy, DemoWorld.Nobody, cancellationToken)
            .ConfigureAwait(false);
        Check.Equal(404, (int)absent.StatusCode, $"the status for {DemoWorld.Nobody}");
        Check.Equal("absent", ReasonOf(absent), "the header fairlead-reason");
        return $"answered by {string.Join(" and ", seen.Order(StringComparer.Ordinal))}; "
            + $"{DemoWorld.Nobody.Split('.')[0]}: 404, fairlead-reason: absent";
    }

    internal static HttpClient Client() => new(new SocketsHttpHandler { UseProxy = false })
    {
        Timeout = TimeSpan.FromSeconds(60),
    };

    /// <summary>Where the endpoints of checkout listen.</summary>
    internal static HashSet<string> Endpoints(DemoWorld world) =>
    [
        .. ManifestEndpoints.Read(world.Peer.Manifests)
            .Where(endpoint => endpoint.Service == "checkout").Select(endpoint => endpoint.Address.ToString()),
    ];

    /// <summary>One request for checkout, which must reach one of its endpoints.</summary>
    /// <returns>Which one.</returns>
    internal static async Task<string> GetAsync(
        HttpClient client, IPEndPoint at, HashSet<string> expected, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(client, at, DemoWorld.Checkout, cancellationToken).ConfigureAwait(false);
        var body = (await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false)).Trim();
        Check.That(response.StatusCode == HttpStatusCode.OK, $"a request at {at}: {(int)response.StatusCode} {body}");
        Check.That(expected.Contains(body), $"{body} is none of checkout's endpoints");
        return body;
    }

    /// <summary>One request, sent again while its name is not resolved in the time that a request waits for that: a
    /// first traversal may take longer.</summary>
    internal static async Task<HttpResponseMessage> SendSettledAsync(
        HttpClient client, IPEndPoint at, string host, CancellationToken cancellationToken)
    {
        while (true)
        {
            var response = await SendAsync(client, at, host, cancellationToken).ConfigureAwait(false);
            if (ReasonOf(response) != "pending")
            {
                return response;
            }

            response.Dispose();
        }
    }

    /// <summary>One request.</summary>
    internal static async Task<HttpResponseMessage> SendAsync(
        HttpClient client, IPEndPoint at, string host, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{at}/");
        request.Headers.Host = host;
        return await client.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private static string ReasonOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("fairlead-reason", out var values) ? string.Join(',', values) : "none";
}
