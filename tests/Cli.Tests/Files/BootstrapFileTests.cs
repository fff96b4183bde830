using System.Text;
using System.Text.Json;
using Fairlead.Naming;
using Fairlead.Protocol.Files;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Cli.Tests.Files;

public sealed class BootstrapFileTests
{
    private static readonly Digest Genesis = Digest.Sha256("eu1"u8);
    private static readonly Subject Frontend = new() { Namespace = "shop", Account = "frontend" };

    private static BootstrapFile Sample { get; } = new(
        new BootstrapFile.Segment(SegmentName.Parse("eu1.internal"), Genesis, new Floor(Genesis, 0)),
        [IpEndpoint.Parse("127.0.0.1:11001")],
        [new BootstrapFile.Segment(SegmentName.Parse("us1.internal"), Digest.Sha256("us1"u8), null)],
        [(TestKeys.Key(1), Frontend)],
        true);

    [Fact]
    public void Decode_WhatWasEncoded_IsTheSame()
    {
        var read = BootstrapFile.Decode(Sample.Encode());

        Assert.Equal(Sample.Encode(), read.Encode());
        Assert.Equal(Sample.Home, read.Home);
        Assert.Equal(Sample.Pins, read.Pins);
        Assert.True(read.UnsafeAllowLoopbackEndpoints);
        Assert.Equal(Frontend, read.SubjectOf(TestKeys.Key(1)));
        Assert.Null(read.SubjectOf(TestKeys.Key(2)));
    }

    [Theory]
    [InlineData("\"name\": \"eu1.internal\"", "\"name\": \"EU1.internal\"", "home.name")]
    [InlineData("\"epoch\": 0", "\"epoch\": -1", "home.floor.epoch")]
    [InlineData("127.0.0.1:11001", "localhost:11001", "home.endpoints[0]")]
    [InlineData("\"account\": \"frontend\"", "\"account\": \"\"", "subjects[0].account")]
    [InlineData("p256:04", "p256:05", "subjects[0].key")]
    public void Decode_WrongValue_NamesItsPlace(string part, string by, string place)
    {
        var text = Encoding.UTF8.GetString(Sample.Encode()).Replace(part, by, StringComparison.Ordinal);

        var wrong = Assert.Throws<FormatException>(() => BootstrapFile.Decode(Encoding.UTF8.GetBytes(text)));

        Assert.Contains(place, wrong.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"home\":", "\"house\":")]
    [InlineData("\"unsafe_allow_loopback_endpoints\": true", "\"unsafe_allow_loopback_endpoints\": true, \"more\": 1")]
    [InlineData(
        "\"unsafe_allow_loopback_endpoints\": true",
        "\"unsafe_allow_loopback_endpoints\": true, \"unsafe_allow_loopback_endpoints\": true")]
    [InlineData("\"unsafe_allow_loopback_endpoints\": true", "\"unsafe_allow_loopback_endpoints\": \"yes\"")]
    public void Decode_AnotherShape_IsRefused(string part, string by)
    {
        var text = Encoding.UTF8.GetString(Sample.Encode()).Replace(part, by, StringComparison.Ordinal);

        Assert.Throws<JsonException>(() => BootstrapFile.Decode(Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>Whoever reads the message knows nothing of this program's types.</summary>
    [Theory]
    [InlineData("", "line 1: no JSON")]
    [InlineData("{\n\"home\": nonsense}", "line 2: no JSON")]
    [InlineData("{}", "line 1: $ lacks 'home'")]
    [InlineData("{\n\"house\": 1}", "line 2: $.house is unknown, stands twice or has another form")]
    [InlineData("{\"home\": {\"name\": 1}}", "line 1: $.home.name is unknown, stands twice or has another form")]
    public async Task Read_AnotherShape_SaysWhereInPlainWords(string text, string words)
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, text, TestContext.Current.CancellationToken);
            var wrong = Assert.Throws<InvalidDataException>(() => BootstrapFile.Read(path));
            Assert.Equal($"bootstrap file {path}: {words}", wrong.Message);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
