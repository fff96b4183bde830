using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.EnvoyApi.Rpc;
using Fairlead.Xds.Sotw;
using Google.Protobuf;
using Xunit;

namespace Fairlead.Xds.Tests.Sotw;

/// <summary>A list of names that is repeated is not read again, and any other is.</summary>
public sealed class SotwRequestParserTests
{
    private static readonly string[] Eds = ["a", "b:80", "long-name.shop.svc.us1.internal:9000"];

    private static readonly string EdsUrl = ResourceType.Endpoints.TypeUrl;

    private readonly SotwRequestParser _parser = new();

    [Fact]
    public void List_ThatIsRepeated_IsTheSame()
    {
        var first = Parse(Request(EdsUrl, Eds, "", node: new Node { Id = "n" }));
        Assert.Equal((EdsUrl, "", "n"), (first.TypeUrl, first.Nonce, first.Node?.Id));
        var again = Parse(Request(EdsUrl, Eds, "7", "v"));
        Assert.Same(first.Names, again.Names);
        Assert.Equal((EdsUrl, "7", null), (again.TypeUrl, again.Nonce, again.Error));
    }

    [Fact]
    public void Lists_OfOtherTypes_AreKeptApart()
    {
        var eds = Parse(Request(EdsUrl, Eds, ""));
        var cds = Parse(Request(ResourceType.Cluster.TypeUrl, [], ""));
        var unsaid = Parse(Request("", Eds, ""));
        Assert.NotSame(eds.Names, unsaid.Names);
        Assert.Same(eds.Names, Parse(Request(EdsUrl, Eds, "1")).Names);
        Assert.Same(cds.Names, Parse(Request(ResourceType.Cluster.TypeUrl, [], "2")).Names);
        Assert.Same(unsaid.Names, Parse(Request("", Eds, "3")).Names);
    }

    [Theory]
    [InlineData("a", "b:80")]
    [InlineData("b:80", "a", "long-name.shop.svc.us1.internal:9000")]
    [InlineData("a", "b:80", "long-name.shop.svc.us1.internal:9000", "a")]
    [InlineData("a", "b:80", "long-name.shop.svc.us1.internal:9001")]
    [InlineData("a", "b:8", "0long-name.shop.svc.us1.internal:9000")]
    [InlineData]
    public void List_ThatIsAnother_IsRead(params string[] names)
    {
        var first = Parse(Request(EdsUrl, Eds, ""));
        var other = Parse(Request(EdsUrl, names, "1"));
        Assert.NotSame(first.Names, other.Names);
        Assert.Equal(names, other.Names.Names);
        Assert.Same(other.Names, Parse(Request(EdsUrl, names, "2")).Names);
    }

    [Fact]
    public void Refusal_IsReadWhole()
    {
        Parse(Request(EdsUrl, Eds, ""));
        var refused = Parse(Request(EdsUrl, Eds, "1", "v", new Status { Code = 3, Message = "no" }));
        Assert.Equal((3, "v", "1"), (refused.Error?.Code, refused.Version, refused.Nonce));
        Assert.Equal(Eds, refused.Names.Names);
    }

    [Fact]
    public void Names_WithOtherFieldsBetweenThem_AreReadTogether()
    {
        var first = Parse(Request(EdsUrl, ["a", "b"], ""));
        byte[] split =
        [
            .. new DiscoveryRequest { ResourceNames = { "a" } }.ToByteArray(),
            .. new DiscoveryRequest { TypeUrl = EdsUrl }.ToByteArray(),
            .. new DiscoveryRequest { ResourceNames = { "c" } }.ToByteArray(),
        ];
        Assert.Equal(["a", "c"], _parser.Parse(split).Names.Names);
        Assert.Equal(["a", "b"], first.Names.Names);
    }

    [Fact]
    public void List_OfATypeThatIsNotServed_IsNotKept() =>
        Assert.NotSame(Parse(Request("other", Eds, "")).Names, Parse(Request("other", Eds, "")).Names);

    [Fact]
    public void Types_WithoutEnd_AreReadAndNotKept()
    {
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal([$"n{i}"], Parse(Request($"t{i}", [$"n{i}"], "")).Names.Names);
        }
    }

    /// <summary>Bytes that were damaged are read as the library reads them, or refused as there.</summary>
    /// <remarks>But for nodes after the first request: nobody reads them.</remarks>
    [Fact]
    public void DamagedBytes_AreReadAsTheLibraryDoes()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = Request(EdsUrl, random.Next(2) == 0 ? Eds : ["a", "bé"], "12", "v1").ToByteArray();
            for (var damage = random.Next(3); damage > 0; damage--)
            {
                // Whatever says that it is a node is passed over where the list is the same.
                var value = (byte)random.Next(256);
                bytes[random.Next(bytes.Length)] = value == 0x12 ? (byte)0x13 : value;
            }

            var cut = bytes.AsSpan(0, random.Next(4) == 0 ? random.Next(bytes.Length) : bytes.Length).ToArray();
            Assert.True(
                Library(cut) == Own(cut), $"seed {seed}, {i}: {Convert.ToHexString(cut)} {Library(cut)} {Own(cut)}");
        }
    }

    private string Own(byte[] bytes)
    {
        try
        {
            var read = _parser.Parse(bytes);
            return string.Join('|', [read.TypeUrl, read.Nonce, .. read.Names.Names]);
        }
        catch (InvalidProtocolBufferException)
        {
            return "refused";
        }
    }

    private static string Library(byte[] bytes)
    {
        try
        {
            var read = DiscoveryRequest.Parser.WithDiscardUnknownFields(true).ParseFrom(bytes);
            return string.Join('|', [read.TypeUrl, read.ResponseNonce, .. read.ResourceNames]);
        }
        catch (InvalidProtocolBufferException)
        {
            return "refused";
        }
    }

    private SotwRequest Parse(DiscoveryRequest request) => _parser.Parse(request.ToByteArray());

    private static DiscoveryRequest Request(
        string type, string[] names, string nonce, string version = "", Status? error = null, Node? node = null) =>
        new()
        {
            TypeUrl = type, ResourceNames = { names }, ResponseNonce = nonce, VersionInfo = version,
            ErrorDetail = error, Node = node,
        };
}
