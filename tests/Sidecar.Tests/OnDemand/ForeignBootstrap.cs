using System.Globalization;
using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.Sidecar.Translation;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Sidecar.Tests.OnDemand;

/// <summary>
/// An Envoy that belongs to another control plane and asks Fairlead for what that one does not know: by the filter on
/// demand of its routes, over a cluster that the other control plane gave it.
/// </summary>
internal static class ForeignBootstrap
{
    /// <summary>The cluster of the other control plane itself.</summary>
    internal const string Own = "own";

    /// <summary>The host that the other control plane serves.</summary>
    internal const string OwnHost = "own.example";

    /// <summary>The host whose cluster is the other control plane's and whose endpoints are ours.</summary>
    internal const string MergedHost = "merged.example";

    /// <summary>What an Envoy appends to locators that is told to say to which cluster its node belongs.</summary>
    internal const string Context = "?xds.node.cluster=test";

    /// <summary>How long the filter holds a request: no machine that is merely loaded takes as long.</summary>
    internal const string Wait = "30s";

    private const string Filters = "type.googleapis.com/envoy.extensions.filters";

    /// <summary>The bootstrap.</summary>
    /// <param name="port">Where the other control plane is.</param>
    /// <param name="isDelta">Whether it is asked by the delta variant.</param>
    /// <param name="authority">The sidecar's socket where endpoints come on the stream of our authority, which must be
    /// known from the start; null where the other control plane tells of it.</param>
    /// <param name="merged">The name of the cluster whose endpoints are ours.</param>
    /// <param name="listeners">Further listeners, as YAML that is indented by four.</param>
    /// <param name="isPlain">Whether clusters are asked for by plain names, not by the collection.</param>
    /// <param name="hasContext">Whether it says of its node in each locator what <see cref="Context"/> is.</param>
    /// <param name="hasSource">Whether clusters have a stream of their own; else, and by their locators, they come on
    /// that of the authority.</param>
    /// <param name="wait">How long the filter holds a request.</param>
    internal static string Of(
        int port,
        bool isDelta,
        string? authority,
        string merged,
        string listeners = "",
        bool isPlain = false,
        bool hasContext = false,
        bool hasSource = true,
        string wait = Wait) => $$"""
        node: { id: shop/frontend, cluster: test, metadata: { fairlead: { endpoints: {{
            (authority is null ? "stream" : "authority")}} } } }
        node_context_params: [{{(hasContext ? "cluster" : "")}}]
        admin: { address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }
        dynamic_resources:
          ads_config: { {{Source(isDelta ? "DELTA_GRPC" : "GRPC", "foreign")}} }
          cds_config: { ads: {}, resource_api_version: V3 }
        {{(authority is null ? "" : Authority)}}
        static_resources:
          listeners:
            - name: outbound
              address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
              filter_chains:
                - filters:
                    - name: hcm
                      typed_config:
                        "@type": {{Filters}}.network.http_connection_manager.v3.HttpConnectionManager
                        stat_prefix: outbound
                        early_header_mutation_extensions: [{{Mutation(isPlain, hasContext)}}]
                        route_config:
                          validate_clusters: false
                          response_headers_to_add:
                            - header: { key: fairlead-reason, value: "%CLUSTER_METADATA(fairlead:reason)%" }
                            - header: { key: fairlead-segment, value: "%UPSTREAM_METADATA(fairlead:segment)%" }
                            - header: { key: response-flags, value: "%RESPONSE_FLAGS%" }
                          virtual_hosts:
                            - name: own
                              domains: [{{OwnHost}}]
                              routes: [{ match: { prefix: "" }, route: { cluster: {{Own}} } }]
                            - name: merged
                              domains: [{{MergedHost}}]
                              routes: [{ match: { prefix: "" }, route: { cluster: "{{merged}}" } }]
                            - name: ours
                              domains: ["*"]
                              routes:
                                - match: { prefix: "" }
                                  route: { cluster_header: x-fairlead-cluster, timeout: 0s }
                                  typed_per_filter_config:
                                    envoy.filters.http.on_demand:
                                      "@type": {{Filters}}.http.on_demand.v3.PerRouteConfig
                                      odcds: { timeout: {{wait}}{{(hasSource ? OfAStream(isPlain) : "")}} }
                        http_filters:
                          - name: envoy.filters.http.on_demand
                            typed_config: { "@type": {{Filters}}.http.on_demand.v3.OnDemand }
                          - name: router
                            typed_config: { "@type": {{Filters}}.http.router.v3.Router }
        {{listeners}}
          clusters:
        {{Foreign(port)}}
        {{(authority is null ? "" : Static(authority))}}
        """;

    private static string Foreign(int port) => $$"""
            - name: foreign
              type: STATIC
              connect_timeout: 1s
              typed_extension_protocol_options:
                envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                  "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                  explicit_http_config: { http2_protocol_options: {} }
              load_assignment:
                cluster_name: foreign
                endpoints:
                  - lb_endpoints:
                      - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: {{
                            port.ToString(CultureInfo.InvariantCulture)}} } } }
        """;

