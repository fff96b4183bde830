using System.Collections.Immutable;
using Fairlead.Kubernetes.Reconciling;
using Fairlead.Naming;

namespace Fairlead.Controller.Documents;

/// <summary>Turns what a cluster desires into documents of the namespace.</summary>
internal static class RecordContents
{
    private const string AffinityKey = "affinity";
    private const string ClientIp = "client-ip";

    /// <summary>The content of <paramref name="desired"/>, as <paramref name="publisher"/> would sign it.</summary>
    public static RecordContent Of(DesiredRecord desired, Digest publisher)
    {
        var name = ServicePart.Parse(desired.Name);
        var slices = desired.Slices.Select(slice => Document.Make(SliceOf(name, slice))).ToList();
        var ext = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
        var record = new Record
        {
            Continuity = desired.Continuity is { } continuity ? Milliseconds(continuity) : null,
            Expires = 0,
            Ext = desired.HasClientIpAffinity ? ext.Add(AffinityKey, ClientIp) : ext,
            Identities = [.. desired.Identities],
            Issued = 0,
            Kind = desired.IsHeadless ? RecordKind.Headless : RecordKind.Service,
            Name = name,
            Opening = default,
            Ports = [.. desired.Ports.Select(PortOf)],
            Publisher = publisher,
            Slices = [.. slices.Select(slice => new SliceReference
            {
                Count = slice.Value.Endpoints.Length,
                Digest = slice.Digest,
                Region = slice.Value.Region,
            })],
            TtlMax = Milliseconds(desired.TtlMax),
            Uid = default,
            Version = 0,
        };
        return RecordContent.Of(record, [.. slices.Select(slice => slice.Payload)]) with
        {
            EndpointSlices = desired.EndpointSlices,
        };
    }

    private static Port PortOf(DesiredPort port) => new()
    {
        Name = port.Name,
        Number = port.Number,
        Protocol = port.Protocol switch
        {
            Kubernetes.Reconciling.PortProtocol.Http => Naming.PortProtocol.Http,
            Kubernetes.Reconciling.PortProtocol.Http2 => Naming.PortProtocol.Http2,
            Kubernetes.Reconciling.PortProtocol.Grpc => Naming.PortProtocol.Grpc,
            _ => Naming.PortProtocol.Tcp,
        },
    };

    private static Slice SliceOf(ServicePart name, DesiredSlice slice) => new()
    {
        Endpoints = [.. slice.Endpoints.Select(EndpointOf)],
        Name = name,
        Ports = [.. slice.Ports],
        Region = slice.Region,
    };

    private static SliceEndpoint EndpointOf(DesiredEndpoint endpoint) => new()
    {
        Address = endpoint.Address,
        Host = endpoint.Host,
        Network = endpoint.Network,
        State = endpoint.State switch
        {
            Kubernetes.Reconciling.EndpointState.Draining => Naming.EndpointState.Draining,
            Kubernetes.Reconciling.EndpointState.Unready => Naming.EndpointState.Unready,
            _ => null,
        },
        Weight = endpoint.Weight,
        Zone = endpoint.Zone,
    };

    private static long Milliseconds(TimeSpan value) => (long)value.TotalMilliseconds;
}
