using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Naming.Tests.Epochs;

public sealed class EpochRulesTests
{
    [Fact]
    public void CheckGenesis_OfACeremony_Passes() => Assert.Null(Chains.CheckGenesis(new TestSegment()));

    [Fact]
    public void CheckSuccessor_OfAPeerEpoch_Passes()
    {
        var us1 = new TestSegment();
        us1.PeerWith(new TestSegment(new TestSegmentOptions { Name = "eu1.internal", FirstKey = 200 }));
        Assert.Null(Chains.CheckSuccessor(us1));
    }

    [Fact]
    public void CheckSuccessor_Budget_CountsEverySignature()
    {
        var us1 = new TestSegment();
        us1.Advance(OpType.Renew);
        Assert.Equal(VerificationFailure.BudgetExceeded, Chains.CheckSuccessor(us1, new SignatureBudget(2))?.Failure);
        Assert.Null(Chains.CheckSuccessor(us1, new SignatureBudget(3)));
    }
}
