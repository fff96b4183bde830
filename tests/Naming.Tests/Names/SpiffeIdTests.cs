using Fairlead.Naming.Names;
using Xunit;

namespace Fairlead.Naming.Tests.Names;

public class SpiffeIdTests
{
    [Theory]
    [InlineData("spiffe://us1.internal/a", "us1.internal")]
    [InlineData("spiffe://us1.internal/ns/a_B-c.d/sa/0", "us1.internal")]
    [InlineData("spiffe://us1.internal", null)]
    [InlineData("spiffe://us1.internal/", null)]
    [InlineData("spiffe:///a", null)]
    [InlineData("spiffe://us1.internal/a/", null)]
    [InlineData("spiffe://us1.internal/a//b", null)]
    [InlineData("spiffe://us1.internal/../b", null)]
    [InlineData("spiffe://US1.internal/a", null)]
    [InlineData("spiffe://us1.internal:443/a", null)]
    [InlineData("spiffe://me@us1.internal/a", null)]
    [InlineData("spiffe://us1.internal/a?b", null)]
    [InlineData("spiffe://us1.internal/%61", null)]
    [InlineData("https://us1.internal/a", null)]
    public void Domain_OfAnId_IsReadStrictly(string id, string? domain) =>
        Assert.Equal(domain, SpiffeId.TrustDomainOf(id));
}
