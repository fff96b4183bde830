using System.Net;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Naming.Tests.Names;

/// <summary>Literal addresses have one form each (4.0, RFC 5952).</summary>
public sealed class IpAddressTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("2001:db8::1")]
    [InlineData("2001:db8:0:1:1:1:1:1")]
    [InlineData("2001:0:0:1::1")]
    [InlineData("2001:db8::1:0:0:1")]
    [InlineData("1:2:3:4:5:6:7:8")]
    [InlineData("1::")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::102:304")]
    [InlineData("64:ff9b::a00:1")]
    public void TryParse_OfTheOneForm_Passes(string text) =>
        Assert.Equal(text, IpAddress.Format(IpAddress.Parse(text)));

    [Theory]
    [MaliciousInput(113, "010.0.0.1: BadAddress")]
    [InlineData("010.0.0.1")]
    [InlineData("10.0.0.01")]
    [InlineData("0x0a.0.0.1")]
    [InlineData("10.1")]
    [InlineData("167772161")]
    [InlineData("10.0.0.256")]
    [InlineData("10.0.0.1.")]
    [InlineData(" 10.0.0.1")]
    [InlineData("2001:DB8::1")]
    [InlineData("2001:db8:0:0:0:0:0:1")]
    [InlineData("2001:db8::0:1")]
    [InlineData("2001:db8::1:1:1:1:1")]
    [InlineData("2001::1:0:0:0:1")]
    [InlineData("02001:db8::1")]
    [InlineData("::1.2.3.4")]
    [InlineData("::ffff:7f00:1")]
    [InlineData("fe80::1%eth0")]
    [InlineData("fe80::1%1")]
    [InlineData("[::1]")]
    [InlineData("::1/128")]
    [InlineData("localhost")]
    [InlineData("")]
    public void TryParse_OfAnotherForm_IsRefused(string text)
    {
        Assert.False(IpAddress.TryParse(text, out _, out var refusal));
        Assert.Equal(VerificationFailure.BadAddress, refusal.Failure);
    }

    [Fact]
    public void Format_OfRandomAddresses_ReadsBack()
    {
        const int Seed = 4711;
        output.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        var bytes = new byte[16];
        for (var i = 0; i < 5000; i++)
        {
            random.NextBytes(bytes);
            for (var group = 0; group < 8; group++)
            {
                if (random.Next(3) > 0)
                {
                    bytes[2 * group] = 0;
                    bytes[(2 * group) + 1] = (byte)(random.Next(2) == 0 ? 0 : random.Next(16));
                }
            }

            var address = new IPAddress(bytes);
            Assert.Equal(address, IpAddress.Parse(IpAddress.Format(address)));
        }
    }

    [Theory]
    [InlineData("10.0.0.1:443", 443)]
    [InlineData("[2001:db8::1]:1", 1)]
    [InlineData("0.0.0.0:65535", 65535)]
    public void IpEndpoint_OfTheOneForm_Passes(string text, int port)
    {
        var endpoint = IpEndpoint.Parse(text);
        Assert.Equal(port, endpoint.Port);
        Assert.Equal(text, IpEndpoint.Of(endpoint.Address, port).Text);
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("10.0.0.1:0")]
    [InlineData("10.0.0.1:080")]
    [InlineData("10.0.0.1:65536")]
    [InlineData("10.0.0.1:+1")]
    [InlineData("10.0.0.1: 1")]
    [InlineData("[10.0.0.1]:1")]
    [InlineData("2001:db8::1:1")]
    [InlineData("2001:db8::1")]
    [InlineData("[::1]")]
    [InlineData("[::1%1]:1")]
    [InlineData("example.com:1")]
    [InlineData(":1")]
    [InlineData("")]
    public void IpEndpoint_OfAnotherForm_IsRefused(string text)
    {
        Assert.False(IpEndpoint.TryParse(text, out _, out var refusal));
        Assert.Equal(VerificationFailure.BadAddress, refusal.Failure);
    }
}
