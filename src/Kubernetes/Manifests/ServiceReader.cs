using Fairlead.Kubernetes.Objects;

namespace Fairlead.Kubernetes.Manifests;

/// <summary>Reads a Service.</summary>
internal static class ServiceReader
{
    /// <summary>The Service that <paramref name="header"/> opens; defaults are those of the API.</summary>
    public static Service Read(ObjectHeader header, ProblemList problems)
    {
        var spec = Member.Map(header.Root, "spec", problems) ?? ManifestNode.Absent(header.Root.Line);
        return new(
            header.Key,
            Type(spec, problems),
            Member.Text(spec, "clusterIP", problems) == "None",
            Ports(header, spec, problems),
            HasAffinity(spec, problems),
            AnnotationReader.Read(header, problems),
            problems.At(header.Root.Line));
    }

    private static ServiceType Type(ManifestNode spec, ProblemList problems)
    {
        switch (Member.Text(spec, "type", problems))
        {
            case null or "ClusterIP":
                return ServiceType.ClusterIP;
            case "NodePort":
                return ServiceType.NodePort;
            case "LoadBalancer":
                return ServiceType.LoadBalancer;
            case "ExternalName":
                return ServiceType.ExternalName;
            default:
                var node = spec["type"]!;
                problems.Add(node.Line, $"spec.type {Member.Shown(node)} is unknown: use ClusterIP, NodePort, "
                    + "LoadBalancer or ExternalName");
                return ServiceType.ClusterIP;
        }
    }

    private static bool HasAffinity(ManifestNode spec, ProblemList problems)
    {
        switch (Member.Text(spec, "sessionAffinity", problems))
        {
            case null or "None":
                return false;
            case "ClientIP":
                return true;
            default:
                var node = spec["sessionAffinity"]!;
                problems.Add(
                    node.Line, $"spec.sessionAffinity {Member.Shown(node)} is unknown: use None or ClientIP");
                return false;
        }
    }

    private static List<ServicePort> Ports(ObjectHeader header, ManifestNode spec, ProblemList problems)
    {
        var ports = new List<ServicePort>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var numbers = new HashSet<(int, TransportProtocol)>();
        foreach (var item in Member.List(spec, "ports", problems))
        {
            var name = PortReader.Name(item, problems);
            var transport = PortReader.Transport(item, problems);
            if (item["port"] is null)
            {
                problems.Add(item.Line, $"a port of {header} has no port number: add port, from 1 to 65535");
            }

            if (Member.Port(item, "port", problems) is not { } number)
            {
                continue;
            }

            if (!names.Add(name))
            {
                problems.Add(item.Line, name.Length == 0
                    ? $"{header} has several ports, so each needs a name"
                    : $"{header} has two ports named '{name}': rename one of them");
            }

            if (!numbers.Add((number, transport)))
            {
                problems.Add(item.Line, $"{header} has port {number} twice for one protocol: remove one of them");
            }

            ports.Add(new(name.Length == 0 ? null : name, number, transport, PortReader.AppProtocol(item, problems)));
        }

        return ports;
    }
}
