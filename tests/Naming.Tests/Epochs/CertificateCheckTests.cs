using System.Collections.Immutable;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Naming.Tests.Epochs;

/// <summary>V5-V7 and the groups, on seals of a segment of seven.</summary>
public sealed class CertificateCheckTests(ITestOutputHelper output)
{
    private static readonly TestSegment Segment = new(new TestSegmentOptions
    {
        Anchors = 7,
        Faults = 2,
        Genesis = epoch => epoch with
        {
            Anchors = [.. epoch.Anchors.Select((anchor, i) => anchor with { Group = i < 4 ? "in" : "out" })],
            Quorum = epoch.Quorum with { SealGroups = [new GroupMinimum { Group = "out", Min = 1 }] },
        },
    });

    private static readonly Parsed<Seal> Sealed = Segment.SealOf(
        Digest.Sha256("root"u8), 2, 0, TestSegmentOptions.Start);

    [Fact]
    public void Seal_OfTheQuorum_PassesAndNamesItsSigners()
    {
        Assert.Equal(5, Segment.Threshold);
        Assert.Null(Check(Certificate(0, 1, 2, 3, 4), out var signers));
        Assert.Equal(5, signers.Distinct().Count());
    }

    [Fact]
    [MaliciousInput(14, "same signature T times: DuplicateSigner")]
    public void Seal_OfOneSignatureRepeated_IsRefused()
    {
        var one = Certificate(0)[0];
        Refused(VerificationFailure.DuplicateSigner, [one, one, one, one, one]);
    }

    [Fact]
    [MaliciousInput(15, "one key, T fresh signatures: DuplicateSigner")]
    public void Seal_OfOneKeySigningOften_IsRefused() => Refused(
        VerificationFailure.DuplicateSigner, [.. Enumerable.Range(0, 5).SelectMany(_ => Certificate(0))]);

    [Fact]
    [MaliciousInput(16, "17 signatures: TooManySignatures")]
    public void Seal_OfSeventeen_IsRefusedBeforeAnyIsVerified()
    {
        var many = Enumerable.Range(0, 17)
            .Select(i => new SignatureEntry(Digest.Sha256([(byte)i]), new byte[64])).OrderBy(entry => entry.Kid);
        var budget = new SignatureBudget(0);
        Assert.Equal(VerificationFailure.TooManySignatures, CertificateCheck.Seal(
            new Envelope(Sealed.Payload, [.. many]), Sealed, Segment.Newest.Value, budget, out _)?.Failure);
    }

    [Fact]
    [MaliciousInput(18, "T-1 valid + unknown key: ThresholdNotMet")]
    public void Seal_WithAnUnknownKey_IsRefused()
    {
        var stranger = new SignatureEntry(TestKeys.Key(1).Kid, TestKeys.Signer(1).Sign(Sealed.Digest));
        Refused(VerificationFailure.ThresholdNotMet, Sorted([.. Certificate(0, 1, 2, 4), stranger]));
        Refused(VerificationFailure.ThresholdNotMet, Certificate(0, 1, 2, 4));
    }

    [Fact]
    [MaliciousInput(100, "T+1 signatures: TooManySignatures")]
    public void Seal_OfOneTooMany_IsRefused() =>
        Refused(VerificationFailure.TooManySignatures, Certificate(0, 1, 2, 3, 4, 5));

    [Fact]
    [MaliciousInput(99, "kids not ascending: SignatureOrder")]
    public void Seal_OutOfOrder_IsRefused() =>
        Refused(VerificationFailure.SignatureOrder, [.. Certificate(0, 1, 2, 3, 4).Reverse()]);

    [Fact]
    public void Seal_ByAKeyOfAnotherRole_IsRefused()
    {
        foreach (var signer in new[] { Segment.Gov(4), Segment.Tls(4) })
        {
            var wrong = new SignatureEntry(signer.Key.Kid, signer.Sign(Sealed.Digest));
            Refused(VerificationFailure.WrongKeyRole, Sorted([.. Certificate(0, 1, 2, 3), wrong]));
        }
    }

    [Fact]
    [MaliciousInput(101, "bad first signature, T good behind it: BadSignature")]
    public void Seal_WithABadSignature_IsRefusedWhereverItStands()
    {
        var good = Certificate(0, 1, 2, 3, 4);
        for (var i = 0; i < good.Length; i++)
        {
            var other = good[(i + 1) % good.Length].Value;
            Refused(VerificationFailure.BadSignature, good.SetItem(i, good[i] with { Value = other }));
        }
    }

