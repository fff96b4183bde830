using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.EnvoyApi.HttpConnectionManagers;
using Fairlead.EnvoyApi.Listeners;
using Fairlead.EnvoyApi.Routers;
using Fairlead.EnvoyApi.Routes;
using Fairlead.EnvoyApi.TransportSockets;
using Fairlead.EnvoyApi.Types;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Xds.Tests;

/// <summary>Resources in the shape that Envoy and gRPC both take.</summary>
internal static class Fixtures
{
    public static Resource Cluster(
        string name, string? service = null, int timeoutMs = 1000, ConfigSource? endpoints = null)
    {
        return Resource.Create(new Cluster
        {
            Name = name,
            Type = EnvoyApi.Clusters.Cluster.Types.DiscoveryType.Eds,
            EdsClusterConfig = new Cluster.Types.EdsClusterConfig
            {
                EdsConfig = endpoints ?? Ads(),
                ServiceName = service ?? "",
            },
            ConnectTimeout = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(timeoutMs)),
            IgnoreHealthOnHostRemoval = true,
            CommonLbConfig = new Cluster.Types.CommonLbConfig
            {
                HealthyPanicThreshold = new Percent(),
                UpdateMergeWindow = new Duration(),
            },
        });
    }

    /// <summary>A cluster that needs a secret beside its endpoints.</summary>
    public static Resource SecureCluster(string name, string secret) => Resource.Create(new Cluster
    {
        Name = name,
        Type = EnvoyApi.Clusters.Cluster.Types.DiscoveryType.Eds,
        EdsClusterConfig = new Cluster.Types.EdsClusterConfig { EdsConfig = Ads() },
        TransportSocket = Tls(new SdsSecretConfig { Name = secret, SdsConfig = Ads() }),
    });

    /// <summary>TLS whose authorities are a secret.</summary>
    public static TransportSocket Tls(SdsSecretConfig authorities) => new()
    {
        Name = "envoy.transport_sockets.tls",
        TypedConfig = Any.Pack(new UpstreamTlsContext
        {
            CommonTlsContext = new CommonTlsContext
            {
                CombinedValidationContext = new CommonTlsContext.Types.CombinedCertificateValidationContext
                {
                    DefaultValidationContext = new CertificateValidationContext(),
                    ValidationContextSdsSecretConfig = authorities,
                },
                TlsCertificateSdsSecretConfigs =
                {
                    new SdsSecretConfig
                    {
                        Name = "own",
                        SdsConfig = new ConfigSource { PathConfigSource = new PathConfigSource { Path = "/own" } },
                    },
                },
            },
        }),
    };

    /// <summary>A secret without authorities.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="validator">What tells it from another of its name.</param>
    public static Resource Secret(string name, string validator = "")
    {
        var context = new CertificateValidationContext();
        if (validator.Length > 0)
        {
            context.CustomValidatorConfig = new TypedExtensionConfig { Name = validator };
        }

        return Resource.Create(new Secret { Name = name, ValidationContext = context });
    }

    /// <summary>A cluster that no Envoy can read.</summary>
    public static Resource Unreadable(string name) => Resource.Create(new Cluster
    {
        Name = name, LbPolicy = (Cluster.Types.LbPolicy)99,
    });

    /// <summary>An address that is no IP literal: every client refuses it.</summary>
    public static Resource BadEndpoints(string name) => Endpoints(name, "not-an-address", 1);

    public static Resource Endpoints(string name, params int[] ports) => Endpoints(name, "127.0.0.1", ports);

    private static Resource Endpoints(string name, string address, params int[] ports)
    {
        var locality = new LocalityLbEndpoints
        {
            Locality = new Locality { Region = "eu" },
            LoadBalancingWeight = 1,
        };
        foreach (var port in ports)
        {
            var socket = new SocketAddress { Address = address, PortValue = (uint)port };
            locality.LbEndpoints.Add(new LbEndpoint
            {
                Endpoint = new Endpoint { Address = new Address { SocketAddress = socket } },
                HealthStatus = HealthStatus.Healthy,
            });
        }

        return Resource.Create(new ClusterLoadAssignment { ClusterName = name, Endpoints = { locality } });
    }

    /// <summary>Endpoints that take about as many bytes.</summary>
    public static Resource LargeEndpoints(string name, int bytes) => Resource.Create(new ClusterLoadAssignment
    {
        ClusterName = name,
        Endpoints = { new LocalityLbEndpoints { Locality = new Locality { Region = new string('r', bytes) } } },
    });

    /// <summary>The members of a set, one priority each from 0 on: one region, told apart by their sub-zones.</summary>
    public static Resource MembersOf(string name, params (string Member, int Port, bool IsHealthy)[] members)
    {
        var assignment = new ClusterLoadAssignment { ClusterName = name };
        foreach (var (member, port, isHealthy) in members)
        {
            assignment.Endpoints.Add(new LocalityLbEndpoints
            {
                Locality = new Locality { Region = "eu", SubZone = member },
                LoadBalancingWeight = 1000,
                Priority = (uint)assignment.Endpoints.Count,
                LbEndpoints =
                {
                    new LbEndpoint
                    {
                        Endpoint = new Endpoint
                        {
                            Address = new Address
                            {
                                SocketAddress = new SocketAddress { Address = "127.0.0.1", PortValue = (uint)port },
                            },
                        },
                        HealthStatus = isHealthy ? HealthStatus.Unknown : HealthStatus.Unhealthy,
                    },
                },
            });
        }

        return Resource.Create(assignment);
    }

    public static Resource Listener(string name, string routes)
    {
        var manager = new HttpConnectionManager
        {
            StatPrefix = "fairlead",
            Rds = new Rds { ConfigSource = Ads(), RouteConfigName = routes },
            HttpFilters = { new HttpFilter { Name = "router", TypedConfig = Any.Pack(new Router()) } },
        };
        return Resource.Create(new Listener
        {
            Name = name,
            ApiListener = new ApiListener { ApiListener_ = Any.Pack(manager) },
        });
    }

    /// <summary>What an Envoy listens by, on a free port of loopback.</summary>
    /// <param name="name">Its name, and that of its routes.</param>
    /// <param name="statistics">What its statistics are called.</param>
    /// <param name="routes">Where its routes are; null for the aggregated stream.</param>
    /// <param name="address">Its address.</param>
    public static Resource ListenerAt(
        string name, string statistics, ConfigSource? routes, string address = "127.0.0.1")
    {
        var manager = new HttpConnectionManager
        {
            StatPrefix = statistics,
            Rds = new Rds { ConfigSource = routes ?? Ads(), RouteConfigName = name },
            HttpFilters = { new HttpFilter { Name = "router", TypedConfig = Any.Pack(new Router()) } },
        };
        return Resource.Create(new Listener
        {
            Name = name,
            Address = new Address { SocketAddress = new SocketAddress { Address = address, PortValue = 0 } },
            FilterChains =
            {
                new FilterChain { Filters = { new Filter { Name = "hcm", TypedConfig = Any.Pack(manager) } } },
            },
        });
    }

    public static Resource Routes(string name, string cluster)
    {
        return Resource.Create(new RouteConfiguration
        {
            Name = name,
            VirtualHosts =
            {
                new VirtualHost
                {
                    Name = cluster,
                    Domains = { "*" },
                    Routes =
                    {
                        new Route
                        {
                            Match = new RouteMatch { Prefix = "" },
                            Route_ = new RouteAction { Cluster = cluster },
                        },
                    },
                },
            },
        });
    }

    /// <summary>A primed snapshot of these; clusters and listeners are in the wildcard.</summary>
    public static ResourceSnapshot Snapshot(params Resource[] resources) => Next(ResourceSnapshot.Unprimed, resources);

    public static ResourceSnapshot Next(ResourceSnapshot last, params Resource[] resources)
    {
        var builder = last.ToBuilder().MarkPrimed();
        foreach (var resource in resources)
        {
            builder.Set(resource, wildcard: resource.Type.FullState);
        }

        return builder.Build();
    }

    /// <summary>Resources of one type over a stream of its own, from the cluster <c>xds</c>.</summary>
    public static ConfigSource PerType(bool isDelta)
    {
        return new ConfigSource
        {
            ApiConfigSource = new ApiConfigSource
            {
                ApiType = isDelta ? ApiConfigSource.Types.ApiType.DeltaGrpc : ApiConfigSource.Types.ApiType.Grpc,
                TransportApiVersion = ApiVersion.V3,
                SetNodeOnFirstMessageOnly = true,
                GrpcServices =
                {
                    new GrpcService { EnvoyGrpc = new GrpcService.Types.EnvoyGrpc { ClusterName = "xds" } },
                },
            },
            ResourceApiVersion = ApiVersion.V3,
        };
    }

    private static ConfigSource Ads()
    {
        return new ConfigSource { Ads = new AggregatedConfigSource(), ResourceApiVersion = ApiVersion.V3 };
    }

    /// <summary>The same content, of which nobody knows what it was before.</summary>
    internal static ResourceSnapshot Anew(ResourceSnapshot snapshot)
    {
        var builder = ResourceSnapshot.Unprimed.ToBuilder();
        foreach (var resource in ResourceType.All.SelectMany(type => snapshot.Resources(type).Values))
        {
            builder.Set(
                resource, snapshot.Wildcard(resource.Type).Contains(resource.Name)
                    || snapshot.Located(resource.Type).Contains(resource.Name));
        }

        return (snapshot.Primed ? builder.MarkPrimed() : builder).Build();
    }

    /// <summary>An Envoy, or a client that says nothing of itself.</summary>
    internal static ClientNode Client(bool isEnvoy) => isEnvoy
        ? ClientNode.Anonymous with { UserAgent = "envoy" }
        : ClientNode.Anonymous;

    /// <summary>A response as it is written; nothing for none.</summary>
    internal static byte[] BytesOf(Streams.IDiscoveryResponse? response)
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        response?.WriteTo(output);
        return output.WrittenSpan.ToArray();
    }
}
