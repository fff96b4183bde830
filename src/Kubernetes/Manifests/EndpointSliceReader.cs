using System.Net;
using System.Net.Sockets;
using Fairlead.Kubernetes.Objects;
using Fairlead.Naming;

namespace Fairlead.Kubernetes.Manifests;

/// <summary>Reads an EndpointSlice of discovery.k8s.io/v1.</summary>
internal static class EndpointSliceReader
{
    private const string ServiceNameLabel = "kubernetes.io/service-name";

    /// <summary>The slice that <paramref name="header"/> opens.</summary>
    public static EndpointSlice Read(ObjectHeader header, ProblemList problems)
    {
        var root = header.Root;
        var type = Type(header, problems);
        var labels = Member.Map(header.Metadata, "labels", problems);
        var service = labels is null ? null : Member.Text(labels, ServiceNameLabel, problems);
        if (service is not null && !ObjectNames.IsLabel(service))
        {
            var node = labels![ServiceNameLabel]!;
            problems.Add(node.Line, $"label {ServiceNameLabel} {Member.Shown(node)} is out of the limits (BadName): "
                + ObjectNames.LabelRule);
        }

        var endpoints = new List<Endpoint>();
        foreach (var item in type == AddressType.Fqdn ? [] : Member.List(root, "endpoints", problems))
        {
            if (ReadEndpoint(header, item, type, problems) is { } endpoint)
            {
                endpoints.Add(endpoint);
            }
        }

        return new(header.Key, service, type, Ports(root, problems), endpoints, problems.At(root.Line))
        {
            Network = GatewayReader.Network(header, problems),
        };
    }

    private static AddressType Type(ObjectHeader header, ProblemList problems)
    {
        switch (Member.Text(header.Root, "addressType", problems))
        {
            case "IPv4":
                return AddressType.IPv4;
            case "IPv6":
                return AddressType.IPv6;
            case "FQDN":
                return AddressType.Fqdn;
            default:
                problems.Add(header.Root["addressType"]?.Line ?? header.Root.Line,
                    $"{header} has no addressType that is known: give IPv4, IPv6 or FQDN");
                return AddressType.Fqdn;
        }
    }

    private static List<EndpointPort> Ports(ManifestNode root, ProblemList problems)
    {
        var ports = new List<EndpointPort>();
        foreach (var item in Member.List(root, "ports", problems))
        {
            ports.Add(new(
                PortReader.Name(item, problems),
                Member.Port(item, "port", problems),
                PortReader.Transport(item, problems)));
        }

        return ports;
    }

    private static Endpoint? ReadEndpoint(
        ObjectHeader header, ManifestNode item, AddressType type, ProblemList problems)
    {
        var addresses = Member.List(item, "addresses", problems).ToList();
        if (addresses.Count == 0)
        {
            problems.Add(item.Line, $"an endpoint of {header} has no address: add one under addresses");
            return null;
        }

        var parsed = addresses.Select(node => Address(node, type, problems)).ToList();
        var hostname = Label(item, "hostname", problems);
        var zone = Member.Text(item, "zone", problems);
        if (zone is { Length: > 0 } && !ObjectNames.IsText(zone))
        {
            problems.Add(item["zone"]!.Line, $"zone {Member.Shown(item["zone"]!)} is out of the limits: 1-63 printable "
                + "characters without quotes and backslashes");
        }

        var conditions = Member.Map(item, "conditions", problems) ?? ManifestNode.Absent(item.Line);
        var ready = Member.Flag(conditions, "ready", problems) ?? true;
        return parsed[0] is not { } address ? null : new(
            address,
            hostname,
            string.IsNullOrEmpty(zone) ? null : zone,
            ready,
            Member.Flag(conditions, "serving", problems) ?? ready,
            Member.Flag(conditions, "terminating", problems) ?? false);
    }

    private static string? Label(ManifestNode item, string name, ProblemList problems)
    {
        var text = Member.Text(item, name, problems);
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (!ObjectNames.IsLabel(text))
        {
            problems.Add(item[name]!.Line, $"{name} {Member.Shown(item[name]!)} is out of the limits (BadName): "
                + ObjectNames.LabelRule);
        }

        return text;
    }

    // The parser alone is too kind: it takes 010.0.0.1, 1.2.3 and a zone. Only the form it would itself write counts
    // for IPv4; IPv6 has spellings that Kubernetes passes on, which are rewritten.
    private static IPAddress? Address(ManifestNode node, AddressType type, ProblemList problems)
    {
        var text = node.Text ?? string.Empty;
        var isAddress = IPAddress.TryParse(text, out var address) && type switch
        {
            AddressType.IPv4 =>
                IpAddress.TryParse(text, out _, out _) && address.AddressFamily == AddressFamily.InterNetwork,
            _ => address.AddressFamily == AddressFamily.InterNetworkV6
                && !address.IsIPv4MappedToIPv6
                && !text.AsSpan().ContainsAny("%[]"),
        };
        if (!isAddress)
        {
            problems.Add(node.Line, $"endpoint address {Member.Shown(node)} is no {type} address (BadAddress): give a "
                + (type == AddressType.IPv4 ? "dotted quad without leading zeros" : "literal address without zone"));
            return null;
        }

        return address;
    }
}
