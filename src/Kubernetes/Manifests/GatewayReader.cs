using System.Globalization;
using Fairlead.Kubernetes.Objects;
using Fairlead.Naming;

namespace Fairlead.Kubernetes.Manifests;

/// <summary>
/// Reads a Gateway of the Gateway API. One without the label <c>topology.istio.io/network</c> leads into no network and
/// is skipped. Its addresses are those of its status, where it has some, else those of its spec; its port is that of
/// its one listener, or of the one that the annotation <c>fairlead.dev/listener</c> names. One whose addresses are not
/// there yet, or are host names, is held alone: an address is what another controller gives it, some time.
/// </summary>
internal static class GatewayReader
{
    /// <summary>The label that names a network, as meshes write it.</summary>
    internal const string NetworkLabel = "topology.istio.io/network";

    private const string ListenerAnnotation = "fairlead.dev/listener";

    /// <summary>The gateway that <paramref name="header"/> opens; null where it is none of a network.</summary>
    public static NetworkGateway? Read(ObjectHeader header, ProblemList problems)
    {
        if (Network(header, problems) is not { } network)
        {
            return null;
        }

        var spec = Member.Map(header.Root, "spec", problems) ?? ManifestNode.Absent(header.Root.Line);
        var identities = AnnotationReader.Read(header, problems).Identities;
        if (Port(header, spec, problems) is not { } port)
        {
            return null;
        }

        var (found, trouble) = Addresses(header, spec, port, problems);
        return new(header.Key, network, found, identities, problems.At(header.Root.Line), trouble);
    }

    /// <summary>The network that an object's label names; null for none.</summary>
    internal static string? Network(ObjectHeader header, ProblemList problems)
    {
        if (Member.Map(header.Metadata, "labels", problems)?[NetworkLabel] is not { } node)
        {
            return null;
        }

        if (node.Text is { } text && ObjectNames.IsText(text))
        {
            return text;
        }

        problems.Add(node.Line, $"label {NetworkLabel} {Member.Shown(node)} is out of the limits: 1-63 printable "
            + "characters without quotes and backslashes");
        return null;
    }

    private static int? Port(ObjectHeader header, ManifestNode spec, ProblemList problems)
    {
        var listeners = Member.List(spec, "listeners", problems).ToList();
        var annotations = Member.Map(header.Metadata, "annotations", problems);
        var named = annotations is null ? null : Member.Text(annotations, ListenerAnnotation, problems);
        var found = named is null
            ? listeners
            : listeners.FindAll(listener => listener["name"]?.Text == named);
        if (found is [var one] && Member.Port(one, "port", problems) is { } port)
        {
            return port;
        }

        problems.Add(spec.Line, $"{header} has {found.Count} listeners"
            + (named is null ? string.Empty : $" named '{named}'") + ", and the way into a network is one with a port: "
            + $"name it in the annotation {ListenerAnnotation}");
        return null;
    }

    private static (IReadOnlyList<IpEndpoint> Found, ManifestProblem? Trouble) Addresses(
        ObjectHeader header, ManifestNode spec, int port, ProblemList problems)
    {
        var status = Member.Map(header.Root, "status", problems);
        var items = status is null ? [] : Member.List(status, "addresses", problems).ToList();
        items = items.Count > 0 ? items : Member.List(spec, "addresses", problems).ToList();
        var found = new List<IpEndpoint>();
        foreach (var item in items)
        {
            // The one form of documents only: what a name stands for is not sealed.
            var text = item["value"]?.Text ?? string.Empty;
            var host = text.Contains(':', StringComparison.Ordinal) ? $"[{text}]" : text;
            if ((item["type"]?.Text ?? "IPAddress") != "IPAddress"
                || !IpEndpoint.TryParse(
                    string.Create(CultureInfo.InvariantCulture, $"{host}:{port}"), out var address, out _))
            {
                return ([], new(
                    problems.At(item.Line), $"address '{text}' of {header} is no IP address (BadAddress): a gateway is "
                    + "published with literal addresses of type IPAddress; what is published of it stays"));
            }

            found.Add(address);
        }

        var ordered = found.DistinctBy(one => one.Text, StringComparer.Ordinal)
            .OrderBy(one => one.Text, StringComparer.Ordinal).ToList();
        return ordered.Count is > 0 and <= Limits.GatewayAddresses
            ? (ordered, null)
            : ([], new(
                problems.At(header.Root.Line), $"{header} has {ordered.Count} addresses, and 1 to "
                + $"{Limits.GatewayAddresses} are published: wait for its status, or write spec.addresses; what is "
                + "published of it stays"));
    }
}
