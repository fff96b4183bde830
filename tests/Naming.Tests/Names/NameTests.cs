using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Naming.Tests.Names;

/// <summary>V51: names, link points and patterns of 4.0.</summary>
public sealed class NameTests
{
    private static readonly string Label63 = new('a', 63);

    [Theory]
    [InlineData("cart.shop.svc.us1.internal", "cart.shop.svc", null, "us1.internal")]
    [InlineData("cart-0.cart.shop.svc.us1", "cart-0.cart.shop.svc", "cart-0", "us1")]
    [InlineData("svc.svc.svc.us1", "svc.svc.svc", null, "us1")]
    [InlineData("0.9.svc.a.b.c.d.e.f.g.h", "0.9.svc", null, "a.b.c.d.e.f.g.h")]
    [InlineData("cart.shop.svc.clusterset.local", "cart.shop.svc", null, null)]
    public void FullName_OfAService_IsDividedAtTheLastSvc(string text, string service, string? host, string? segment)
    {
        var name = FullName.Parse(text);
        Assert.Equal(service, name.Service?.Text);
        Assert.Equal(host, name.Service?.Host);
        Assert.Equal(segment, name.Segment?.Text);
        Assert.Equal(segment is null, name.IsClusterSet);
        Assert.Equal(text, name.Text);
    }

    [Fact]
    public void FullName_OfASegment_HasNoService()
    {
        var name = FullName.Parse("us1.internal");
        Assert.Null(name.Service);
        Assert.Equal("us1.internal", name.Segment?.Text);
    }

    [Theory]
    [MaliciousInput(77, "`../x`, A.b, b..c, NFD, 64-char label, 17 labels, segment label svc: BadName")]
    [InlineData("../x")]
    [InlineData("A.b")]
    [InlineData("b..c")]
    [InlineData("e\u0301.example")]
    [InlineData("\u00e9.example")]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a.")]
    [InlineData(".a")]
    [InlineData("-a.b")]
    [InlineData("a-.b")]
    [InlineData("a_b.c")]
    [InlineData("a b.c")]
    [InlineData("a\n.b")]
    [InlineData("*.b")]
    [InlineData("svc")]
    [InlineData("svc.us1")]
    [InlineData("shop.svc.us1")]
    [InlineData("a.b.cart.shop.svc.us1")]
    [InlineData("cart.shop.svc")]
    [InlineData("a.b.c.d.e.f.g.h.i")]
    [InlineData("clusterset.local")]
    [InlineData("us1.clusterset.local")]
    [InlineData("cart.shop.svc.us1.clusterset.local")]
    [InlineData("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q")]
    public void FullName_OfNoName_IsRefused(string text) =>
        Refused(FullName.TryParse(text, out _, out var refusal), refusal);

    [Fact]
    [MaliciousInput(77, "64-char label, 254 bytes: BadName")]
    public void FullName_TooLong_IsRefused()
    {
        Refused(FullName.TryParse(Label63 + "a.b", out _, out var label), label);
        Assert.True(FullName.TryParse(Label63 + ".b", out _, out _));
        var name = string.Join('.', Enumerable.Repeat(Label63, 3)) + "." + new string('a', 61);
        Assert.Equal(253, name.Length);
        Assert.True(FullName.TryParse(name, out _, out _));
        Refused(FullName.TryParse(name + "a", out _, out var bytes), bytes);
    }

    [Theory]
    [InlineData("us1")]
    [InlineData("svc")]
    [InlineData("shop.svc")]
    [InlineData("a.b.cart.shop.svc")]
    [InlineData("cart.shop.SVC")]
    [InlineData("cart.shop.svcx")]
    public void ServicePart_OfAnythingElse_IsRefused(string text) =>
        Refused(ServicePart.TryParse(text, out _, out var refusal), refusal);

    [Fact]
    public void ServicePart_LinkPoints_AreItsSuffixesOfThreeAndTwoLabels()
    {
        Assert.Equal(["cart.shop.svc", "shop.svc"], ServicePart.Parse("cart-0.cart.shop.svc").LinkPoints);
        Assert.Equal("cart.shop.svc", ServicePart.Parse("cart-0.cart.shop.svc").WithoutHost.Text);
    }

