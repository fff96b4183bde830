using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Fairlead.TestKit.Processes;

/// <summary>
/// A real Envoy with one HTTP listener on a free port, fed over xDS of any variant from a unix socket: clusters by
/// wildcard, further listeners too where it is told to, the route configuration <c>fairlead</c> by name.
/// </summary>
public sealed class EnvoyProcess : IAsyncDisposable
{
    private const string ConnectionManager = "type.googleapis.com/"
        + "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    private readonly HttpClient _http = new() { Timeout = Bound };
    private readonly string _folder;
    private readonly ChildProcess _process;
    private string _admin = "";
    private string _listener = "";

    private EnvoyProcess(string folder, ChildProcess process)
    {
        _folder = folder;
        _process = process;
    }

    /// <summary>Where its listeners are that have a port, in the order of its bootstrap.</summary>
    public IReadOnlyList<IPEndPoint> Listeners { get; private set; } = [];

    /// <summary>The process id.</summary>
    public int Id => _process.Id;

    /// <summary>Starts it and waits until its admin page answers; the xDS server need not be there.</summary>
    /// <param name="program">The binary.</param>
    /// <param name="xdsSocket">The path of the xDS server's unix socket.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="isDelta">Whether it asks by the delta variant.</param>
    /// <param name="isPerType">Whether each type has a stream of its own.</param>
    /// <param name="listeners">Further listeners, as YAML that is indented by four.</param>
    /// <param name="hasListeners">Whether it takes listeners by xDS too, by wildcard.</param>
    public static Task<EnvoyProcess> StartAsync(
        string program,
        string xdsSocket,
        CancellationToken cancellationToken,
        bool isDelta = false,
        bool isPerType = false,
        string listeners = "",
        bool hasListeners = false) =>
        StartWithAsync(
            program, Bootstrap(xdsSocket, isDelta, isPerType, listeners, hasListeners), cancellationToken);

    /// <summary>Starts one with a bootstrap of its own, whose first listener speaks HTTP, and waits until its admin
    /// page answers.</summary>
    /// <param name="program">The binary.</param>
    /// <param name="bootstrap">The bootstrap, as YAML.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<EnvoyProcess> StartWithAsync(
        string program, string bootstrap, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("fairlead-envoy-").FullName;
        var file = Path.Combine(folder, "bootstrap.yaml");
        var adminFile = Path.Combine(folder, "admin");
        await File.WriteAllTextAsync(file, bootstrap, cancellationToken);
        var process = ChildProcess.Start(
            program,
            [
                "-c", file, "--admin-address-path", adminFile, "--use-dynamic-base-id",
                "--concurrency", "1", "-l", "warn",
            ]);
        var envoy = new EnvoyProcess(folder, process);
        try
        {
            await envoy.WaitAsync(adminFile, cancellationToken);
        }
        catch
        {
            await envoy.DisposeAsync();
            throw;
        }

