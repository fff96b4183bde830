using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.EnvoyApi.Listeners;
using Fairlead.EnvoyApi.Routes;
using Fairlead.EnvoyApi.TransportSockets;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Xds;

/// <summary>
/// One resource, serialized once and shared by every stream that carries it. Immutable and safe to share.
/// </summary>
/// <remarks>
/// <para>What a translation into resources must obey:</para>
/// <list type="number">
/// <item>The same input gives the same bytes. Map fields of the message itself are written in a fixed order here, but
/// maps inside a packed Any must be filled in sorted order, and every repeated field that is a set must be sorted.
/// Nothing that changes without meaning (a seal's sequence, a time, a random id) may be in it: the version is a hash
/// of the bytes, and a new version is a push to every client. What must be shown all the same is no part of the version
/// of endpoints that are created with it.</item>
/// <item>No <c>ttl</c>, no wrapper, no heartbeat: an EDS ttl crashes Envoy, a heartbeat crashes gRPC.</item>
/// <item>Endpoints are withdrawn by an assignment without them, never by leaving the assignment out.</item>
/// <item>A client of kind gRPC refuses a whole resource for an endpoint that is not an IP literal, a locality left
/// out, a gap in the priorities, an EDS source other than ads or self, and LEAST_REQUEST; it ignores a locality
/// without a weight. What such a client cannot take must not be in its view.</item>
/// <item>An assignment is named by <c>service_name</c> where the cluster has one, else by the cluster's name.</item>
/// </list>
/// </remarks>
public sealed class Resource
{
    /// <summary>What a sentinel is called in its collection.</summary>
    public const string SentinelId = "sentinel";

    // No client takes 0 for an end.
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    private readonly byte[] _framed;

    private Resource(
        ResourceType type, string name, byte[] framed, ImmutableArray<ResourceReference> references,
        ReadOnlySpan<byte[]> unversioned)
    {
        Type = type;
        Name = name;
        _framed = framed;
        References = references;
        Fingerprint = Hash(name, framed, unversioned);
        Version = Fingerprint.ToString("x32", CultureInfo.InvariantCulture);
    }

    private Resource(Resource other, byte[]? framed = null)
    {
        (Type, Name, _framed, References) = (other.Type, other.Name, framed ?? other._framed, other.References);
        (Fingerprint, Version, Role, Until) = (other.Fingerprint, other.Version, other.Role, other.Until);
    }

    /// <summary>The type.</summary>
    public ResourceType Type { get; }

    /// <summary>The name under which clients ask for it.</summary>
    public string Name { get; }

    /// <summary>32 hexadecimal digits of a hash over name, type and bytes, less those that are no part of it: equal
    /// content, equal version.</summary>
    public string Version { get; private init; }

    /// <summary>The resources that this one names.</summary>
    public ImmutableArray<ResourceReference> References { get; }

    /// <summary>What it stands for; not part of its content.</summary>
    public ResourceRole Role { get; private init; }

    /// <summary>
    /// Of endpoints: until when a client may use them though it hears nothing more, as the time since timestamp 0 of
    /// the server's clock; null for ever. It is written as <c>endpoint_stale_after</c> when they are sent, and is no
    /// part of the content: endpoints with another one are sent again, at the same version.
    /// </summary>
    public TimeSpan? Until { get; private init; }

    /// <summary>The bytes of the Any with its field tag and length, as they stand in a response.</summary>
    internal ReadOnlySpan<byte> Framed => _framed;

    /// <summary>The version as a number; a type's version is the sum over its resources.</summary>
    internal UInt128 Fingerprint { get; private init; }

    /// <summary>Takes over a cluster.</summary>
    public static Resource Create(Cluster cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        return Create(ResourceType.Cluster, cluster.Name, cluster);
    }

