using System.Collections.Immutable;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Naming.Tests.Epochs;

/// <summary>V11: keys, thresholds, groups, tags and policy caps of an epoch.</summary>
public sealed class QuorumRulesTests
{
    [Fact]
    [MaliciousInput(28, "F=1, T=2, n=3: BadQuorumParams")]
    public void CheckGenesis_OfTwoOfThree_IsRefused() => Refused(
        VerificationFailure.BadQuorumParams,
        new TestSegment(new TestSegmentOptions { Anchors = 3, Faults = 1, Threshold = 2 }));

    [Theory]
    [MaliciousInput(29, "weight 0 or 2: BadQuorumParams")]
    [InlineData(0)]
    [InlineData(2)]
    public void CheckGenesis_OfAWeight_IsRefused(long weight) => Refused(
        VerificationFailure.BadQuorumParams,
        Changed(epoch => epoch with { Anchors = epoch.Anchors.SetItem(1, epoch.Anchors[1] with { Weight = weight }) }));

    [Fact]
    [MaliciousInput(30, "seal_validity 1 day: PolicyOutOfRange")]
    public void CheckGenesis_OfALongSealValidity_IsRefused() =>
        OutOfRange(policy => policy with { SealValidity = Limits.Day });

    [Fact]
    public void CheckGenesis_OfANumberOutsideItsCap_IsRefused()
    {
        OutOfRange(policy => policy with { SealValidity = 2_999, Heartbeat = 900 });
        OutOfRange(policy => policy with { Heartbeat = 5_001 });
        OutOfRange(policy => policy with { Heartbeat = 0 });
        OutOfRange(policy => policy with { ClockDelta = Limits.ClockDeltaMax + 1 });
        OutOfRange(policy => policy with { Grace = Limits.GraceMax + 1 });
        OutOfRange(policy => policy with { NegativeTtl = Limits.NegativeTtlMax + 1 });
        OutOfRange(policy => policy with { ContinuityMax = Limits.ContinuityMax + 1 });
        OutOfRange(policy => policy with { IntroductionMaxAge = Limits.IntroductionMax + 1 });
        OutOfRange(policy => policy with { AttestTransit = policy.IntroductionMaxAge + 1 });
        OutOfRange(policy => policy with { AttestTarget = Limits.AttestTargetMax + 1 });
        OutOfRange(policy => policy with { MaxHops = Limits.Hops + 1 });
        OutOfRange(policy => policy with { MaxHops = 0 });
        OutOfRange(policy => policy with { MaxTtl = Limits.TtlMax + 1 });
        OutOfRange(policy => policy with { MaxRecordLife = Limits.RecordLifeMax + 1 });
        OutOfRange(policy => policy with { RequireScope = 0 });
        Refused(
            VerificationFailure.PolicyOutOfRange,
            Changed(epoch => epoch with { Expires = epoch.Issued + Limits.EpochLife + 1 }));
        Refused(VerificationFailure.PolicyOutOfRange, Changed(epoch => epoch with { Expires = epoch.Issued }));
    }

    /// <summary>Each inside its cap, and together no moment at which a seal, an Attest or an introduction
    /// holds.</summary>
    [Fact]
    public void CheckLives_ThatTheClockToleranceEatsUp_AreRefused()
    {
        TooShort(policy => policy with { SealValidity = 3_000, Heartbeat = 1_000, ClockDelta = 5_000 });
        TooShort(policy => policy with { SealValidity = 65_000, Heartbeat = 5_000, ClockDelta = 30_000 });
        LongEnough(policy => policy with { SealValidity = 65_001, Heartbeat = 5_000, ClockDelta = 30_000 });
        TooShort(policy => policy with { SealValidity = 15_000, Heartbeat = 5_000, ClockDelta = 5_000 });
        LongEnough(policy => policy with { SealValidity = 15_000, Heartbeat = 4_999, ClockDelta = 5_000 });
        TooShort(policy => policy with { AttestTarget = 1_000 });
        TooShort(policy => policy with { AttestTarget = 4_000 });
        LongEnough(policy => policy with { AttestTarget = 4_001 });
        TooShort(policy => policy with { IntroductionMaxAge = 4_000, AttestTransit = 1_000 });
        LongEnough(policy => policy with { IntroductionMaxAge = 4_001, AttestTransit = 1_000 });
        TooShort(policy => policy with { MaxRecordLife = 2_000 });
        LongEnough(policy => policy with { MaxRecordLife = 2_001 });

        static void TooShort(Func<Policy, Policy> change)
        {
            var policy = Changed(epoch => epoch with { Policy = change(epoch.Policy) }).Epochs[0].Value.Policy;
            Assert.Equal(VerificationFailure.PolicyOutOfRange, PolicyRules.CheckLives(policy)?.Failure);
            Assert.Null(PolicyRules.CheckLives(policy, policy));

            // What is decided stands: a chain that holds such an epoch is read as before.
            Fits(change);
        }

        static void LongEnough(Func<Policy, Policy> change) => Assert.Null(PolicyRules.CheckLives(
            change(new TestSegment().Epochs[0].Value.Policy)));
    }

