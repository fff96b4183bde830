using System.Buffers;
using Fairlead.Xds.Streams;

namespace Fairlead.Xds.Sotw;

/// <summary>
/// A DiscoveryResponse that is written straight from the resources' own bytes: nothing is serialized again for each
/// stream. Immutable.
/// </summary>
internal sealed class SotwResponse : IDiscoveryResponse
{
    private const byte VersionTag = 0x0A;
    private const byte TypeUrlTag = 0x22;
    private const byte NonceTag = 0x2A;
    private const byte ControlPlaneTag = 0x32;
    private const byte IdentifierTag = 0x0A;

    private readonly string _controlPlane;

    public SotwResponse(
        string typeUrl, string version, string nonce, string controlPlane, IReadOnlyList<Resource> resources)
    {
        TypeUrl = typeUrl;
        Version = version;
        Nonce = nonce;
        Resources = resources;
        _controlPlane = controlPlane;
        Size = Wire.SizeOf(version) + Wire.SizeOf(typeUrl) + Wire.SizeOf(nonce)
            + Wire.SizeOf(Wire.SizeOf(controlPlane));
        foreach (var resource in resources)
        {
            Size += resource.Framed.Length;
        }
    }

    public string TypeUrl { get; }

    public string Version { get; }

    public string Nonce { get; }

    public IReadOnlyList<Resource> Resources { get; }

    public int Count => Resources.Count;

    public int Size { get; }

    public void WriteTo(IBufferWriter<byte> output)
    {
        Wire.WriteString(output, VersionTag, Version);
        foreach (var resource in Resources)
        {
            output.Write(resource.Framed);
        }

        Wire.WriteString(output, TypeUrlTag, TypeUrl);
        Wire.WriteString(output, NonceTag, Nonce);
        Wire.WriteHead(output, ControlPlaneTag, Wire.SizeOf(_controlPlane));
        Wire.WriteString(output, IdentifierTag, _controlPlane);
    }
}