        return envoy;
    }

    /// <summary>A request through the listener: the status and the body.</summary>
    public async Task<(HttpStatusCode Status, string Body)> GetAsync(string host, CancellationToken cancellationToken)
    {
        var (status, body, _) = await GetWithHeadersAsync(host, cancellationToken);
        return (status, body);
    }

    /// <summary>A request through a listener that came later, on a connection of its own: the status and the
    /// body.</summary>
    public async Task<(HttpStatusCode Status, string Body)> GetAtAsync(
        IPEndPoint listener, string host, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{listener}/");
        (request.Headers.Host, request.Headers.ConnectionClose) = (host, true);
        using var response = await _http.SendAsync(request, cancellationToken);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken));
    }

    /// <summary>Where the listener of a name is; null where it is not in use.</summary>
    public async Task<IPEndPoint?> FindListenerAsync(string name, CancellationToken cancellationToken) =>
        (await ListenersAsync(cancellationToken)).Find(one => one.Name == name).Address;

    /// <summary>A request through the listener: the status, the body and the headers.</summary>
    public async Task<(HttpStatusCode Status, string Body, Dictionary<string, string> Headers)> GetWithHeadersAsync(
        string host, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{_listener}/");
        request.Headers.Host = host;
        using var response = await _http.SendAsync(request, cancellationToken);
        return (
            response.StatusCode,
            await response.Content.ReadAsStringAsync(cancellationToken),
            response.Headers.ToDictionary(
                one => one.Key, one => string.Join(',', one.Value), StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>A page of the admin interface.</summary>
    public Task<string> AdminAsync(string path, CancellationToken cancellationToken)
    {
        return _http.GetStringAsync($"http://{_admin}{path}", cancellationToken);
    }

    /// <summary>A counter or gauge by its full name; 0 where there is none.</summary>
    public async Task<long> StatAsync(string name, CancellationToken cancellationToken) =>
        await FindStatAsync(name, cancellationToken) ?? 0;

    /// <summary>A counter or gauge that must be there: 0 is said of what was counted, not of a name that is wrong.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is none of that name.</exception>
    public async Task<long> KnownStatAsync(string name, CancellationToken cancellationToken) =>
        await FindStatAsync(name, cancellationToken)
        ?? throw new InvalidOperationException($"Envoy has no statistic {name}");

    private async Task<long?> FindStatAsync(string name, CancellationToken cancellationToken)
    {
        var page = await AdminAsync("/stats?filter=^" + Uri.EscapeDataString(name) + "$", cancellationToken);
        var value = page.Trim().Split(": ");
        return value.Length == 2 ? long.Parse(value[1], System.Globalization.CultureInfo.InvariantCulture) : null;
    }

    /// <summary>The endpoints that a cluster has now, each with its health flags: <c>healthy</c> for none. Not by
    /// the statistics: clusters may share them, and those of a cluster that takes the place of another stay as they
    /// were while it has no endpoint.</summary>
    public async Task<IReadOnlyList<(string Address, string Health)>> EndpointsAsync(
        string cluster, CancellationToken cancellationToken)
    {
        const string Flags = "::health_flags::";
        var page = await AdminAsync("/clusters", cancellationToken);
        return
        [
            .. page.Split('\n')
                .Where(line => line.StartsWith(cluster + "::", StringComparison.Ordinal) && line.Contains(Flags))
                .Select(line => line[(cluster.Length + 2)..].Split(Flags))
                .Select(parts => (parts[0], parts[1])),
        ];
    }

    /// <summary>Ends it at once.</summary>
    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task WaitAsync(string adminFile, CancellationToken cancellationToken)
    {
        await Eventually.HoldsAsync(
            () => Task.FromResult(_process.HasExited || AdminIsWritten(adminFile)), x => x, Bound, cancellationToken);
        if (_process.HasExited)
        {
            throw new InvalidOperationException("Envoy ended:\n" + _process.Errors);
        }

        _admin = (await File.ReadAllTextAsync(adminFile, cancellationToken)).Trim();
        var listeners = await Eventually.HoldsAsync(
            () => ListenersAsync(cancellationToken), all => all.Count > 0, Bound, cancellationToken);
        Listeners = [.. listeners.Select(one => one.Address)];
        _listener = $"{Listeners[0]}";
    }

    // Those that have a port.
    private async Task<List<(string Name, IPEndPoint Address)>> ListenersAsync(CancellationToken cancellationToken)
    {
        var page = await _http.GetFromJsonAsync<JsonElement>(
            $"http://{_admin}/listeners?format=json", cancellationToken);
        return page.TryGetProperty("listener_statuses", out var all)
            ?
            [
                .. from status in all.EnumerateArray()
                   let address = status.GetProperty("local_address")
                   where address.TryGetProperty("socket_address", out _)
                   select (
                       status.GetProperty("name").GetString()!,
                       new IPEndPoint(
                           IPAddress.Loopback,
                           address.GetProperty("socket_address").GetProperty("port_value").GetInt32())),
            ]
            : [];
    }

    private static bool AdminIsWritten(string file) => File.Exists(file) && new FileInfo(file).Length > 0;

    private static string Bootstrap(
        string xdsSocket, bool isDelta, bool isPerType, string listeners, bool hasListeners)
    {
        var source = $"api_type: {(isDelta ? "DELTA_GRPC" : "GRPC")}, transport_api_version: V3, "
            + "set_node_on_first_message_only: true, grpc_services: [{ envoy_grpc: { cluster_name: xds, "
            + "retry_policy: { retry_back_off: { base_interval: 0.1s, max_interval: 1s } } } }]";
        var typed = isPerType ? $"{{ api_config_source: {{ {source} }}, resource_api_version: V3 }}"
            : "{ ads: {}, resource_api_version: V3 }";
        var aggregated = isPerType ? "" : $"ads_config: {{ {source} }}";
        return $$"""
            node: { id: shop/frontend, cluster: test }
            admin: { address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }
            dynamic_resources:
              {{aggregated}}
              cds_config: {{typed}}
              {{(hasListeners ? "lds_config: " + typed : "")}}
            static_resources:
              listeners:
                - name: outbound
                  address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
                  filter_chains:
                    - filters:
                        - name: hcm
                          typed_config:
                            "@type": {{ConnectionManager}}
                            stat_prefix: outbound
                            rds: { route_config_name: fairlead, config_source: {{typed}} }
                            http_filters:
                              - name: router
                                typed_config:
                                  "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
            {{listeners}}
              clusters:
                - name: xds
                  type: STATIC
                  connect_timeout: 1s
                  circuit_breakers: { thresholds: [{ max_requests: 100000 }] }
                  typed_extension_protocol_options:
                    envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                      "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                      explicit_http_config: { http2_protocol_options: {} }
                  load_assignment:
                    cluster_name: xds
                    endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: "{{xdsSocket}}" } } } }] }]
            """;
    }
}
