using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Naming.Tests.Names;

/// <summary>A network has one form, and what has another one never reaches the verifier.</summary>
public sealed class IpNetworksTests
{
    [Theory]
    [InlineData("0.0.0.0/0")]
    [InlineData("10.0.0.0/8")]
    [InlineData("10.8.0.0/13")]
    [InlineData("10.1.2.3/32")]
    [InlineData("::/0")]
    [InlineData("2001:db8::/32")]
    [InlineData("2001:db8:8000::/33")]
    [InlineData("::1/128")]
    [InlineData("::ffff:0.0.0.0/96")]
    public void TheOneForm_IsRead(string text)
    {
        var network = IpNetworks.Parse(text);
        Assert.Equal(text, $"{IpAddress.Format(network.BaseAddress)}/{network.PrefixLength}");
        Assert.Null(Read(text));
    }

    [Theory]
    [InlineData("10.1.0.0/8")]
    [InlineData("10.0.0.0")]
    [InlineData("10.0.0.0/")]
    [InlineData("/8")]
    [InlineData("10.0.0.0/08")]
    [InlineData("10.0.0.0/+8")]
    [InlineData("10.0.0.0/ 8")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/8/8")]
    [InlineData("010.0.0.0/8")]
    [InlineData("10.0.0.0/255.0.0.0")]
    [InlineData("2001:db8::1/64")]
    [InlineData("2001:DB8::/32")]
    [InlineData("::/129")]
    [InlineData("eu1.acme.internal")]
    public void AnotherForm_IsRefusedInAScopeToo(string text)
    {
        Assert.Equal(VerificationFailure.BadAddress, Read(text));
        Assert.False(IpNetworks.TryParse(text, out _, out var refusal));
        Assert.Equal(VerificationFailure.BadAddress, refusal.Failure);
        Assert.Throws<FormatException>(() => IpNetworks.Parse(text));
    }

    private static VerificationFailure? Read(string cidr)
    {
        var scope = new Scope
        {
            Cidrs = [cidr], Made = 1, Opening = TestSegment.Bytes16("scope"), Segment = Digest.Sha256("segment"u8),
        };
        return Document.TryParse<Scope>(scope.Encode(), out _, out var refusal) ? null : refusal.Failure;
    }
}
