using Fairlead.EnvoyApi.Core;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Xds;

/// <summary>
/// Who a client says it is, from the first request of its stream and without the rest of a node, which is tens of
/// kilobytes of extension names in an Envoy. Nothing here is proven. Immutable by agreement: do not change
/// <see cref="Metadata"/>.
/// </summary>
/// <param name="Id">The node id; empty if the client named none.</param>
/// <param name="Cluster">The node cluster.</param>
/// <param name="Region">The region of its locality.</param>
/// <param name="Zone">The zone of its locality.</param>
/// <param name="SubZone">The sub-zone of its locality.</param>
/// <param name="UserAgent">The client's software: <c>envoy</c>, <c>gRPC C-core linux Python</c>.</param>
/// <param name="UserAgentVersion">Its version, <c>1.40.0</c> for a build version.</param>
/// <param name="Metadata">What the operator wrote into the bootstrap; null if nothing.</param>
public sealed record ClientNode(
    string Id,
    string Cluster,
    string Region,
    string Zone,
    string SubZone,
    string UserAgent,
    string UserAgentVersion,
    Struct? Metadata)
{
    /// <summary>A client that sent no node.</summary>
    public static ClientNode Anonymous { get; } = new("", "", "", "", "", "", "", null);

    /// <summary>True for gRPC libraries, which need a view of their own kind.</summary>
    public bool IsGrpc => UserAgent.StartsWith("gRPC", StringComparison.OrdinalIgnoreCase);

    /// <summary>True for an Envoy.</summary>
    internal bool IsEnvoy => UserAgent.StartsWith("envoy", StringComparison.OrdinalIgnoreCase);

    /// <summary>What is kept of a node that is more than is; null where nothing is.</summary>
    internal static string? ExcessOf(Node? node, XdsLimits limits)
    {
        if (node is null)
        {
            return null;
        }

        string[] texts =
        [
            node.Id, node.Cluster, node.UserAgentName, node.UserAgentVersion, node.Locality?.Region ?? "",
            node.Locality?.Zone ?? "", node.Locality?.SubZone ?? "",
        ];
        return texts.Any(text => text.Length > limits.TextLengthMax)
            ? $"a text of the node is longer than {limits.TextLengthMax} characters"
            : node.Metadata?.CalculateSize() > limits.NodeMetadataBytes
                ? $"the node's metadata is larger than {limits.NodeMetadataBytes} bytes"
                : null;
    }

    /// <summary>Takes over what is kept of a node.</summary>
    public static ClientNode From(Node? node)
    {
        if (node is null)
        {
            return Anonymous;
        }

        var build = node.UserAgentBuildVersion?.Version;
        return new ClientNode(
            node.Id,
            node.Cluster,
            node.Locality?.Region ?? "",
            node.Locality?.Zone ?? "",
            node.Locality?.SubZone ?? "",
            node.UserAgentName,
            build is null ? node.UserAgentVersion : $"{build.MajorNumber}.{build.MinorNumber}.{build.Patch}",
            node.Metadata);
    }
}
