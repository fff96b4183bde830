using Fairlead.Kubernetes.Manifests;
using Fairlead.Kubernetes.Objects;
using Fairlead.Naming;

namespace Fairlead.Kubernetes.Reconciling;

/// <summary>Builds one desired record; what it leaves out or cannot express goes to the list of problems.</summary>
internal sealed class RecordBuilder(ReconcileOptions options, List<ManifestProblem> problems)
{
    private const int PortsMax = 100;

    /// <summary>The record of <paramref name="service"/>; null when it cannot be expressed.</summary>
    public DesiredRecord? Build(Service service, IEnumerable<EndpointSlice> slices)
    {
        var name = Reconciler.NameOf(service.Key);
        var ports = TcpPorts(service);
        if (ports.Count == 0 || !NameFits(service, name))
        {
            return null;
        }

        var (groups, read) = (new List<SliceGroup>(), 0);
        foreach (var slice in slices.OrderBy(slice => slice.AddressType).ThenBy(slice => slice.Key))
        {
            if (slice.AddressType == AddressType.Fqdn)
            {
                problems.Add(
                    new(slice.Location, $"EndpointSlice {slice.Key} has addressType FQDN, whose names a record "
                    + "cannot carry, so it is left out: export endpoints with IPv4 or IPv6 addresses"));
                continue;
            }

            read++;
            if (TargetPorts(ports, slice) is { } targets)
            {
                var network = slice.Network ?? options.Network;
                groups.Add(new(
                    targets, [.. slice.Endpoints.Select(endpoint => Desired(service, endpoint, network))], network));
            }
        }

        if (SlicePacker.Pack(groups, options.Region) is not { } packed)
        {
            problems.Add(new(service.Location, $"Service {service.Key} has more endpoints than {Reconciler.SlicesMax} "
                + $"slices of {Reconciler.SliceEndpointsMax} hold, so its record stays as it was: split the Service"));
            return null;
        }

        var fits = packed.SelectMany(slice => slice.Endpoints).All(endpoint => HostFits(service, name, endpoint));
        var annotations = service.Annotations;
        return !fits ? null : new(
            name,
            service.IsHeadless,
            [.. ports.Select(port => new DesiredPort(port.Name, port.Number, PortProtocols.Of(port)))],
            packed,
            annotations.TtlMax ?? options.TtlMax,
            annotations.Continuity,
            annotations.Identities,
            service.HasClientIpAffinity)
        {
            EndpointSlices = read,
        };
    }

    private static DesiredEndpoint Desired(Service service, Endpoint endpoint, string? network) => new(
        IpAddress.Format(endpoint.Address),
        service.IsHeadless ? endpoint.Hostname : null,
        endpoint.Zone,
        endpoint switch
        {
            { Ready: true } => EndpointState.Ready,
            { Serving: true, Terminating: true } => EndpointState.Draining,
            _ => EndpointState.Unready,
        },
        service.Annotations.Weight)
    {
        Network = network,
    };

    // By (number, protocol), as a record lists them; a number stands once, since TCP has it once.
    private List<ServicePort> TcpPorts(Service service)
    {
        var ports = service.Ports.Where(port => port.Transport == TransportProtocol.Tcp)
            .OrderBy(port => port.Number)
            .ToList();
        var other = service.Ports.Count - ports.Count;
        if (other > 0 && ports.Count > 0)
        {
            problems.Add(new(service.Location, $"Service {service.Key} has {other} port(s) that are not TCP, which a "
                + "record cannot carry: they are left out"));
        }

        if (ports.Count is > 0 and <= PortsMax)
        {
            return ports;
        }

        problems.Add(new(service.Location, ports.Count == 0
            ? $"Service {service.Key} has no TCP port, so nothing can be published for it: add one under "
                + "spec.ports, or remove the export"
            : $"Service {service.Key} has {ports.Count} ports, and a record carries {PortsMax}: split the Service"));
        return [];
    }

    // A slice's ports are matched by name. Kubernetes puts endpoints with other ports into other slices, and pods that
    // lack a named port into one without it: they serve the others, and 0 stands for that one.
    private List<int>? TargetPorts(List<ServicePort> ports, EndpointSlice slice)
    {
        if (slice.Endpoints.Count == 0)
        {
            return null;
        }

        var (targets, missing) = (new List<int>(ports.Count), new List<string>());
        foreach (var port in ports)
        {
            var match = slice.Ports.FirstOrDefault(candidate => candidate.Transport == TransportProtocol.Tcp
                && candidate.Name == (port.Name ?? string.Empty));
            targets.Add(match is null ? 0 : match.Number ?? port.Number);
            if (match is null)
            {
                missing.Add($"'{port.Name ?? string.Empty}' for port {port.Number}");
            }
        }

        var servesNone = missing.Count == ports.Count;
        if (missing.Count > 0)
        {
            problems.Add(new(slice.Location, $"EndpointSlice {slice.Key} has no TCP port named "
                + $"{string.Join(", ", missing)} of its Service, so its endpoints "
                + (servesNone ? "are left out" : "do not serve them") + ": name the port alike in both"));
        }

        return servesNone ? null : targets;
    }

    private bool NameFits(Service service, string name) =>
        Fits(service, $"{name}.{options.Segment}", "shorten the Service's name or namespace");

    private bool HostFits(Service service, string name, DesiredEndpoint endpoint) => endpoint.Host is null
        || Fits(service, $"{endpoint.Host}.{name}.{options.Segment}", "shorten the endpoint's hostname");

    private bool Fits(Service service, string fullName, string remedy)
    {
        if (fullName.Length <= Limits.NameBytes)
        {
            return true;
        }

        problems.Add(new(service.Location, $"the full name '{fullName}' has {fullName.Length} bytes of at most "
            + $"{Limits.NameBytes}: {remedy}"));
        return false;
    }
}
