using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Protocol.Files;

namespace Fairlead.Cli.Ceremony;

/// <summary>
/// Makes epoch 0 of a segment: its anchors, quorum and policy, one publisher's Credential and the Rule <c>open</c>
/// (and <c>transit</c>, where others may go through it), with the consent of every gov and seal key (V8). Pure but for
/// the signers.
/// </summary>
internal static class Founding
{
    private const long EpochLife = 7 * Limits.Day;

    /// <summary>How long the publisher's first Credential lives, in ms.</summary>
    internal const long CredentialLife = 180 * Limits.Day;

    /// <summary>Founds a segment.</summary>
    /// <param name="plan">What it is to be.</param>
    /// <param name="now">The moment, in unix milliseconds.</param>
    /// <param name="draw">Draws 16 random bytes: the salt and the openings.</param>
    /// <returns>Everything public about it; no handover and no seal yet.</returns>
    /// <exception cref="CeremonyException">The plan is none that verifiers would accept.</exception>
    internal static SegmentFile Found(SegmentPlan plan, long now, Func<Hex16> draw)
    {
        if (PolicyRules.CheckLives(plan.Policy) is { } refusal)
        {
            throw new CeremonyException($"{refusal}");
        }

        ImmutableArray<ParsedLeaf> leaves =
        [
            ParsedLeaf.Of(Document.Make(OpenRule(draw()))),
            .. plan.Transit.IsEmpty ? [] : new[] { ParsedLeaf.Of(Document.Make(TransitRule(plan.Transit, draw()))) },
            ParsedLeaf.Of(Document.Make(CredentialOf(plan, now, draw()))),
        ];
        var manifest = OperationManifest.Of(leaves);
        var epoch = Document.Make(Genesis(plan, manifest, leaves, now, draw()));
        var consent = Document.Make(new Consent { Digest = epoch.Digest, Epoch = 0, Segment = epoch.Digest });
        var signers = plan.Anchors.SelectMany<AnchorPlan, ISigner>(anchor => [anchor.Gov, anchor.Seal]);
        var founded = new SegmentFile(
            plan.Name,
            epoch.Digest,
            [new EpochDocument(epoch.Payload, Envelope.None, Envelope.Sign(consent, signers), Envelope.None)],
            [manifest.Payload],
            [OperationManifest.Written(leaves)],
            []);
        SegmentChain.Verify(founded, now);
        return founded;
    }

    private static Rule OpenRule(Hex16 opening) => new()
    {
        Effect = RuleEffect.Allow,
        Id = "open",
        Made = 0,
        Names = [NamePattern.Parse("*.svc")],
        Opening = opening,
        Subjects = [new RuleSubject { Segment = "*" }],
    };

    // A parent decides who may go through it; without a Rule nobody may (4.1).
    private static Rule TransitRule(ImmutableArray<NamePattern> names, Hex16 opening) => new()
    {
        Effect = RuleEffect.Allow,
        Id = "transit",
        Made = 0,
        Names = [.. names.Distinct().OrderBy(name => name.Text, StringComparer.Ordinal)],
        Opening = opening,
        Subjects = [new RuleSubject { Segment = "*" }],
    };

    private static Credential CredentialOf(SegmentPlan plan, long now, Hex16 opening) => new()
    {
        Expires = now + CredentialLife,
        Key = plan.Publisher,
        Made = 0,
        MaxTtl = plan.Policy.MaxTtl,
        Names = [NamePattern.Parse("*.svc")],
        Opening = opening,
        Types = [PublishedType.Bundle, PublishedType.Gateway, PublishedType.Record, PublishedType.Set],
    };

    private static Epoch Genesis(
        SegmentPlan plan, Parsed<Manifest> manifest, IEnumerable<ParsedLeaf> leaves, long now, Hex16 salt)
    {
        var anchors = plan.Anchors
            .OrderBy(anchor => anchor.Id, StringComparer.Ordinal).Select(AnchorOf).ToImmutableArray();
        return new Epoch
        {
            Anchors = anchors,
            Domains = plan.Domains,
            Expires = now + EpochLife,
            Issued = now,
            Number = 0,
            Op = new EpochOp { Manifest = manifest.Digest, Type = OpType.Genesis },
            Policy = plan.Policy with { Rules = Hashes.Rules(
                [.. leaves.Where(leaf => leaf.Class == LeafClass.Rule).Select(leaf => leaf.Commitment)]) },
            Quorum = new Quorum
            {
                Assurance = Assurance.Of(anchors, plan.Faults, plan.Threshold, plan.Threshold),
                Attest = 1,
                F = plan.Faults,
                TGov = plan.Threshold,
                TSeal = plan.Threshold,
            },
            Salt = salt,
            Uplinks = plan.Uplinks,
        };
    }

    private static EpochAnchor AnchorOf(AnchorPlan plan) => new()
    {
        Admin = plan.Admin,
        Endpoints = [plan.Endpoint],
        Gov = plan.Gov.Key,
        Host = plan.Host,
        Id = plan.Id,
        Seal = plan.Seal.Key,
        Tls = plan.Tls,
        Weight = 1,
    };
}