    [Fact]
    public void CheckGenesis_OfTheCapsAndTheDefaults_IsAccepted()
    {
        Fits(policy => policy with
        {
            AttestTarget = Limits.AttestTargetMax,
            ClockDelta = Limits.ClockDeltaMax,
            Heartbeat = Limits.SealValidityMax / 3,
            IntroductionMaxAge = Limits.IntroductionMax,
            MaxRecordLife = Limits.RecordLifeMax,
            SealValidity = Limits.SealValidityMax,
        });
        Fits(policy => policy with { ClockDelta = 5_000, Heartbeat = 20_000, SealValidity = 60_000 });
        Fits(policy => policy with { ClockDelta = 0, Heartbeat = 1_000, SealValidity = Limits.SealValidityMin });
    }

    [Fact]
    [MaliciousInput(17, "same point under two anchors or roles: DuplicateKey")]
    public void Check_OfOneKeyInTwoPlaces_IsRefused()
    {
        var epoch = new TestSegment().Epochs[0].Value;
        var (a, b) = (epoch.Anchors[0], epoch.Anchors[1]);
        foreach (var second in new[]
        {
            b with { Gov = a.Gov }, b with { Seal = a.Seal }, b with { Tls = a.Tls }, b with { Gov = a.Tls },
            b with { Tls = b.Seal }, b with { Seal = b.Gov },
        })
        {
            Assert.Equal(
                VerificationFailure.DuplicateKey,
                QuorumRules.Check(epoch with { Anchors = epoch.Anchors.SetItem(1, second) }, [])?.Failure);
        }

        var recovery = new Recovery { Delay = Limits.RecoveryDelayMin, Keys = [a.Gov], Threshold = 1 };
        Assert.Equal(
            VerificationFailure.DuplicateKey, QuorumRules.Check(epoch with { Recovery = recovery }, [])?.Failure);
        Assert.Null(QuorumRules.Check(epoch with { Recovery = recovery with { Keys = [TestKeys.Key(7)] } }, []));
    }

    [Fact]
    [MaliciousInput(135, "single-admin omitted: BadQuorumParams")]
    public void Check_OfAnOmittedOrInventedTag_IsRefused()
    {
        var epoch = new TestSegment().Epochs[0].Value;
        var one = epoch with
        {
            Anchors = [.. epoch.Anchors.Select((anchor, i) => i < 3 ? anchor with { Admin = "a" } : anchor)],
        };
        Bad(one);
        Assert.Null(QuorumRules.Check(Tagged(one, AssuranceTags.SingleAdmin, AssuranceTags.SingleHost), []));
        Bad(Tagged(epoch));
        Bad(Tagged(epoch, AssuranceTags.Crash, AssuranceTags.SingleHost));
        Assert.Null(QuorumRules.Check(epoch, [AssuranceTags.SingleAdmin]));
        Assert.Equal(
            VerificationFailure.AssuranceTooLow, QuorumRules.Check(epoch, [AssuranceTags.SingleHost])?.Failure);
    }

