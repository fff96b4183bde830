using Google.Protobuf;

namespace Fairlead.Xds.Sotw;

/// <summary>
/// A DiscoveryResponse that is written straight from the resources' own bytes: nothing is serialized again for each
/// stream. Immutable.
/// </summary>
internal sealed class SotwResponse
{
    private const byte VersionTag = 0x0A;
    private const byte TypeUrlTag = 0x22;
    private const byte NonceTag = 0x2A;
    private const byte ControlPlaneTag = 0x32;
    private const byte IdentifierTag = 0x0A;

    private readonly string _controlPlane;
    private readonly int _controlPlaneSize;

    public SotwResponse(
        string typeUrl, string version, string nonce, string controlPlane, IReadOnlyList<Resource> resources)
    {
        TypeUrl = typeUrl;
        Version = version;
        Nonce = nonce;
        Resources = resources;
        _controlPlane = controlPlane;
        _controlPlaneSize = 1 + CodedOutputStream.ComputeStringSize(controlPlane);
        Size = 4 + CodedOutputStream.ComputeStringSize(version)
            + CodedOutputStream.ComputeStringSize(typeUrl)
            + CodedOutputStream.ComputeStringSize(nonce)
            + CodedOutputStream.ComputeLengthSize(_controlPlaneSize) + _controlPlaneSize;
        foreach (var resource in resources)
        {
            Size += resource.Framed.Length;
        }
    }

    public string TypeUrl { get; }

    public string Version { get; }

    public string Nonce { get; }

    public IReadOnlyList<Resource> Resources { get; }

    /// <summary>The length in bytes.</summary>
    public int Size { get; }

    /// <summary>Writes exactly <see cref="Size"/> bytes.</summary>
    public void WriteTo(Span<byte> output)
    {
        output = WriteString(output, VersionTag, Version);
        foreach (var resource in Resources)
        {
            resource.Framed.CopyTo(output);
            output = output[resource.Framed.Length..];
        }

        output = WriteString(output, TypeUrlTag, TypeUrl);
        output = WriteString(output, NonceTag, Nonce);
        output[0] = ControlPlaneTag;
        output = WriteLength(output[1..], _controlPlaneSize);
        WriteString(output, IdentifierTag, _controlPlane);
    }

    private static Span<byte> WriteString(Span<byte> output, byte tag, string value)
    {
        output[0] = tag;
        output = WriteLength(output[1..], System.Text.Encoding.UTF8.GetByteCount(value));
        return output[System.Text.Encoding.UTF8.GetBytes(value, output)..];
    }

    private static Span<byte> WriteLength(Span<byte> output, int length)
    {
        var rest = (uint)length;
        var at = 0;
        for (; rest >= 0x80; rest >>= 7)
        {
            output[at++] = (byte)(rest | 0x80);
        }

        output[at] = (byte)rest;
        return output[(at + 1)..];
    }
}
