using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Fairlead.Identities;
using Fairlead.Sidecar.Hosting;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Tests.OnDemand;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;

namespace Fairlead.Sidecar.Tests.Life;

/// <summary>
/// An Envoy as the east-west gateway of a mesh of Istio, set up as istiod sets one up (AUTO_PASSTHROUGH): it passes TLS
/// on by server name and application protocol, knows nothing else, and ends every other connection. Behind it the
/// workload's own Envoy takes mutual TLS alone. Our Envoy reaches it by what the sidecar serves.
/// </summary>
public sealed class GatewayTests
{
    private const string Secure = OnDemandWorld.Secure;
    private const string Server = "spiffe://us1.example/ns/shop/sa/secure";
    private const string Pod = "spiffe://eu1.example/ns/shop/sa/frontend";
    private const string Filters = "type.googleapis.com/envoy.extensions.filters";

    // Each port of the service, what it speaks, and the one protocol that its chain of the gateway takes.
    private static readonly (int Port, string Protocol, string Alpn)[] Ports =
        [(80, "http", "istio-http/1.1"), (81, "http2", "istio-h2"), (82, "tcp", "istio")];

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly CertificateAuthority Us1 = new("us1.example", TimeProvider.System.GetUtcNow());
    private static readonly CertificateAuthority Eu1 = new("eu1.example", TimeProvider.System.GetUtcNow());

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public Task NewestEnvoy_ReachesAServiceBehindAGatewayOfIstio() => RunAsync(isOldest: false);

    [Fact(Explicit = true)]
    public Task OldestEnvoy_ReachesAServiceBehindAGatewayOfIstio() => RunAsync(isOldest: true);

    private static async Task RunAsync(bool isOldest)
    {
        var program = isOldest ? EnvoyBinary.Oldest : EnvoyBinary.Path;
        Assert.SkipWhen(program is null, isOldest ? EnvoyBinary.OldestReason : EnvoyBinary.Reason);
        using var workload = new SvidFolder();
        workload.Write(Us1.Sign([Server]), Eu1);
        await using var gateway = await EnvoyProcess.StartWithAsync(
            program!, Gateway(workload.Paths), Cancellation);
        foreach (var isIstio in new[] { true, false })
        {
            await using var sidecar = new ScriptedSidecar(
                new OnDemandOptions { Clusters = new ClusterSettings { AreGatewaysIstio = isIstio } }, Secure);
            using var svid = new SvidFolder();
            svid.Write(Eu1.Sign([Pod]), Eu1);
            var secret = Path.Combine(sidecar.Folder, "svid.json");
            await File.WriteAllBytesAsync(secret, SvidSecret.Content(svid.Paths), Cancellation);
            sidecar.Publish(Named(gateway.Listeners[0].Port, secret));
            await sidecar.StartAsync();
            await using var envoy = await EnvoyProcess.StartAsync(
                program!, sidecar.Socket, Cancellation, isDelta: true, listeners: Tcp);
            await CheckAsync(envoy, gateway, isIstio);
        }
    }

    // Whoever is no client of Istio's finds no chain: the gateway ends the connection without a word.
    private static async Task CheckAsync(EnvoyProcess envoy, EnvoyProcess gateway, bool isIstio)
    {
        foreach (var (port, protocol, _) in Ports)
        {
            Task<long> Seen() => gateway.KnownStatAsync(
                isIstio ? $"tcp.chain{port}.downstream_cx_total" : "listener.gateway.no_filter_chain_match",
                Cancellation);
            var before = await Seen();
            await Eventually.HoldsAsync(
                () => AskAsync(envoy, port, protocol),
                reply => isIstio ? reply == (200, $"port {port}") : reply.Status is 503 or -1, Patience, Cancellation);
            await Eventually.HoldsAsync(Seen, now => now > before, Patience, Cancellation);
        }
    }

    private static async Task<(int Status, string Body)> AskAsync(EnvoyProcess envoy, int port, string protocol)
    {
        if (protocol != "tcp")
        {
            return await GetAsync(envoy, $"{Secure}:{port}");
        }

        // -1: it was ended without an answer.
        using var client = new TcpClient();
        await client.ConnectAsync(envoy.Listeners[1], Cancellation);
        var stream = client.GetStream();
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Cancellation);
            var (answer, buffer) = ("", new byte[4_096]);
            while (!answer.Contains("\r\n\r\nport", StringComparison.Ordinal))
            {
                var read = await stream.ReadAsync(buffer, Cancellation).AsTask().WaitAsync(Patience, Cancellation);
                if (read == 0)
                {
                    return (-1, answer);
                }

                answer += Encoding.ASCII.GetString(buffer, 0, read);
            }

