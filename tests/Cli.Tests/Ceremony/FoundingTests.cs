using Fairlead.Cli.Ceremony;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Cli.Tests.Ceremony;

public sealed class FoundingTests
{
    [Fact]
    public void Found_FourAnchors_IsAcceptedByEveryCheckOfAChain()
    {
        var segment = Ceremonies.Found();

        var verdict = EpochChain.Extend(null, segment.Genesis, null, segment.Epochs, Ceremonies.Now);

        Assert.True(verdict.IsAccepted, verdict.Refusal?.ToString());
        var epoch = verdict.Segment.Newest.Value;
        Assert.Equal(segment.Genesis, verdict.Segment.Newest.Digest);
        Assert.Null(QuorumRules.Check(epoch, []));
        Assert.Equal(["single-host"], epoch.Quorum.Assurance);
        Assert.Equal((3, 3, 1, 1), (epoch.Quorum.TGov, epoch.Quorum.TSeal, epoch.Quorum.F, epoch.Quorum.Attest));
        Assert.Equal(["eu1-a", "eu1-b", "eu1-c", "eu1-d"], epoch.Anchors.Select(anchor => anchor.Id));
        Assert.Equal(8, segment.Epochs[0].Consent.Signatures.Length);
        Assert.Empty(segment.Handovers);
        var policy = epoch.Policy;
        Assert.Equal(
            (15_000, 5_000, 1_000, 0),
            (policy.SealValidity, policy.Heartbeat, policy.ClockDelta, policy.ContinuityMax));
    }

    [Fact]
    public void Found_Leaves_AreThePublishersCredentialAndTheOpenRule()
    {
        var segment = Ceremonies.Found();
        var (newest, leaves) = SegmentChain.Verify(segment, Ceremonies.Now);

        var all = leaves[0].Leaves.Values.ToList();
        Assert.Equal(2, all.Count);
        var rule = Assert.Single(all.Select(leaf => leaf.Document).OfType<Rule>());
        Assert.Equal(("open", "allow"), (rule.Id, rule.Effect));
        Assert.Equal("*.svc", Assert.Single(rule.Names).Text);
        Assert.Equal(new RuleSubject { Segment = "*" }, Assert.Single(rule.Subjects));
        Assert.Equal(Hashes.Rules([all.Single(leaf => leaf.Document is Rule).Commitment]), newest.Value.Policy.Rules);
        var credential = Assert.Single(all.Select(leaf => leaf.Document).OfType<Credential>());
        Assert.Equal(TestKeys.Key(390), credential.Key);
        Assert.Equal("*.svc", Assert.Single(credential.Names).Text);
        Assert.Equal(["bundle", "gateway", "record", "set"], credential.Types);
        Assert.InRange(credential.Expires - Ceremonies.Now, 1, Limits.CredentialLife);
        Assert.InRange(credential.MaxTtl, 1, newest.Value.Policy.MaxTtl);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 3)]
    [InlineData(7, 5)]
    [InlineData(16, 11)]
    public void Found_AnyNumberOfAnchors_HasASafeQuorum(int anchors, int threshold)
    {
        var segment = Founding.Found(Ceremonies.Plan(anchors: anchors), Ceremonies.Now, Ceremonies.Draw());

        Assert.Equal(threshold, SegmentChain.Verify(segment, Ceremonies.Now).Newest.Value.Quorum.TSeal);
    }

    [Fact]
    public void Found_TooManyFaults_IsNotMade()
    {
        var plan = Ceremonies.Plan() with { Faults = 2 };

        var refused = Assert.Throws<CeremonyException>(() => Founding.Found(plan, Ceremonies.Now, Ceremonies.Draw()));

        Assert.Contains("BadQuorumParams", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("epoch", "WrongSegment")]
    [InlineData("consent", "GenesisMismatch")]
    [InlineData("signature", "BadSignature")]
    [InlineData("manifest", "ManifestMismatch")]
    [InlineData("leaf", "ManifestMismatch")]
    public void Verify_TamperedPart_IsRefused(string part, string failure)
    {
        var segment = Ceremonies.Found();
        var epoch = segment.Epochs[0];
        var consent = epoch.Consent;
        var swapped = consent.Signatures.SetItem(2, consent.Signatures[2] with { Value = consent.Signatures[3].Value });
        var removal = new Manifest { Changes = [new ManifestChange { Class = (long)LeafClass.Rule, Name = "open" }] };
        segment = part switch
        {
            "epoch" => segment with { Epochs = [epoch with { Payload = Digit(epoch.Payload, "\"issued\":") }] },
            "consent" => segment with
            {
                Epochs = [epoch with { Consent = consent with { Signatures = consent.Signatures.RemoveAt(0) } }],
            },
            "signature" => segment with { Epochs = [epoch with { Consent = consent with { Signatures = swapped } }] },
            "manifest" => segment with { Manifests = [Document.Make(removal).Payload] },
            _ => segment with
            {
                Leaves = [[.. segment.Leaves[0].Select(leaf => (leaf.Class, Digit(leaf.Payload, "\"opening\":\"")))]],
            },
        };

        var refused = Assert.Throws<CeremonyException>(() => SegmentChain.Verify(segment, Ceremonies.Now));

        Assert.StartsWith(failure, refused.Message, StringComparison.Ordinal);
    }

    // Another character of the same kind behind the marker, so that the document keeps its one form.
    private static ReadOnlyMemory<byte> Digit(ReadOnlyMemory<byte> payload, string marker)
    {
        var text = System.Text.Encoding.ASCII.GetString(payload.Span);
        var at = text.IndexOf(marker, StringComparison.Ordinal) + marker.Length;
        var changed = text[at] == '1' ? '2' : '1';
        return System.Text.Encoding.ASCII.GetBytes($"{text[..at]}{changed}{text[(at + 1)..]}");
    }
}
