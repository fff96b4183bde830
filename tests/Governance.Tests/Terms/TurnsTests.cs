using Fairlead.Naming;
using Fairlead.Simulator;
using Xunit;

namespace Fairlead.Governance.Tests.Terms;

/// <summary>Terms: adopted from more than F, entered alone only from a term that T share.</summary>
public sealed class TurnsTests
{
    private readonly Turns _turns = new(Quorum(4, 1), "a1", 0, 0);

    [Fact]
    public void Hear_OneLiar_MovesNobody()
    {
        Assert.False(_turns.Hear("a0", 50, 1));
        Assert.Equal(0, _turns.Term);
    }

    [Fact]
    public void Hear_MoreThanF_AdoptsWhatTheyShare()
    {
        _turns.Hear("a0", 50, 1);
        Assert.True(_turns.Hear("a2", 3, 2));
        Assert.Equal((3, "a3"), (_turns.Term, _turns.Leader));
    }

    [Fact]
    public void Opened_OnlyOnceTShareTheTerm()
    {
        Assert.Null(_turns.Opened);
        _turns.Hear("a0", 0, 5);
        Assert.Null(_turns.Opened);
        _turns.Hear("a2", 0, 9);
        Assert.Equal(9, _turns.Opened);
        _turns.Raise(20);
        Assert.Null(_turns.Opened);
    }

    [Fact]
    public void Turn_Fruitless_DoublesUpToFiveSecondsAndCertificateResets()
    {
        Assert.Equal(50, _turns.Turn);
        _turns.Raise(1);
        Assert.Equal(100, _turns.Turn);
        for (var i = 0; i < 20; i++)
        {
            _turns.Raise(1);
        }

        Assert.Equal(5_000, _turns.Turn);
        _turns.Certified(40);
        Assert.Equal(240, _turns.Turn);
    }

    /// <summary>A clock that leapt within a slot is forgotten after a few.</summary>
    [Fact]
    public void Turn_AfterASlotOfAnHour_IsSoonShortAgain()
    {
        _turns.Certified(3_600_000);
        Assert.Equal(5_000, _turns.Turn);
        for (var i = 0; i < 20; i++)
        {
            _turns.Certified(2);
        }

        Assert.InRange(_turns.Turn, 50, 100);
    }

    /// <summary>
    /// Over all n up to 7 and every T, F: the parameters that V11 accepts are exactly those whose quorums share more
    /// than F anchors and can be had with F silent.
    /// </summary>
    [Fact]
    public void Quorums_AllSmallSegments_ShareMoreThanFIffTheFormulaSays()
    {
        for (var n = 1; n <= 7; n++)
        {
            for (var t = 1; t <= n; t++)
            {
                var quorums = Enumerable.Range(0, 1 << n).Where(s => int.PopCount(s) == t).ToList();
                var least = quorums.Min(a => quorums.Min(b => int.PopCount(a & b)));
                for (var f = 0; f < n; f++)
                {
                    Assert.Equal((2 * t) - n > f, least > f);
                }
            }
        }
    }

    [Fact]
    public void Certify_AnyVotes_TakesLowestKidsAndGroups()
    {
        var members = Members(5);
        var quorum = new SealQuorum(
            members.Select((m, i) => m with { Group = i == 4 ? "g" : null }),
            3,
            1,
            [new QuorumGroup("g", 1)],
            new FastSignatures());
        var digest = Digest.Sha256("seal"u8);
        var votes = members.Select(m => new SignatureEntry(m.Key.Kid, FastSignatures.Make(m.Key, digest))).ToList();
        Assert.Null(quorum.Certify(votes[..4]));
        var certificate = quorum.Certify(votes)!.Value;
        Assert.Equal(3, certificate.Length);
        Assert.Contains(certificate, s => s.Kid == votes[4].Kid);
        Assert.Null(quorum.CheckCertificate(new Envelope(new byte[1], certificate), digest));
        var without = votes[..4].OrderBy(v => v.Kid).Take(3);
        Assert.Equal(
            VerificationFailure.GroupNotMet,
            quorum.CheckCertificate(new Envelope(new byte[1], [.. without]), digest)?.Failure);
    }

    [Fact]
    public void CheckCertificate_Misshapen_IsRefusedByName()
    {
        var members = Members(4);
        var quorum = Quorum(4, 1);
        var digest = Digest.Sha256("seal"u8);
        var good = members.Select(m => new SignatureEntry(m.Key.Kid, FastSignatures.Make(m.Key, digest)))
            .OrderBy(s => s.Kid).ToArray();
        var stranger = new World(new SimulationOptions(1)).Signer("gov a0").Key;
        var unknown = new SignatureEntry(stranger.Kid, FastSignatures.Make(stranger, digest));
        var cases = new (VerificationFailure Failure, SignatureEntry[] Signatures)[]
        {
            (VerificationFailure.ThresholdNotMet, good[..2]),
            (VerificationFailure.TooManySignatures, good),
            (VerificationFailure.DuplicateSigner, [good[0], good[0], good[1]]),
            (VerificationFailure.SignatureOrder, [good[1], good[0], good[2]]),
            (VerificationFailure.ThresholdNotMet, [.. good[..2].Append(unknown).OrderBy(s => s.Kid)]),
            (VerificationFailure.BadSignature, [good[0], good[1], good[2] with { Value = good[0].Value }]),
        };
        foreach (var (failure, signatures) in cases)
        {
            Assert.Equal(
                failure, quorum.CheckCertificate(new Envelope(new byte[1], [.. signatures]), digest)?.Failure);
        }
    }

    private static List<QuorumMember> Members(int n)
    {
        var world = new World(new SimulationOptions(1, 7, 2));
        return [.. world.Ids.Take(n).Select(id => new QuorumMember(id, world.Signer($"seal {id}").Key, null))];
    }

    private static SealQuorum Quorum(int n, int f) =>
        new(Members(n), (2 * n / 3) + 1, f, [], new FastSignatures());
}