    [Fact]
    public void Check_OfGroupsThatCannotBeMet_IsRefused()
    {
        var epoch = new TestSegment().Epochs[0].Value;
        var grouped = epoch with
        {
            Anchors = [.. epoch.Anchors.Select((anchor, i) => anchor with { Group = i < 2 ? "x" : "y" })],
        };
        Assert.Null(QuorumRules.Check(Groups(grouped, ("x", 1), ("y", 2)), []));
        Bad(Groups(grouped, ("x", 2), ("y", 2)));
        Bad(Groups(grouped, ("x", 0)));
        Bad(Groups(grouped, ("z", 1)));
        Bad(Groups(grouped, ("x", long.MaxValue / 2), ("y", long.MaxValue / 2)));

        // A seal group must survive F silent members.
        Assert.Null(QuorumRules.Check(SealGroups(grouped, ("x", 1)), []));
        Bad(SealGroups(grouped, ("x", 2)));
    }

    [Fact]
    public void Check_OfRecoveryThatCannotWork_IsRefused()
    {
        var epoch = new TestSegment().Epochs[0].Value;
        var recovery = new Recovery { Delay = Limits.RecoveryDelayMin, Keys = [TestKeys.Key(7)], Threshold = 1 };
        Bad(epoch with { Recovery = recovery with { Threshold = 2 } });
        Bad(epoch with { Recovery = recovery with { Threshold = 0 } });
        Assert.Equal(
            VerificationFailure.PolicyOutOfRange,
            QuorumRules.Check(
                epoch with { Recovery = recovery with { Delay = Limits.RecoveryDelayMin - 1 } }, [])?.Failure);
    }

    [Fact]
    public void Check_OfNumbersAtTheirBounds_DoesNotOverflow()
    {
        var epoch = new TestSegment().Epochs[0].Value;
        Bad(epoch with { Quorum = epoch.Quorum with { TSeal = Limits.IntegerMax } });
        Bad(epoch with { Quorum = epoch.Quorum with { F = Limits.IntegerMax } });
        Bad(epoch with { Quorum = epoch.Quorum with { Attest = Limits.IntegerMax } });
        Bad(epoch with { Quorum = epoch.Quorum with { Attest = 0 } });
    }

    /// <summary>By counting, for every n up to 7: accepted parameters are those where any two sets of T share more than
    /// F and T is reached without F.</summary>
    [Fact]
    public void IsSafeAndLive_ForAllSmallSegments_IsWhatCountingSays()
    {
        for (var n = 1; n <= 7; n++)
        {
            for (var f = 0; f <= n; f++)
            {
                for (var t = 0; t <= n; t++)
                {
                    var sets = Enumerable.Range(0, 1 << n).Where(set => int.PopCount(set) == t).ToList();
                    var safe = sets.All(one => sets.All(two => int.PopCount(one & two) > f));
                    Assert.Equal(safe && t <= n - f, QuorumRules.IsSafeAndLive(n, f, t));
                }
            }
        }
    }

    private static void OutOfRange(Func<Policy, Policy> change) => Refused(
        VerificationFailure.PolicyOutOfRange, Changed(epoch => epoch with { Policy = change(epoch.Policy) }));

    private static void Fits(Func<Policy, Policy> change) =>
        Assert.Null(Chains.CheckGenesis(Changed(epoch => epoch with { Policy = change(epoch.Policy) })));

    private static TestSegment Changed(Func<Epoch, Epoch> change) => new(new TestSegmentOptions { Genesis = change });

    private static void Refused(VerificationFailure failure, TestSegment segment) =>
        Assert.Equal(failure, Chains.CheckGenesis(segment)?.Failure);

    private static void Bad(Epoch epoch) =>
        Assert.Equal(VerificationFailure.BadQuorumParams, QuorumRules.Check(epoch, [])?.Failure);

    private static Epoch Tagged(Epoch epoch, params ImmutableArray<string> tags) =>
        epoch with { Quorum = epoch.Quorum with { Assurance = tags } };

    private static Epoch Groups(Epoch epoch, params (string Group, long Min)[] groups) =>
        epoch with { Quorum = epoch.Quorum with { GovGroups = Minima(groups) } };

    private static Epoch SealGroups(Epoch epoch, params (string Group, long Min)[] groups) =>
        epoch with { Quorum = epoch.Quorum with { SealGroups = Minima(groups) } };

    private static ImmutableArray<GroupMinimum> Minima((string Group, long Min)[] groups) =>
        [.. groups.Select(group => new GroupMinimum { Group = group.Group, Min = group.Min })];
}
