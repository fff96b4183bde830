using System.Net.Sockets;

namespace Fairlead.Hosting.Tests;

/// <summary>What an operator is told to do where an address cannot be listened at: it fits the reason.</summary>
public sealed class ListenTroubleTests
{
    [Theory]
    [InlineData(SocketError.AddressAlreadyInUse, "end what uses the address, or change admin")]
    [InlineData(
        SocketError.AccessDenied,
        "a port below 1024 takes the capability CAP_NET_BIND_SERVICE: give it to the program, or change admin")]
    [InlineData(SocketError.AddressNotAvailable, "this machine has no such address: change admin")]
    [InlineData(SocketError.AddressFamilyNotSupported, "change admin")]
    public void Remedy_FitsTheReason(SocketError reason, string remedy)
    {
        var error = new SocketException((int)reason);
        Assert.Equal($"admin: {error.Message}; {remedy}", ListenTrouble.At("admin", error, "change admin"));
        var wrapped = new IOException("cannot.", new InvalidOperationException("", error));
        Assert.Equal($"admin: {error.Message}; {remedy}", ListenTrouble.At("admin", wrapped, "change admin"));
        Assert.Equal($"cannot listen: cannot; {remedy}", ListenTrouble.Of(wrapped, "change admin"));
    }

    [Fact]
    public void Reason_ThatIsNoSockets_IsTheServersOwn()
    {
        var error = new IOException("cannot.");
        Assert.Equal("admin: cannot; change admin", ListenTrouble.At("admin", error, "change admin"));
        Assert.Equal("cannot listen: cannot; change admin", ListenTrouble.Of(error, "change admin"));
    }
}
