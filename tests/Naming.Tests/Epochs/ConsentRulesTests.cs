using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Naming.Tests.Epochs;

/// <summary>The consents of V8 and V10, and the recovery keys' word.</summary>
public sealed class ConsentRulesTests
{
    private static readonly EcdsaSigner[] Fresh = [TestKeys.Signer(11), TestKeys.Signer(12), TestKeys.Signer(13)];

    [Fact]
    [MaliciousInput(22, "genesis without all consents: GenesisMismatch")]
    public void Genesis_WithoutOneConsent_IsRefused()
    {
        var segment = new TestSegment();
        var consent = segment.Chain[0].Consent;
        for (var i = 0; i < consent.Signatures.Length; i++)
        {
            Assert.Equal(
                VerificationFailure.GenesisMismatch,
                Genesis(segment, consent with { Signatures = consent.Signatures.RemoveAt(i) }));
        }

        Assert.Equal(VerificationFailure.GenesisMismatch, Genesis(segment, Envelope.None));
    }

    [Fact]
    public void Genesis_WithConsentsOfOthers_IsRefused()
    {
        var segment = new TestSegment();
        var all = Enumerable.Range(0, 4).SelectMany(i => new ISigner[] { segment.Gov(i), segment.Seal(i) }).ToList();
        Assert.Null(Genesis(segment, segment.Consent(segment.Epochs[0], all)));
        Assert.Equal(
            VerificationFailure.WrongKeyRole,
            Genesis(segment, segment.Consent(segment.Epochs[0], [.. all, segment.Tls(0)])));
        Assert.Equal(
            VerificationFailure.TooManySignatures,
            Genesis(segment, segment.Consent(segment.Epochs[0], [.. all, TestKeys.Signer(1)])));
    }

    [Fact]
    public void Genesis_WithAVote_IsRefused()
    {
        var segment = new TestSegment();
        var vote = segment.Vote(segment.Epochs[0], segment.GovQuorum);
        Assert.Equal(
            VerificationFailure.TooManySignatures,
            Chains.CheckGenesis(segment, segment.Chain[0] with { Vote = vote })?.Failure);
    }

    [Fact]
    public void Rotate_WithExactlyTheNeededConsents_Passes()
    {
        var (segment, epoch) = Rotated();
        Assert.Null(
            Judge(segment, epoch, segment.Consent(epoch, [Fresh[0], Fresh[1], segment.Gov(0), segment.Gov(1)])));
        Assert.Null(
            Judge(segment, epoch, segment.Consent(epoch, [Fresh[0], Fresh[1], segment.Gov(0), segment.Gov(2)])));
    }

    [Fact]
    [MaliciousInput(26, "new set without its consents: NewSetNotConsenting")]
    public void Rotate_WithoutANeededConsent_IsRefused()
    {
        var (segment, epoch) = Rotated();
        foreach (var consent in new[]
        {
            Envelope.None,
            segment.Consent(epoch, [Fresh[0], Fresh[1], segment.Gov(0)]),
            segment.Consent(epoch, [Fresh[0], segment.Gov(0), segment.Gov(1), segment.Gov(2)]),
            segment.Consent(epoch, [segment.Gov(0), segment.Gov(1), segment.Gov(2)]),
            segment.Consent(segment.Epochs[0], [Fresh[0], Fresh[1], segment.Gov(0), segment.Gov(1)]),
        })
        {
            Assert.Equal(VerificationFailure.NewSetNotConsenting, Judge(segment, epoch, consent));
        }
    }

    [Fact]
    public void Rotate_WithUnneededConsents_IsRefused()
    {
        var (segment, epoch) = Rotated();
        ISigner[] needed = [Fresh[0], Fresh[1], segment.Gov(0), segment.Gov(1)];
        Assert.Equal(
            VerificationFailure.TooManySignatures,
            Judge(segment, epoch, segment.Consent(epoch, [.. needed, segment.Gov(2)])));
        Assert.Equal(
            VerificationFailure.TooManySignatures,
            Judge(segment, epoch, segment.Consent(epoch, [.. needed, segment.Seal(0)])));
        Assert.Equal(
            VerificationFailure.WrongKeyRole, Judge(segment, epoch, segment.Consent(epoch, [.. needed, Fresh[2]])));
    }

    [Fact]
    public void Renew_WithAConsent_IsRefused()
    {
        var segment = new TestSegment();
        var epoch = segment.Advance(OpType.Renew);
        Assert.Equal(
            VerificationFailure.TooManySignatures, Judge(segment, epoch, segment.Consent(epoch, segment.GovQuorum)));
    }

