using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Status;
using Fairlead.Rpc;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Xds.Csds;

/// <summary>
/// The Client Status Discovery Service of a management server: what each client asked for, was sent, took and refused,
/// in the shape that operators' tools read (Envoy, <c>service/status/v3/csds.proto</c>). Safe for concurrent use.
/// </summary>
/// <remarks>The streams of one node are one client. The contents of resources are left out of an answer beyond
/// <see cref="ContentBytesMax"/>, beyond <see cref="BytesMax"/> the words of refusals are shortened and of nodes the
/// metadata is left out, and beyond <see cref="ResourcesMax"/> resources, or where shortened they do not fit, the rest
/// of them, and of clients: ask for one node, or without contents.
/// The content of endpoints with an end says how much is left of it at the moment of the answer
/// (<c>policy.endpoint_stale_after</c>; a millisecond once it is over), where the client was told how much was left
/// then.</remarks>
/// <param name="streams">The open streams.</param>
/// <param name="time">The clock by which endpoints end.</param>
internal sealed class ClientStatusService(Func<IEnumerable<StreamResources>> streams, TimeProvider time)
{
    /// <summary>Bytes of resources' contents in one answer; gRPC takes messages of 4 MiB.</summary>
    internal const int ContentBytesMax = 2 << 20;

    /// <summary>Bytes of one answer beyond which each resource is told in short; as much again of what gRPC takes is
    /// left for these.</summary>
    internal const int BytesMax = 3 << 20;

    /// <summary>Resources in one answer.</summary>
    internal const int ResourcesMax = 10_000;

    private const int ShortBytesMax = BytesMax + (7 << 17);
    private const int ShortWords = 64;

    // What a message in another costs: its tag and its length.
    private const int PrefixMax = 5;

    private const string Service = "envoy.service.status.v3.ClientStatusDiscoveryService";

    public ServerServiceDefinition Define() => ServerServiceDefinition.CreateBuilder()
        .AddMethod(
            MethodOf(MethodType.Unary, "FetchClientStatus"),
            (request, _) => Task.FromResult(Answer(request)))
        .AddMethod(
            MethodOf(MethodType.DuplexStreaming, "StreamClientStatus"),
            async (requests, responses, context) =>
            {
                while (await requests.MoveNext(context.CancellationToken).ConfigureAwait(false))
                {
                    await responses.WriteAsync(Answer(requests.Current), context.CancellationToken)
                        .ConfigureAwait(false);
                }
            })
        .Build();

    /// <summary>The answer to one request.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT: a matcher cannot be read.</exception>
    internal ClientStatusResponse Answer(ClientStatusRequest request)
    {
        var response = new ClientStatusResponse();
        var (bytes, all, count) = (0, 0, 0);
        var now = time.GetElapsedTime(0);
        try
        {
            foreach (var client in streams().Where(one => NodeMatching.Matches(request.NodeMatchers, one.Node))
                .GroupBy(stream => stream.Node.Id, StringComparer.Ordinal))
            {
                var config = new ClientConfig { Node = NodeOf(client.First().Node) };
                if (all + config.CalculateSize() > BytesMax)
                {
                    config.Node.Metadata = null;
                }

                all += config.CalculateSize() + PrefixMax;
                if (all > ShortBytesMax)
                {
                    return response;
                }

                response.Config.Add(config);
                foreach (var (started, resource) in client
                    .SelectMany(stream => stream.Resources().Select(one => (stream.StartedAt, one)))
                    .Take(ResourcesMax - count))
                {
                    count++;
                    var size = request.ExcludeResourceContents ? 0 : resource.Resource?.Framed.Length ?? 0;
                    var isTold = size > 0 && bytes + size <= ContentBytesMax;
                    bytes += isTold ? size : 0;
                    var told = Describe(resource, started, isTold ? now : null);
                    if (all + told.CalculateSize() > BytesMax)
                    {
                        Shorten(told);
                    }

                    all += told.CalculateSize() + PrefixMax;
                    if (all > ShortBytesMax)
                    {
                        return response;
                    }

                    config.GenericXdsConfigs.Add(told);
                }
            }
        }
        catch (ArgumentException e)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, e.Message));
        }

        return response;
    }

    private static void Shorten(ClientConfig.Types.GenericXdsConfig told)
    {
        told.XdsConfig = null;
        if (told.ErrorState is { Details.Length: > ShortWords } error)
        {
            error.Details = error.Details[..ShortWords];
        }
    }

    private static ClientConfig.Types.GenericXdsConfig Describe(
        ResourceStatus status, DateTimeOffset started, TimeSpan? contentAt)
    {
        var config = new ClientConfig.Types.GenericXdsConfig
        {
            TypeUrl = status.Type.TypeUrl,
            Name = status.Name,
            VersionInfo = status.Resource?.Version ?? "",
            XdsConfig = contentAt is { } now ? status.Resource!.At(now).ToAny() : null,
            ConfigStatus = status.State switch
            {
                ResourceState.NotSent => ConfigStatus.NotSent,
                ResourceState.Waiting => ConfigStatus.Stale,
                ResourceState.Taken => ConfigStatus.Synced,
                _ => ConfigStatus.Error,
            },
        };
        if (status.Refused is { } refused)
        {
            config.ErrorState = new UpdateFailureState
            {
                Details = refused.Message,
                LastUpdateAttempt = Timestamp.FromDateTimeOffset(started + refused.At),
                VersionInfo = status.RefusedVersion,
            };
        }

        return config;
    }

    private static Node NodeOf(ClientNode client) => new()
    {
        Id = client.Id,
        Cluster = client.Cluster,
        Locality = new Locality { Region = client.Region, Zone = client.Zone, SubZone = client.SubZone },
        UserAgentName = client.UserAgent,
        UserAgentVersion = client.UserAgentVersion,
        Metadata = client.Metadata,
    };

    private static Method<ClientStatusRequest, ClientStatusResponse> MethodOf(MethodType type, string name) => new(
        type,
        Service,
        name,
        new Marshaller<ClientStatusRequest>(
            static message => message.ToByteArray(), static bytes => ClientStatusRequest.Parser.ParseFrom(bytes)),
        new Marshaller<ClientStatusResponse>(
            static message => message.ToByteArray(), static bytes => ClientStatusResponse.Parser.ParseFrom(bytes)));
}