    /// <summary>Checks go in one order and end at the first that fails: the refusal names that one, whatever stands
    /// behind it, and nothing behind it is paid for.</summary>
    [Fact]
    public void Seal_WithSeveralBadSignatures_NamesTheFirst()
    {
        var good = Certificate(0, 1, 2, 3, 4);
        for (var bad = 1; bad < 1 << good.Length; bad++)
        {
            var some = good.Select((entry, i) => (bad & (1 << i)) == 0
                ? entry
                : entry with { Value = good[(i + 1) % good.Length].Value });
            var budget = new SignatureBudget();
            var refusal = CertificateCheck.Seal(
                new Envelope(Sealed.Payload, [.. some]), Sealed, Segment.Newest.Value, budget, out _);
            var first = int.TrailingZeroCount(bad);
            Assert.Equal(
                new Refusal(VerificationFailure.BadSignature, "", $"no signature of key {good[first].Kid}"), refusal);
            Assert.Equal(first + 1, budget.Spent);
        }
    }

    [Fact]
    public void Seal_WithABadForm_IsRefusedBeforeAnyIsVerified()
    {
        var good = Certificate(0, 1, 2, 3, 4);
        var bad = good.SetItem(4, good[4] with { Value = new byte[64] });
        Assert.Equal(VerificationFailure.BadSignatureEncoding, CertificateCheck.Seal(
            new Envelope(Sealed.Payload, bad), Sealed, Segment.Newest.Value, new SignatureBudget(0), out _)?.Failure);
    }

    [Fact]
    [MaliciousInput(134, "certificate lacking a required group: GroupNotMet")]
    public void Seal_WithoutARequiredGroup_IsRefused()
    {
        // Four of five come from "in"; only the fifth can meet the minimum of "out".
        var epoch = Segment.Newest.Value;
        var strict = epoch with
        {
            Quorum = epoch.Quorum with { SealGroups = [new GroupMinimum { Group = "out", Min = 2 }] },
        };
        Assert.Equal(VerificationFailure.GroupNotMet, CertificateCheck.Seal(
            new Envelope(Sealed.Payload, Certificate(0, 1, 2, 3, 4)), Sealed, strict, new SignatureBudget(),
            out _)?.Failure);
        Assert.Null(Check(Certificate(0, 1, 2, 3, 4), out _));
    }

    /// <summary>Whatever votes are collected: a certificate is assembled iff T of them with the group exist, it is
    /// accepted, and it does not depend on their order.</summary>
    [Fact]
    public void Assemble_OfEverySetOfVotes_MakesTheOneAcceptedCertificate()
    {
        var votes = Enumerable.Range(0, 7).Select(i => Certificate(i)[0]).ToList();
        var certificates = 0;
        for (var set = 0; set < 1 << 7; set++)
        {
            var collected = votes.Where((_, i) => (set & (1 << i)) != 0).ToList();
            var certificate = CertificateAssembly.Assemble(collected, Segment.Newest.Value, KeyRole.Seal);
            Assert.Equal(int.PopCount(set) >= 5 && (set & 0b1110000) != 0, certificate is not null);
            if (certificate is { } made)
            {
                certificates++;
                Assert.Null(Check(made, out _));
                collected.Reverse();
                Assert.Equal(
                    made.Select(entry => entry.Kid),
                    CertificateAssembly.Assemble(collected, Segment.Newest.Value, KeyRole.Seal)!.Value.Select(
                        entry => entry.Kid));
            }
        }

        output.WriteLine($"{certificates} certificates");
    }

    private static ImmutableArray<SignatureEntry> Certificate(params IEnumerable<int> anchors) =>
        Envelope.Sign(Sealed, anchors.Select(Segment.Seal)).Signatures;

    private static ImmutableArray<SignatureEntry> Sorted(ImmutableArray<SignatureEntry> entries) =>
        [.. entries.OrderBy(entry => entry.Kid)];

    private static Refusal? Check(ImmutableArray<SignatureEntry> signatures, out ImmutableArray<string> signers) =>
        CertificateCheck.Seal(
            new Envelope(Sealed.Payload, signatures), Sealed, Segment.Newest.Value, new SignatureBudget(), out signers);

    private static void Refused(VerificationFailure failure, ImmutableArray<SignatureEntry> signatures) =>
        Assert.Equal(failure, Check(signatures, out _)?.Failure);
}
