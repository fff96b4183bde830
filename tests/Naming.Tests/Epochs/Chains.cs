using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Naming.Tests.Epochs;

/// <summary>Judges epochs of a test segment as a verifier does.</summary>
internal static class Chains
{
    internal static Refusal? CheckGenesis(TestSegment segment, EpochDocument? instead = null, long? now = null) =>
        ParsedEpochDocument.TryParse(instead ?? segment.Chain[0], segment.Genesis, out var document, out var refusal)
            ? EpochRules.CheckGenesis(
                document, segment.Genesis, [], now ?? segment.Newest.Value.Issued, 1000, new SignatureBudget())
            : refusal;

    internal static Refusal? CheckSuccessor(TestSegment segment, ISignatureChecks? checks = null) =>
        CheckSuccessor(segment, segment.Chain[^1], checks);

    /// <summary>Judges <paramref name="next"/> as the successor of the last epoch but one.</summary>
    internal static Refusal? CheckSuccessor(
        TestSegment segment, EpochDocument next, ISignatureChecks? checks = null, long? now = null)
    {
        Assert.True(segment.Epochs.Count > 1);
        return ParsedEpochDocument.TryParse(next, segment.Genesis, out var document, out var refusal)
            ? EpochRules.CheckSuccessor(
                segment.Epochs[^2],
                document,
                segment.Genesis,
                [],
                now ?? segment.Newest.Value.Issued,
                1000,
                checks ?? new SignatureBudget())
            : refusal;
    }
}
