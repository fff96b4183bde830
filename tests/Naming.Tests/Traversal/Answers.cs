using Fairlead.Naming.Traversal;
using Xunit;

namespace Fairlead.Naming.Tests.Traversal;

internal static class Answers
{
    internal static Verdict.Accepted Accepted(Verdict verdict)
    {
        Assert.True(verdict is Verdict.Accepted, (verdict as Verdict.Refused)?.Refusal.ToString());
        return (Verdict.Accepted)verdict;
    }

    internal static Refusal Refused(VerificationFailure failure, Verdict verdict)
    {
        var refused = Assert.IsType<Verdict.Refused>(verdict).Refusal;
        Assert.True(refused.Failure == failure, $"expected {failure}, was {refused}");
        return refused;
    }
}
