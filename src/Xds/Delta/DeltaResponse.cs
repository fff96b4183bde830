using System.Buffers;
using Fairlead.Xds.Streams;

namespace Fairlead.Xds.Delta;

/// <summary>
/// A DeltaDiscoveryResponse that is written straight from the resources' own bytes, which are those of the other
/// variant. No ttl, no alias and no wrapper is ever in it. Immutable.
/// </summary>
internal sealed class DeltaResponse : IDiscoveryResponse
{
    private const byte SystemVersionTag = 0x0A;
    private const byte ResourcesTag = 0x12;
    private const byte TypeUrlTag = 0x22;
    private const byte NonceTag = 0x2A;
    private const byte RemovedTag = 0x32;
    private const byte ControlPlaneTag = 0x3A;
    private const byte IdentifierTag = 0x0A;

    // Within a resource: its version, the Any with the field number that it has in a response too, its name.
    private const byte VersionTag = 0x0A;
    private const byte NameTag = 0x1A;

    private readonly string _controlPlane;

    public DeltaResponse(
        string typeUrl,
        string version,
        string nonce,
        string controlPlane,
        IReadOnlyList<Resource> resources,
        IReadOnlyList<string> removed)
    {
        TypeUrl = typeUrl;
        Version = version;
        Nonce = nonce;
        Resources = resources;
        Removed = removed;
        _controlPlane = controlPlane;
        Size = Wire.SizeOf(version) + Wire.SizeOf(typeUrl) + Wire.SizeOf(nonce)
            + Wire.SizeOf(Wire.SizeOf(controlPlane));
        foreach (var resource in resources)
        {
            Size += Wire.SizeOf(SizeOf(resource));
        }

        foreach (var name in removed)
        {
            Size += Wire.SizeOf(name);
        }
    }

    public string TypeUrl { get; }

    public string Version { get; }

    public string Nonce { get; }

    public IReadOnlyList<Resource> Resources { get; }

    /// <summary>The names of what is there no more.</summary>
    public IReadOnlyList<string> Removed { get; }

    public int Count => Resources.Count;

    public int Size { get; }

    public void WriteTo(IBufferWriter<byte> output)
    {
        Wire.WriteString(output, SystemVersionTag, Version);
        foreach (var resource in Resources)
        {
            Wire.WriteHead(output, ResourcesTag, SizeOf(resource));
            Wire.WriteString(output, VersionTag, resource.Version);
            output.Write(resource.Framed);
            Wire.WriteString(output, NameTag, resource.Name);
        }

        Wire.WriteString(output, TypeUrlTag, TypeUrl);
        Wire.WriteString(output, NonceTag, Nonce);
        foreach (var name in Removed)
        {
            Wire.WriteString(output, RemovedTag, name);
        }

        Wire.WriteHead(output, ControlPlaneTag, Wire.SizeOf(_controlPlane));
        Wire.WriteString(output, IdentifierTag, _controlPlane);
    }

    private static int SizeOf(Resource resource) =>
        Wire.SizeOf(resource.Version) + resource.Framed.Length + Wire.SizeOf(resource.Name);
}
