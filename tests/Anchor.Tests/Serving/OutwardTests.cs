using Fairlead.Anchor.Serving;
using Fairlead.Naming;

namespace Fairlead.Anchor.Tests.Serving;

/// <summary>What is over here and may be had anew is no verdict for a pod (V58).</summary>
public sealed class OutwardTests
{
    [Theory]
    [InlineData(VerificationFailure.RecordExpired)]
    [InlineData(VerificationFailure.AttestationExpired)]
    public void Of_WhatIsOver_IsLaterForAPodAndItsNameForAnAnchor(VerificationFailure over)
    {
        var refusal = new Refusal(over, "a.shop.svc", "expired");
        Assert.Equal(VerificationFailure.NotSealed, Outward.Of(refusal, toPod: true).Failure);
        Assert.Equal(over, Outward.Of(refusal).Failure);
    }
}