    /// <summary>Takes over the endpoints of a cluster.</summary>
    /// <param name="endpoints">The endpoints.</param>
    /// <param name="unversioned">Encoded fields that are no part of the version, wherever they stand: with others as
    /// long in their place it is the same, and what they say is no reason to send it again.</param>
    public static Resource Create(ClusterLoadAssignment endpoints, params ReadOnlySpan<byte[]> unversioned)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        return Create(ResourceType.Endpoints, endpoints.ClusterName, endpoints, unversioned);
    }

    /// <summary>Takes over a listener.</summary>
    public static Resource Create(Listener listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        return Create(ResourceType.Listener, listener.Name, listener);
    }

    /// <summary>Takes over a route configuration.</summary>
    public static Resource Create(RouteConfiguration routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        return Create(ResourceType.Route, routes.Name, routes);
    }

    /// <summary>Takes over a secret.</summary>
    public static Resource Create(Secret secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        return Create(ResourceType.Secret, secret.Name, secret);
    }

    /// <summary>The assignment without endpoints: requests fail at once (Envoy: 503 UH).</summary>
    public static Resource EmptyEndpoints(string name)
    {
        return Create(new ClusterLoadAssignment { ClusterName = name });
    }

    /// <summary>A cluster that leads nowhere. An Envoy that asks for clusters on demand sends no second name before its
    /// first has any answer, and takes an empty one for none.</summary>
    public static Resource Sentinel(string name) => Create(new Cluster
    {
        Name = name,
        Type = Cluster.Types.DiscoveryType.Static,
        AltStatName = SentinelId,
        IgnoreHealthOnHostRemoval = true,
        CommonLbConfig = new Cluster.Types.CommonLbConfig
        {
            HealthyPanicThreshold = new EnvoyApi.Types.Percent(),
            UpdateMergeWindow = new Google.Protobuf.WellKnownTypes.Duration(),
        },
        LoadAssignment = new ClusterLoadAssignment { ClusterName = name },
    });

    /// <summary>The same content in another role.</summary>
    public Resource As(ResourceRole role) => role == Role ? this : new Resource(this) { Role = role };

    /// <summary>The same endpoints with another end.</summary>
    /// <exception cref="InvalidOperationException">These are no endpoints.</exception>
    public Resource KeptUntil(TimeSpan? until) => until == Until ? this
        : Type == ResourceType.Endpoints ? new Resource(this) { Until = until }
        : throw new InvalidOperationException($"{Type} has no end of its own");

    /// <summary>These as they are sent at this moment: what has an end with the time that is left.</summary>
    internal static IReadOnlyList<Resource> At(List<Resource> resources, TimeSpan now) =>
        resources.Exists(static one => one.Until is not null) ? resources.ConvertAll(one => one.At(now)) : resources;

    /// <summary>This one so.</summary>
    internal Resource At(TimeSpan now) => Until is { } until ? Lasting(until - now) : this;

    /// <summary>Brings resources into the order in which they are sent, which is that of their names.</summary>
    internal static void Sort(List<Resource> resources)
    {
        // What is left of a response that was too large comes in that order already, once for each of its parts.
        for (var i = 1; i < resources.Count; i++)
        {
            if (string.CompareOrdinal(resources[i - 1].Name, resources[i].Name) > 0)
            {
                resources.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
                return;
            }
        }
    }

    /// <summary>The message in its Any.</summary>
    internal Any ToAny()
    {
        using var input = new CodedInputStream(_framed);
        input.ReadTag();
        return Any.Parser.ParseFrom(input.ReadBytes());
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Type} {Name}@{Version[..8]}";

    private static Resource Create(
        ResourceType type, string name, IMessage message, ReadOnlySpan<byte[]> unversioned = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new Resource(
            type, name, ResourceFrame.Of(type, message), ResourceReferences.Of(message), unversioned);
    }

    // A second value of a message's field is merged with the first (Protocol Buffers, "Last One Wins"): the policy
    // that the endpoints have stays.
    private Resource Lasting(TimeSpan left)
    {
        var end = new ClusterLoadAssignment
        {
            Policy = new ClusterLoadAssignment.Types.Policy
            {
                EndpointStaleAfter = Duration.FromTimeSpan(left > Shortest ? left : Shortest),
            },
        };
        return new Resource(this, ResourceFrame.Of(Type, ToAny().Value.Span, end.ToByteArray()));
    }

    private static UInt128 Hash(string name, ReadOnlySpan<byte> framed, ReadOnlySpan<byte[]> unversioned)
    {
        var length = Encoding.UTF8.GetByteCount(name);
        var hashed = ArrayPool<byte>.Shared.Rent(length + 1 + framed.Length);
        Encoding.UTF8.GetBytes(name, hashed);
        hashed[length] = 0;
        framed.CopyTo(hashed.AsSpan(length + 1));
        foreach (var bytes in unversioned)
        {
            var rest = hashed.AsSpan(length + 1, framed.Length);
            while (bytes.Length > 0 && rest.IndexOf(bytes) is >= 0 and var at)
            {
                rest.Slice(at, bytes.Length).Clear();
                rest = rest[(at + bytes.Length)..];
            }
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(hashed.AsSpan(0, length + 1 + framed.Length), digest);
        ArrayPool<byte>.Shared.Return(hashed);
        return BinaryPrimitives.ReadUInt128BigEndian(digest);
    }
}
