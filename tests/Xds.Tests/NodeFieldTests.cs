using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.Xds.Delta;
using Fairlead.Xds.Sotw;
using Google.Protobuf;
using Xunit;

namespace Fairlead.Xds.Tests;

/// <summary>An Envoy says in each request who it is, in tens of kilobytes: that is read once a stream.</summary>
public sealed class NodeFieldTests
{
    private const int NodeBytes = 50_000;

    // A field of that length which is no node: whoever reads it throws.
    private static readonly byte[] Unreadable = [.. Enumerable.Repeat((byte)0xFF, NodeBytes)];

    [Fact]
    public void Node_OfADeltaRequest_IsReadInTheFirst()
    {
        var parser = new DeltaRequestParser();
        var first = new DeltaDiscoveryRequest { Node = Large(), TypeUrl = "t", ResourceNamesSubscribe = { "a" } };
        Assert.Equal("n", parser.Parse(first.ToByteArray()).Node.Id);
        var rest = new DeltaDiscoveryRequest { TypeUrl = "t", ResourceNamesSubscribe = { "b" }, ResponseNonce = "1" };
        var read = parser.Parse([.. Field(1), .. rest.ToByteArray()]);
        Assert.Equal(rest, read);
        Assert.Equal(rest, parser.Parse(rest.ToByteArray()));
        Assert.Throws<InvalidProtocolBufferException>(
            () => new DeltaRequestParser().Parse([.. Field(1), .. rest.ToByteArray()]));
    }

    [Fact]
    public void Node_OfASotwRequest_IsReadInTheFirst()
    {
        var parser = new SotwRequestParser();
        var first = new DiscoveryRequest { Node = Large(), TypeUrl = "t", ResourceNames = { "a" } };
        Assert.Equal("n", parser.Parse(first.ToByteArray()).Node!.Id);
        var version = new DiscoveryRequest { VersionInfo = "v" }.ToByteArray();
        var rest = new DiscoveryRequest { TypeUrl = "t", ResourceNames = { "b", "c" }, ResponseNonce = "1" };
        var read = parser.Parse([.. version, .. Field(2), .. rest.ToByteArray()]);
        Assert.Equal(("t", "v", "1"), (read.TypeUrl, read.Version, read.Nonce));
        Assert.Equal(["b", "c"], read.Names.Names);
        Assert.Equal(["b"], parser.Parse([.. Field(2),
            .. new DiscoveryRequest { TypeUrl = "t", ResourceNames = { "b" } }.ToByteArray()]).Names.Names);
    }

    private static byte[] Field(int number)
    {
        var bytes = new byte[NodeBytes + 4];
        using var output = new CodedOutputStream(bytes);
        output.WriteTag(number, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(Unreadable));
        output.Flush();
        return bytes;
    }

    private static Node Large() => new() { Id = "n", UserAgentName = new string('x', NodeBytes) };
}