    [Fact]
    public void SegmentName_KnowsItsLabelParentAndSuffixes()
    {
        var name = SegmentName.Parse("a.b.c");
        Assert.Equal("a", name.Label);
        Assert.Equal("b.c", name.Parent?.Text);
        Assert.Equal(["a.b.c", "b.c", "c"], name.Suffixes.Select(suffix => suffix.Text));
        Assert.True(name.IsAtOrUnder(SegmentName.Parse("b.c")));
        Assert.True(name.IsAtOrUnder(name));
        Assert.False(name.IsAtOrUnder(SegmentName.Parse("x.a.b.c")));
        Assert.False(SegmentName.Parse("ab.c").IsAtOrUnder(SegmentName.Parse("b.c")));
        Assert.Equal("x.a.b.c", name.Child("x")?.Text);
        Assert.Null(name.Child("svc"));
        Assert.Null(SegmentName.Parse("a.b.c.d.e.f.g.h").Child("x"));
    }

    [Theory]
    [InlineData("us1", true)]
    [InlineData("shop.svc", false)]
    [InlineData("cart.shop.svc", false)]
    public void LinkPoint_OfALabelOrTheEndOfServiceParts_IsTaken(string text, bool child) =>
        Assert.Equal(child, LinkPoint.Parse(text).IsChild);

    [Theory]
    [InlineData("svc")]
    [InlineData("a.b")]
    [InlineData("cart-0.cart.shop.svc")]
    [InlineData("us1.internal")]
    public void LinkPoint_OfAnythingElse_IsRefused(string text) =>
        Refused(LinkPoint.TryParse(text, out _, out var refusal), refusal);

    [Fact]
    public void LinkPoint_Covers_WhatLiesAtOrUnderIt()
    {
        Assert.True(LinkPoint.Parse("shop.svc").Covers(ServicePart.Parse("cart.shop.svc")));
        Assert.True(LinkPoint.Parse("cart.shop.svc").Covers(ServicePart.Parse("cart-0.cart.shop.svc")));
        Assert.False(LinkPoint.Parse("shop.svc").Covers(ServicePart.Parse("cart.bookshop.svc")));
        Assert.False(LinkPoint.Parse("shop").Covers(ServicePart.Parse("shop.shop.svc")));
    }

    [Theory]
    [InlineData("*.svc", "cart.shop.svc", true)]
    [InlineData("*.shop.svc", "cart.shop.svc", true)]
    [InlineData("*.shop.svc", "cart-0.cart.shop.svc", true)]
    [InlineData("cart.shop.svc", "cart.shop.svc", true)]
    [InlineData("cart.shop.svc", "cart-0.cart.shop.svc", true)]
    [InlineData("*.cart.shop.svc", "cart-0.cart.shop.svc", false)]
    [InlineData("*.shop.svc", "cart.bookshop.svc", false)]
    [InlineData("*", "cart.shop.svc", false)]
    [InlineData("us1.internal", "cart.shop.svc", false)]
    public void NamePattern_OfServices_MatchesServiceParts(string pattern, string name, bool matches) =>
        Assert.Equal(matches, NamePattern.Parse(pattern).Matches(ServicePart.Parse(name)));

    [Theory]
    [InlineData("*", "us1.internal", true)]
    [InlineData("us1.internal", "us1.internal", true)]
    [InlineData("*.internal", "us1.internal", true)]
    [InlineData("*.internal", "a.us1.internal", true)]
    [InlineData("*.internal", "internal", false)]
    [InlineData("*.internal", "us1.xinternal", false)]
    [InlineData("*.svc", "us1.internal", false)]
    public void NamePattern_OfSegments_MatchesSegmentNames(string pattern, string name, bool matches) =>
        Assert.Equal(matches, NamePattern.Parse(pattern).Matches(SegmentName.Parse(name)));

    [Theory]
    [InlineData("**")]
    [InlineData("*.")]
    [InlineData("*a.svc")]
    [InlineData("a.*.svc")]
    [InlineData("*.a.b.c.svc")]
    [InlineData("svc")]
    [InlineData("shop.svc")]
    [InlineData("*.clusterset.local")]
    [InlineData("")]
    public void NamePattern_OfAnythingElse_IsRefused(string text) =>
        Refused(NamePattern.TryParse(text, out _, out var refusal), refusal);

    private static void Refused(bool parsed, Refusal? refusal)
    {
        Assert.False(parsed);
        Assert.Equal(VerificationFailure.BadName, refusal?.Failure);
    }
}
