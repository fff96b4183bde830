using System.Net;
using System.Net.Sockets;
using Fairlead.Cli.Demo;
using Xunit;

namespace Fairlead.Cli.Tests.Demo;

/// <summary>The demo's own DNS client, against a server that says what a test has it say.</summary>
public sealed class DnsQuestionTests
{
    private static readonly byte[] Asked = [1, (byte)'a', 1, (byte)'b', 0, 0, 1, 0, 1];

    [Fact]
    public async Task Answer_WithACompressedNameAndAnAlias_GivesTheAddresses()
    {
        var said = await AskAsync(Message(
            0x8180, 2,
            [0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 5, 0, 2, 0xC0, 14],
            [1, (byte)'b', 0, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 127, 99, 1, 2]));
        Assert.Equal("NOERROR", said.Status);
        Assert.Equal(["127.99.1.2"], said.Addresses.Select(address => address.ToString()));
    }

    [Theory]
    [InlineData(0x8183, "NXDOMAIN")]
    [InlineData(0x8182, "SERVFAIL")]
    [InlineData(0x8189, "9")]
    public async Task Code_IsCalledAsDigCallsIt(int flags, string expected)
    {
        var said = await AskAsync(Message(flags, 0));
        Assert.Equal(expected, said.Status);
        Assert.Empty(said.Addresses);
    }

    [Fact]
    public async Task Bytes_ThatAreNoAnswer_FailTheCheck()
    {
        byte[] whole = Message(0x8180, 1, [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 127, 99, 1, 2]);
        byte[] another = [.. whole];
        another[0]++;
        byte[] question = [.. whole];
        question[2] = 1;
        foreach (var bytes in new[] { [], whole[..7], whole[..20], whole[..^1], another, question })
        {
            await Assert.ThrowsAsync<CheckFailedException>(() => AskAsync(bytes));
        }
    }

    private static byte[] Message(int flags, byte answers, params byte[][] records) =>
        [0x46, 0x41, (byte)(flags >> 8), (byte)flags, 0, 1, 0, answers, 0, 0, 0, 0, .. Asked,
            .. records.SelectMany(record => record)];

    private static async Task<DnsSaid> AskAsync(byte[] answer)
    {
        var token = TestContext.Current.CancellationToken;
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var asking = DnsQuestion.AskByItselfAsync((IPEndPoint)server.LocalEndPoint!, "a.b", token);
        var buffer = new byte[512];
        var got = await server.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), token);
        byte[] expected = [0x46, 0x41, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. Asked];
        Assert.Equal(expected, buffer[..got.ReceivedBytes]);
        await server.SendToAsync(answer, got.RemoteEndPoint, token);
        return await asking;
    }
}
