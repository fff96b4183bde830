using Fairlead.Kubernetes.Objects;

namespace Fairlead.Kubernetes.Manifests;

/// <summary>Reads what the ports of Services and of EndpointSlices share.</summary>
internal static class PortReader
{
    /// <summary>The port's name; empty for an unnamed one.</summary>
    public static string Name(ManifestNode port, ProblemList problems)
    {
        var name = Member.Text(port, "name", problems) ?? string.Empty;
        if (name.Length > 0 && !ObjectNames.IsLabel(name))
        {
            var node = port["name"]!;
            problems.Add(node.Line, $"port name {Member.Shown(node)} is out of the limits: {ObjectNames.LabelRule}");
        }

        return name;
    }

    /// <summary>The port's transport; TCP where it has none.</summary>
    public static TransportProtocol Transport(ManifestNode port, ProblemList problems)
    {
        switch (Member.Text(port, "protocol", problems))
        {
            case null or "TCP":
                return TransportProtocol.Tcp;
            case "UDP":
                return TransportProtocol.Udp;
            case "SCTP":
                return TransportProtocol.Sctp;
            default:
                var node = port["protocol"]!;
                problems.Add(
                    node.Line, $"protocol {Member.Shown(node)} is unknown: use TCP, UDP or SCTP (what is spoken "
                    + "over the port goes to appProtocol)");
                return TransportProtocol.Tcp;
        }
    }

    /// <summary>What is spoken over the port, where it says so.</summary>
    public static string? AppProtocol(ManifestNode port, ProblemList problems)
    {
        var text = Member.Text(port, "appProtocol", problems);
        return string.IsNullOrEmpty(text) ? null : text;
    }
}
