using System.Collections.Immutable;
using System.Net;
using Fairlead.Naming;

namespace Fairlead.TestKit.Answers;

/// <summary>Writes and certifies the epochs of a test segment.</summary>
public static class AnswerEpochs
{
    public const long Day = 24 * 3600 * 1000L;

    /// <summary>The demo's policy: short lives, no continuity.</summary>
    public static Policy DemoPolicy { get; } = new()
    {
        AttestTarget = 300_000,
        AttestTransit = 3_600_000,
        ClockDelta = 1000,
        ContinuityMax = 0,
        Grace = 2000,
        Heartbeat = 5000,
        IntroductionMaxAge = Day,
        MaxHops = 8,
        MaxRecordLife = Day,
        MaxTtl = 300_000,
        NegativeTtl = 10_000,
        SealValidity = 15_000,
    };

    internal static Epoch Genesis(AnswerSegment segment, long now) => new()
    {
        Anchors = AnchorsOf(segment.Anchors),
        Number = 0,
        Expires = now + (7 * Day),
        Issued = now,
        Op = new EpochOp { Type = "genesis" },
        Policy = DemoPolicy,
        Quorum = new Quorum
        {
            Assurance = segment.Faults == 0 ? ["crash", "single-host"] : ["single-host"],
            Attest = 1,
            F = segment.Faults,
            TGov = segment.Threshold,
            TSeal = segment.Threshold,
        },
        Salt = Hex16.FromBytes(
            Digest.Sha256(System.Text.Encoding.ASCII.GetBytes(segment.Name.Text)).ToArray().AsSpan(0, 16)),
    };

    public static Epoch Next(AnswerSegment segment, long now) => segment.Newest.Value with
    {
        Number = segment.Newest.Value.Number + 1,
        Expires = now + (7 * Day),
        Issued = now,
        Op = new EpochOp { Type = "policy" },
        Prev = segment.Newest.Digest,
        Segment = segment.Genesis,
    };

    public static ImmutableArray<EpochAnchor> AnchorsOf(ImmutableArray<AnchorKeys> keys) =>
        [.. keys.Select((anchor, i) => new EpochAnchor
        {
            Admin = $"admin-{(char)('a' + i)}",
            Endpoints = [IpEndpoint.Of(IPAddress.Loopback, 16443 + i)],
            Gov = anchor.Gov.Key,
            Host = "host-1",
            Id = anchor.Id,
            Seal = anchor.Seal.Key,
            Tls = anchor.Tls.Key,
            Weight = 1,
        })];

    /// <summary>The certificate of an epoch by the anchors of this segment.</summary>
    public static EpochDocument Certify(AnswerSegment segment, Parsed<Epoch> epoch, bool consents = false)
    {
        if (epoch.Value.Number == 0)
        {
            var keys = segment.Anchors.SelectMany<AnchorKeys, ISigner>(anchor => [anchor.Gov, anchor.Seal]);
            return new EpochDocument(epoch.Payload, Envelope.None, Consent(epoch.Digest, epoch, keys), Envelope.None);
        }

        // The same anchors under another quorum: as many gov keys as the new threshold agree (V10).
        var agreeing = segment.Anchors.Select(anchor => anchor.Gov).OrderBy(key => key.Key.Kid)
            .Take((int)epoch.Value.Quorum.TGov);

        return new EpochDocument(
            epoch.Payload,
            Vote(segment.Genesis, epoch, segment.Anchors.Take(segment.Threshold).Select(anchor => anchor.Gov)),
            consents ? Consent(segment.Genesis, epoch, agreeing) : Envelope.None,
            Envelope.None);
    }

    public static Envelope Consent(Digest segment, Parsed<Epoch> epoch, IEnumerable<ISigner> keys) => Envelope.Sign(
        Document.Make(new Consent { Digest = epoch.Digest, Epoch = epoch.Value.Number, Segment = segment }), keys);

    public static Envelope Vote(
        Digest segment, Parsed<Epoch> epoch, IEnumerable<ISigner> keys, string phase = "commit", long round = 0) =>
        Envelope.Sign(
            Document.Make(new Vote
            {
                Digest = epoch.Digest,
                Epoch = epoch.Value.Number,
                Phase = phase,
                Round = round,
                Segment = segment,
            }),
            keys);
}
