using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Fairlead.TestKit.Processes;

namespace Fairlead.Bench;

/// <summary>
/// A real Envoy with one listener and a static cluster that balances as the proxy does, by the less busy of two. It has
/// as many worker threads as there are processors.
/// </summary>
internal sealed class PlainEnvoy : IAsyncDisposable
{
    private const string ConnectionManager = "type.googleapis.com/"
        + "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ScratchFolder _folder;
    private readonly ChildProcess _process;

    private PlainEnvoy(ScratchFolder folder, ChildProcess process)
    {
        _folder = folder;
        _process = process;
    }

    /// <summary>Why there is none.</summary>
    public static string Reason => EnvoyBinary.Reason;

    /// <summary>Its process.</summary>
    public int Id => _process.Id;

    /// <summary>Where it listens.</summary>
    public string Listener { get; private set; } = "";

    /// <summary>Which one it is.</summary>
    public string Version { get; private set; } = "";

    /// <summary>Starts it; null where this machine has none.</summary>
    /// <param name="ports">Where the endpoints are, on 127.0.0.1.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<PlainEnvoy?> StartAsync(IEnumerable<int> ports, CancellationToken cancellationToken)
    {
        if (EnvoyBinary.Path is not { } program)
        {
            return null;
        }

        var folder = new ScratchFolder();
        var (bootstrap, admin) = (folder.File("envoy.yaml"), folder.File("admin"));
        await File.WriteAllTextAsync(bootstrap, Bootstrap(ports), cancellationToken);
        var process = ChildProcess.Start(
            program, ["-c", bootstrap, "--admin-address-path", admin, "--use-dynamic-base-id", "-l", "warn"]);
        var envoy = new PlainEnvoy(folder, process);
        try
        {
            await envoy.WaitAsync(admin, cancellationToken);
            return envoy;
        }
        catch
        {
            await envoy.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    private async Task WaitAsync(string admin, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { Timeout = Patience };
        var page = await Eventually.HoldsAsync(
            async () =>
            {
                if (_process.HasExited)
                {
                    throw new InvalidOperationException($"Envoy ended: {_process.Errors}");
                }

                return File.Exists(admin) && await File.ReadAllTextAsync(admin, cancellationToken) is { Length: > 0 } at
                    ? await http.GetFromJsonAsync<JsonElement>($"http://{at}/listeners?format=json", cancellationToken)
                    : default;
            },
            page => page.ValueKind == JsonValueKind.Object && page.TryGetProperty("listener_statuses", out _),
            Patience,
            cancellationToken);
        var address = page.GetProperty("listener_statuses")[0].GetProperty("local_address")
            .GetProperty("socket_address");
        Listener = string.Create(
            CultureInfo.InvariantCulture, $"127.0.0.1:{address.GetProperty("port_value").GetInt32()}");
        var at = await File.ReadAllTextAsync(admin, cancellationToken);
        var info = await http.GetFromJsonAsync<JsonElement>($"http://{at}/server_info", cancellationToken);
        Version = info.GetProperty("version").GetString()!.Split('/')[1];
    }

    private static string Bootstrap(IEnumerable<int> ports)
    {
        var endpoints = string.Join(", ", ports.Select(port => string.Create(
            CultureInfo.InvariantCulture,
            $"{{ endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }} }} }}")));
        return $$"""
            admin: { address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }
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
                            route_config:
                              virtual_hosts:
                                - name: all
                                  domains: ["*"]
                                  routes: [{ match: { prefix: "/" }, route: { cluster: all } }]
                            http_filters:
                              - name: router
                                typed_config:
                                  "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
              clusters:
                - name: all
                  type: STATIC
                  connect_timeout: 1s
                  lb_policy: LEAST_REQUEST
                  load_assignment:
                    cluster_name: all
                    endpoints: [{ lb_endpoints: [{{endpoints}}] }]
            """;
    }
}
