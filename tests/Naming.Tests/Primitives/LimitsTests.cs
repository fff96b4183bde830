using Xunit;

namespace Fairlead.Naming.Tests.Primitives;

/// <summary>How the limits hang together: a change of one that breaks another fails here.</summary>
public sealed class LimitsTests
{
    [Fact]
    public void Bytes_OfParts_FitTheirWholes()
    {
        Assert.True(Limits.EpochBytes < Limits.EnvelopeBytes);
        Assert.True(Limits.Signatures * 96 < Limits.EnvelopeBytes - Limits.EpochBytes);
        Assert.True(Limits.EnvelopeBytes * (Limits.Hops / 2) <= Limits.AnswerBytes);
        Assert.True(Limits.Certificates * Limits.CertificateBytes <= Limits.EnvelopeBytes);
        Assert.True(Limits.NameBytes <= Limits.StringBytes);
        Assert.True(Limits.PageEpochs * Limits.EpochBytes * 2 <= 4 * 1024 * 1024);
    }

    [Fact]
    public void Counts_OfSigners_FollowTheAnchors()
    {
        Assert.Equal(Limits.Anchors, Limits.Signatures);
        Assert.Equal(2 * Limits.Anchors, Limits.ConsentSignatures);
        Assert.Equal(Limits.Anchors, Limits.Attests);
        Assert.True(Limits.Hops * Limits.Signatures < Limits.SignatureChecks);
        Assert.True(Limits.NewEpochs <= Limits.PageEpochs);
        Assert.Equal(0, Limits.ChainEpochs % Limits.PageEpochs);
    }

    /// <summary>What an answer may need: for its target a Rule, the record, its redirect and the Links above it,
    /// Gateways and Bundles; for each hop before it a Rule, where it leads, Scopes and Witnesses; in trees of 24
    /// levels.</summary>
    [Fact]
    public void Proofs_ThatAnAnswerNeeds_AreWithinTheirLimits()
    {
        const int Target = 3 + Limits.NameLabels + Limits.RecordNetworks + Limits.Domains;
        const int Before = 3 + Limits.NameLabels + Limits.Hops;
        Assert.True(Target <= Limits.HopProofs && Before <= Limits.HopProofs);
        Assert.True(Math.Max(Target, Before) * 24 <= Limits.ProofLevels);
    }

    [Fact]
    public void Names_FitTheirLabels()
    {
        Assert.True(Limits.SegmentLabels + 4 <= Limits.NameLabels);
        Assert.True(Limits.SegmentLabels >= Limits.Hops);
        Assert.True(Limits.LabelBytes < Limits.NameBytes);
    }

    [Fact]
    public void Times_OfTheParts_FitTheLifeOfTheWhole()
    {
        Assert.True(Limits.SealValidityMax < Limits.EpochLife);
        Assert.True(Limits.AttestTargetMax <= Limits.SealValidityMax);
        Assert.True(Limits.TtlMax <= Limits.RecordLifeMax);
        Assert.True(Limits.IntroductionMax <= Limits.EpochLife);
        Assert.True(Limits.EpochLife < Limits.CredentialLife);
        Assert.True(Limits.GrantLife <= Limits.AttestTargetMax);
        Assert.True(Limits.DefaultClockDelta <= Limits.ClockDeltaMax);
        Assert.True(Limits.NegativeTtlMax <= Limits.TtlMax);
    }

    [Fact]
    public void TreeDepth_IsAKeysBits() => Assert.Equal(256, Limits.TreeDepth);
}
