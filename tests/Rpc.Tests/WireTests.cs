using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;

namespace Fairlead.Rpc.Tests;

public sealed class WireTests
{
    [Theory]
    [InlineData("1H", 3600_000)]
    [InlineData("2M", 120_000)]
    [InlineData("3S", 3_000)]
    [InlineData("4m", 4)]
    [InlineData("99999999m", 99_999_999)]
    public void Timeout_Parses(string text, long milliseconds)
    {
        Assert.True(GrpcTimeout.TryParse(text, out var timeout));
        Assert.Equal(milliseconds, timeout.TotalMilliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("m")]
    [InlineData("-1m")]
    [InlineData("1")]
    [InlineData("1x")]
    [InlineData("100000000m")]
    [InlineData(" 1m")]
    public void Timeout_Malformed_IsRefused(string text) => Assert.False(GrpcTimeout.TryParse(text, out _));

    [Theory]
    [InlineData(1)]
    [InlineData(10_000_000)]
    [InlineData(123_456_789_012)]
    [InlineData(9_223_372_036_854_775)]
    public void Timeout_RoundTrip_IsNeverShorterAndCloseBy(long ticks)
    {
        Assert.True(GrpcTimeout.TryParse(GrpcTimeout.Format(TimeSpan.FromTicks(ticks)), out var back));
        Assert.InRange(back.Ticks, ticks, (ticks * 1.001) + 10);
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("100 %", "100 %25")]
    [InlineData("é\n", "%C3%A9%0A")]
    public void StatusMessage_RoundTrips(string text, string wire)
    {
        Assert.Equal(wire, StatusMessage.Encode(text));
        Assert.Equal(text, StatusMessage.Decode(wire));
    }

    [Theory]
    [InlineData("%", "%")]
    [InlineData("%4", "%4")]
    [InlineData("%zz!", "%zz!")]
    [InlineData("%FF", "\uFFFD")]
    public void StatusMessage_Malformed_StillDecodes(string wire, string text) =>
        Assert.Equal(text, StatusMessage.Decode(wire));

    [Fact]
    public async Task Reader_AnySplitOfTheBytes_GivesTheSameMessages()
    {
        byte[] bytes = [0, 0, 0, 0, 2, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9];
        byte[] two = [7, 8], one = [9];
        for (var split = 0; split <= bytes.Length; split++)
        {
            var pipe = new Pipe();
            var reader = new MessageReader(pipe.Reader, 10, false);
            var first = reader.ReadAsync(EchoService.Raw, Servers.Token).AsTask();
            await pipe.Writer.WriteAsync(bytes.AsMemory(0, split), Servers.Token);
            await pipe.Writer.WriteAsync(bytes.AsMemory(split), Servers.Token);
            await pipe.Writer.CompleteAsync();
            Assert.Equal(two, await first);
            Assert.Equal(Array.Empty<byte>(), await reader.ReadAsync(EchoService.Raw, Servers.Token));
            Assert.Equal(one, await reader.ReadAsync(EchoService.Raw, Servers.Token));
            Assert.Null(await reader.ReadAsync(EchoService.Raw, Servers.Token));
        }
    }

    [Theory]
    [InlineData(new byte[] { 2, 0, 0, 0, 0 }, StatusCode.Internal)]
    [InlineData(new byte[] { 1, 0, 0, 0, 1, 0 }, StatusCode.Internal)]
    [InlineData(new byte[] { 0, 0, 0, 0, 11 }, StatusCode.ResourceExhausted)]
    [InlineData(new byte[] { 0, 255, 255, 255, 255 }, StatusCode.ResourceExhausted)]
    [InlineData(new byte[] { 0, 0, 0, 0, 3, 1 }, StatusCode.Internal)]
    [InlineData(new byte[] { 0, 0 }, StatusCode.Internal)]
    public async Task Reader_BadBytes_AreRefusedByCode(byte[] bytes, StatusCode code)
    {
        var reader = new MessageReader(PipeReader.Create(new ReadOnlySequence<byte>(bytes)), 10, false);
        var failure = await Servers.FailsAsync(reader.ReadAsync(EchoService.Raw, Servers.Token).AsTask());
        Assert.Equal(code, failure.StatusCode);
    }

    [Fact]
    public async Task Reader_LargeMessage_IsReadInPieces_WhereItsMarshallerDoes()
    {
        byte[] bytes = [0, 0, 0, 0, 12, .. "abcdefghijkl"u8, 0, 0, 0, 0, 1, 9];
        byte[] ends = [(byte)'a', (byte)'l'], one = [9];
        var marshaller = new Marshaller<byte[]>(value => value, value => value) { Larger = () => new Ends() };
        for (var split = 0; split <= bytes.Length; split++)
        {
            var pipe = new Pipe();
            var reader = new MessageReader(pipe.Reader, 10, false);
            var first = reader.ReadAsync(marshaller, Servers.Token).AsTask();
            await pipe.Writer.WriteAsync(bytes.AsMemory(0, split), Servers.Token);
            await pipe.Writer.WriteAsync(bytes.AsMemory(split), Servers.Token);
            await pipe.Writer.CompleteAsync();
            Assert.Equal(ends, await first);
            Assert.Equal(one, await reader.ReadAsync(marshaller, Servers.Token));
            Assert.Null(await reader.ReadAsync(marshaller, Servers.Token));
        }

        var cut = new MessageReader(PipeReader.Create(new ReadOnlySequence<byte>(bytes.AsMemory(0, 9))), 10, false);
        var failure = await Servers.FailsAsync(cut.ReadAsync(marshaller, Servers.Token).AsTask());
        Assert.Equal(StatusCode.Internal, failure.StatusCode);
    }

    [Fact]
    public void Gzip_Bomb_IsRefusedAtTheLimit()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(new byte[10_000_000]);
        }

        var payload = new ReadOnlySequence<byte>(packed.ToArray());
        Assert.Equal(10_000_000, GzipMessage.Decompress(payload, 10_000_000).Length);
        var failure = Assert.Throws<RpcException>(() => GzipMessage.Decompress(payload, 9_999_999));
        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
        Assert.Throws<RpcException>(() => GzipMessage.Decompress(new ReadOnlySequence<byte>([1, 2, 3, 4]), 100));
    }

    [Theory]
    [InlineData("a b", "x")]
    [InlineData("a-bin", "x")]
    [InlineData("a", "é")]
    [InlineData("a", "line\nfeed")]
    public void Metadata_OutsideItsAlphabet_Throws(string key, string value) =>
        Assert.Throws<ArgumentException>(() => new Metadata { { key, value } });

    [Fact]
    public void Metadata_BinaryFromTheWire_TakesPaddingAndListsAndRefusesRubbish()
    {
        var metadata = new Metadata();
        MetadataHeaders.Read(metadata, "X-Bin", "AQ==, AQI,");
        Assert.Equal([[1], [1, 2], []], metadata.GetAll("x-bin").Select(entry => entry.ValueBytes));
        MetadataHeaders.Read(metadata, "grpc-timeout", "1m");
        Assert.Equal(3, metadata.Count);
        Assert.Throws<RpcException>(() => MetadataHeaders.Read(metadata, "x-bin", "!"));
    }

    // Keeps the first and the last byte.
    private sealed class Ends : LargeMessage
    {
        private readonly List<byte> _kept = [];

        public override void Take(ReadOnlySpan<byte> bytes) => _kept.AddRange(bytes);

        public override ReadOnlyMemory<byte> End() => (byte[])[_kept[0], _kept[^1]];
    }
}