            return (int.Parse(answer.Split(' ')[1], CultureInfo.InvariantCulture), answer.Split("\r\n\r\n")[1]);
        }
        catch (IOException e)
        {
            return (-1, e.Message);
        }
    }

    // It does not listen before it has its clusters.
    private static async Task<(int Status, string Body)> GetAsync(EnvoyProcess envoy, string host)
    {
        try
        {
            var (status, body) = await envoy.GetAsync(host, Cancellation);
            return ((int)status, body);
        }
        catch (HttpRequestException e)
        {
            return (0, e.Message);
        }
    }

    private static ServedName Named(int gateway, string secret)
    {
        var peer = new TlsPeer(
            "peer", [Server], new Dictionary<string, string>
            {
                ["us1.example"] = Us1.Certificate.ExportCertificatePem() + "\n",
            }.ToImmutableSortedDictionary(StringComparer.Ordinal), Secure)
        {
            IsGateway = true,
        };
        return OnDemandWorld.Named(Secure) with
        {
            Ports = [.. Ports.Select(one => new ServedPort(one.Protocol, one.Port, one.Protocol))],
            Endpoints =
            [
                new ServedEndpoint(
                    "127.0.0.1", [gateway, gateway, gateway], "us1", "a", 1, ServedHealth.Healthy) { Peer = peer.Id },
            ],
            Tls = new ServedTls([peer], new ClientTls(secret, null)),
        };
    }

    private static string Gateway(SpiffePaths paths) => $$"""
        admin: { address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }
        bootstrap_extensions:
          - name: envoy.bootstrap.internal_listener
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener
        static_resources:
          listeners:
            - name: gateway
              stat_prefix: gateway
              address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
              listener_filters:
                - name: envoy.filters.listener.tls_inspector
                  typed_config: { "@type": {{Filters}}.listener.tls_inspector.v3.TlsInspector }
              filter_chains:
        {{string.Concat(Ports.Select(one => Chain(one.Port, one.Alpn)))}}
        {{string.Concat(Ports.Select(one => Workload(one.Port, one.Protocol, one.Alpn, paths)))}}
          clusters:
        {{string.Concat(Ports.Select(one => Cluster(one.Port)))}}
        """;

    private static string Chain(int port, string alpn) => string.Create(CultureInfo.InvariantCulture, $$"""

                - filter_chain_match:
                    server_names: ["outbound_.{{port}}_._.secure.shop.svc.cluster.local"]
                    application_protocols: ["{{alpn}}"]
                  filters:
                    - name: tcp
                      typed_config:
                        "@type": {{Filters}}.network.tcp_proxy.v3.TcpProxy
                        stat_prefix: chain{{port}}
                        cluster: workload{{port}}
        """);

    private static string Workload(int port, string protocol, string alpn, SpiffePaths paths) =>
        string.Create(CultureInfo.InvariantCulture, $$"""

            - name: workload{{port}}
              internal_listener: {}
              filter_chains:
                - transport_socket:
                    name: tls
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
                      require_client_certificate: true
                      common_tls_context:
                        alpn_protocols: ["{{alpn}}"]
                        tls_certificates:
                          - certificate_chain: { filename: "{{paths.Certificate}}" }
                            private_key: { filename: "{{paths.Key}}" }
                        validation_context: { trusted_ca: { filename: "{{paths.Bundle}}" } }
                  filters:
                    - name: hcm
                      typed_config:
                        "@type": {{Filters}}.network.http_connection_manager.v3.HttpConnectionManager
                        stat_prefix: workload{{port}}
                        codec_type: {{(protocol == "http2" ? "HTTP2" : "HTTP1")}}
                        route_config:
                          virtual_hosts:
                            - name: all
                              domains: ["*"]
                              routes:
                                - match: { prefix: "" }
                                  direct_response: { status: 200, body: { inline_string: "port {{port}}" } }
                        http_filters:
                          - name: router
                            typed_config: { "@type": {{Filters}}.http.router.v3.Router }
        """);

    private static string Cluster(int port) => string.Create(CultureInfo.InvariantCulture, $$"""

            - name: workload{{port}}
              type: STATIC
              load_assignment:
                cluster_name: workload{{port}}
                endpoints:
                  - lb_endpoints:
                      - endpoint:
                          address: { envoy_internal_address: { server_listener_name: workload{{port}} } }
        """);

    private static string Tcp => $$"""

            - name: tcp
              address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
              filter_chains:
                - filters:
                    - name: tcp
                      typed_config:
                        "@type": {{Filters}}.network.tcp_proxy.v3.TcpProxy
                        stat_prefix: tcp
                        cluster: "{{Secure}}:82"
        """;
}
