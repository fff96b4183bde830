using System.Net;
using System.Net.Sockets;
using Fairlead.Cli.Demo;
using Xunit;

namespace Fairlead.Cli.Tests.Demo;

public sealed class AddressBlockTests
{
    private static readonly IPEndPoint Needed = new(IPAddress.Parse("127.0.200.7"), 18123);

    [Fact]
    public void Claim_WhileAnotherHolds_IsAnotherBlock()
    {
        using var first = AddressBlock.Claim([Needed]);
        using var second = AddressBlock.Claim([Needed]);

        Assert.NotEqual(first.Number, second.Number);
        Assert.Empty(first.Ports(22).Intersect(second.Ports(22)));
    }

    [Fact]
    public void Claim_NeededAddressInUse_SkipsTheBlock()
    {
        IPEndPoint address;
        using (var free = AddressBlock.Claim([Needed]))
        {
            address = free.Move(Needed);
        }

        using var listener = new TcpListener(address);
        listener.Start();
        using var block = AddressBlock.Claim([Needed]);

        Assert.NotEqual(address, block.Move(Needed));
        Assert.True(FreePorts.IsFree(block.Move(Needed)));
    }

    [Fact]
    public void Move_Text_ChangesTheBlocksOwnAddressesAlone()
    {
        using var zero = AddressBlock.Claim([]);
        using var block = AddressBlock.Claim([]);

        Assert.Equal(
            $"[127.{block.Number}.21.11, 127.0.0.1, 10.0.21.11, 127.0.0, 127.{block.Number}.0.12]",
            block.Move("[127.0.21.11, 127.0.0.1, 10.0.21.11, 127.0.0, 127.0.0.12]"));
    }
}