    [Fact]
    [MaliciousInput(133, "recovery changed without its keys: RecoveryKeysNotConsenting")]
    public void Recovery_ChangedWithoutItsKeys_IsRefused()
    {
        var segment = new TestSegment(
            new TestSegmentOptions { Genesis = epoch => epoch with { Recovery = Keys(2, 31, 32, 33) } });
        var epoch = segment.Advance(OpType.Rotate, next => next with { Recovery = Keys(2, 32, 33, 34) });
        var consent = segment.Consent(epoch, segment.GovQuorum);
        var document = new EpochDocument(epoch.Payload, segment.Vote(epoch, segment.GovQuorum), consent, Envelope.None);
        VerificationFailure? With(params int[] keys) => Chains.CheckSuccessor(
            segment, document with { RecoveryConsent = segment.Consent(epoch, keys.Select(TestKeys.Signer)) })?.Failure;

        Assert.Equal(VerificationFailure.RecoveryKeysNotConsenting, Chains.CheckSuccessor(segment, document)?.Failure);
        Assert.Equal(VerificationFailure.RecoveryKeysNotConsenting, With(31));
        Assert.Equal(VerificationFailure.RecoveryKeysNotConsenting, With(31, 34));
        Assert.Equal(VerificationFailure.TooManySignatures, With(31, 32, 33));
        Assert.Null(With(31, 32));
        Assert.Null(With(32, 33));
    }

    /// <summary>A key that stands twice is refused by its name, however often it would have to consent.</summary>
    [Fact]
    [MaliciousInput(17, "same point under two anchors or roles: DuplicateKey")]
    public void AKeyInTwoPlaces_IsRefusedByName_InAGenesisAndAfterIt()
    {
        var before = new TestSegment();
        var (a, b) = (before.Epochs[0].Value.Anchors[0], before.Epochs[0].Value.Anchors[1]);
        foreach (var second in new[]
        {
            b with { Gov = a.Gov }, b with { Seal = a.Seal }, b with { Tls = a.Tls }, b with { Gov = a.Tls },
            b with { Tls = b.Seal }, b with { Seal = b.Gov },
        })
        {
            Epoch With(Epoch epoch) => epoch with { Anchors = epoch.Anchors.SetItem(1, second) };
            var genesis = new TestSegment(new TestSegmentOptions { Genesis = With });
            ISigner[] all = [.. Enumerable.Range(0, 4).SelectMany(
                i => new ISigner[] { genesis.Gov(i), genesis.Seal(i), genesis.Tls(i) })];
            ISigner[] serving = [.. all.Where(signer => genesis.Epochs[0].Value.Anchors.Any(
                anchor => anchor.Gov == signer.Key || anchor.Seal == signer.Key))];
            Assert.Equal(
                VerificationFailure.DuplicateKey,
                Genesis(genesis, genesis.Consent(genesis.Epochs[0], serving)));

            var segment = new TestSegment();
            var epoch = segment.Advance(OpType.Rotate, With);
            ISigner[] added = second.Gov == a.Tls ? [segment.Tls(0)] : [];
            ISigner[] others = second.Gov == a.Gov || second.Gov == a.Tls
                ? [segment.Gov(0), segment.Gov(2), segment.Gov(3)] : [.. segment.GovQuorum];
            Assert.Equal(
                VerificationFailure.DuplicateKey,
                Judge(segment, epoch, segment.Consent(epoch, [.. added, .. others.Take(3 - added.Length)])));
        }
    }

    [Fact]
    public void AFreshKeyInTwoPlaces_IsRefusedByName()
    {
        foreach (var change in new Func<EpochAnchor, EpochAnchor>[]
        {
            anchor => anchor with { Gov = Fresh[0].Key, Seal = Fresh[0].Key },
            anchor => anchor with { Gov = Fresh[0].Key, Tls = Fresh[0].Key },
        })
        {
            var segment = new TestSegment();
            var epoch = segment.Advance(OpType.Rotate, next => next with
            {
                Anchors = next.Anchors.SetItem(3, change(next.Anchors[3])),
            });
            Assert.Equal(
                VerificationFailure.DuplicateKey,
                Judge(segment, epoch, segment.Consent(epoch, [Fresh[0], segment.Gov(0), segment.Gov(1)])));
        }
    }

    // Anchor 3 gets new gov and seal keys: of t_gov = 3 gov signers one is new, two are others.
    private static (TestSegment Segment, Parsed<Epoch> Epoch) Rotated()
    {
        var segment = new TestSegment();
        var epoch = segment.Advance(OpType.Rotate, next => next with
        {
            Anchors = next.Anchors.SetItem(
                3, next.Anchors[3] with { Gov = Fresh[0].Key, Seal = Fresh[1].Key, Tls = Fresh[2].Key }),
        });
        return (segment, epoch);
    }

    private static Recovery Keys(long threshold, params int[] numbers) => new()
    {
        Delay = Limits.RecoveryDelayMin,
        Keys = [.. numbers.Select(TestKeys.Key).OrderBy(key => key.Text, StringComparer.Ordinal)],
        Threshold = threshold,
    };

    private static VerificationFailure? Genesis(TestSegment segment, Envelope consent) =>
        Chains.CheckGenesis(segment, segment.Chain[0] with { Consent = consent })?.Failure;

    private static VerificationFailure? Judge(TestSegment segment, Parsed<Epoch> epoch, Envelope consent) =>
        Chains.CheckSuccessor(
            segment,
            new EpochDocument(epoch.Payload, segment.Vote(epoch, segment.GovQuorum), consent, Envelope.None))?.Failure;
}