    /// <summary>A listener for TCP that leads to a cluster.</summary>
    /// <param name="name">Its name, and that of its statistics.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="isOnDemand">Whether it asks for the cluster, by its plain name, or waits for it to be there.
    /// </param>
    internal static string Tcp(string name, string cluster, bool isOnDemand) => $$"""

            - name: {{name}}
              address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
              filter_chains:
                - filters:
                    - name: tcp
                      typed_config:
                        "@type": {{Filters}}.network.tcp_proxy.v3.TcpProxy
                        stat_prefix: {{name}}
                        cluster: "{{cluster}}"
                        {{(isOnDemand ? OnDemand : "")}}
        """;

    /// <summary>The cluster by which the Envoy reaches the sidecar, as the other control plane serves it.</summary>
    internal static Cluster Sidecar(string socket)
    {
        var cluster = Static(
            Audience.DefaultXdsCluster, new Address { Pipe = new Pipe { Path = socket } });
        cluster.TypedExtensionProtocolOptions[WellKnown.HttpOptions] = Any.Pack(
            new EnvoyApi.UpstreamHttp.HttpProtocolOptions
            {
                ExplicitHttpConfig = new EnvoyApi.UpstreamHttp.HttpProtocolOptions.Types.ExplicitHttpConfig
                {
                    Http2ProtocolOptions = new Http2ProtocolOptions(),
                },
            });
        cluster.CircuitBreakers = new CircuitBreakers
        {
            Thresholds = { new CircuitBreakers.Types.Thresholds { MaxRequests = 100_000 } },
        };
        return cluster;
    }

    /// <summary>A cluster of the other control plane, on loopback.</summary>
    internal static Cluster Local(string name, int port, int timeoutMs = 1000)
    {
        var cluster = Static(name, new Address
        {
            SocketAddress = new SocketAddress { Address = "127.0.0.1", PortValue = (uint)port },
        });
        cluster.ConnectTimeout = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(timeoutMs));
        return cluster;
    }

    /// <summary>A cluster of the other control plane whose endpoints come from somewhere.</summary>
    internal static Cluster Eds(string name, ConfigSource source) => new()
    {
        Name = name,
        Type = Cluster.Types.DiscoveryType.Eds,
        ConnectTimeout = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)),
        EdsClusterConfig = new Cluster.Types.EdsClusterConfig { EdsConfig = source },
    };

    private static string OfAStream(bool isPlain) =>
        (isPlain ? "" : ", resources_locator: \"" + ClusterNames.Glob + "\"")
        + ", source: { resource_api_version: V3, api_config_source: { "
        + Source("DELTA_GRPC", Audience.DefaultXdsCluster) + " } }";

    private static string OnDemand =>
        "on_demand: { timeout: " + Wait + ", odcds_config: { resource_api_version: V3, api_config_source: { "
        + Source("DELTA_GRPC", Audience.DefaultXdsCluster) + " } } }";

    private static string Authority => $$"""
        config_sources:
          - { resource_api_version: V3, authorities: [{ name: fairlead }], api_config_source: { {{
              Source("AGGREGATED_DELTA_GRPC", Audience.DefaultXdsCluster)}} } }
        layered_runtime:
          layers:
            - name: fairlead
              static_layer: { envoy.reloadable_features.xdstp_based_config_singleton_subscriptions: true }
        """;

    private static string Source(string type, string cluster) =>
        $"api_type: {type}, transport_api_version: V3, set_node_on_first_message_only: true, "
        + $"grpc_services: [{{ envoy_grpc: {{ cluster_name: {cluster}, "
        + "retry_policy: { retry_back_off: { base_interval: 0.1s, max_interval: 1s } } } }]";

    private static string Mutation(bool isPlain, bool hasContext) =>
        "{ name: envoy.http.early_header_mutation.header_mutation, typed_config: { \"@type\": type.googleapis.com/"
        + "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation, mutations: [{ append: { "
        + "header: { key: x-fairlead-cluster, value: \"" + (isPlain ? "" : ClusterNames.Located(""))
        + "%REQ(:authority)%" + (hasContext ? Context : "")
        + "\" }, append_action: OVERWRITE_IF_EXISTS_OR_ADD } }] } }";

    private static string Static(string socket) => $$"""
            - name: {{Audience.DefaultXdsCluster}}
              type: STATIC
              connect_timeout: 1s
              typed_extension_protocol_options:
                envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                  "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                  explicit_http_config: { http2_protocol_options: {} }
              load_assignment:
                cluster_name: {{Audience.DefaultXdsCluster}}
                endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: "{{socket}}" } } } }] }]
        """;

    private static Cluster Static(string name, Address address) => new()
    {
        Name = name,
        Type = Cluster.Types.DiscoveryType.Static,
        ConnectTimeout = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)),
        LoadAssignment = new ClusterLoadAssignment
        {
            ClusterName = name,
            Endpoints =
            {
                new LocalityLbEndpoints
                {
                    LbEndpoints = { new LbEndpoint { Endpoint = new Endpoint { Address = address } } },
                },
            },
        },
    };
}
