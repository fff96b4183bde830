using System.Diagnostics.CodeAnalysis;

namespace Fairlead.Naming;

/// <summary>An epoch and its certificates, each in its one form (V1-V3). Nothing is said of who signed. Immutable,
/// thread-safe.</summary>
public sealed class ParsedEpochDocument
{
    private ParsedEpochDocument(EpochDocument raw, Parsed<Epoch> epoch)
    {
        Raw = raw;
        Epoch = epoch;
    }

    /// <summary>The bytes and signatures.</summary>
    public EpochDocument Raw { get; }

    /// <summary>The epoch.</summary>
    public Parsed<Epoch> Epoch { get; }

    /// <summary>The vote; null where none came.</summary>
    public Parsed<Vote>? Vote { get; private init; }

    /// <summary>The consent; null where none came.</summary>
    public Parsed<Consent>? Consent { get; private init; }

    /// <summary>The recovery keys' consent; null where none came.</summary>
    public Parsed<Consent>? RecoveryConsent { get; private init; }

    /// <summary>Reads all of it. The <c>segment</c> of each part must be the genesis of the chain it stands in, epoch 0
    /// being judged by V8: else <c>WrongSegment</c> (V3).</summary>
    public static bool TryParse(
        EpochDocument raw,
        Digest genesis,
        [NotNullWhen(true)] out ParsedEpochDocument? document,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(raw);
        document = null;
        if (!Document.TryParse<Epoch>(raw.Payload, out var epoch, out refusal)
            || !TryParseOptional<Vote>(raw.Vote, "vote", out var vote, out refusal)
            || !TryParseOptional<Consent>(raw.Consent, "consent", out var consent, out refusal)
            || !TryParseOptional<Consent>(raw.RecoveryConsent, "recovery_consent", out var recovery, out refusal))
        {
            return false;
        }

        var segment = epoch.Value.Number == 0 ? epoch.Digest : genesis;
        if ((epoch.Value.Segment ?? epoch.Digest) != segment
            || (vote?.Value.Segment ?? segment) != segment
            || (consent?.Value.Segment ?? segment) != segment
            || (recovery?.Value.Segment ?? segment) != segment)
        {
            refusal = new Refusal(
                VerificationFailure.WrongSegment, "epoch", $"speaks of another segment than {segment}");
            return false;
        }

        document = new ParsedEpochDocument(raw, epoch)
        {
            Vote = vote,
            Consent = consent,
            RecoveryConsent = recovery,
        };
        return true;
    }

    private static bool TryParseOptional<T>(
        Envelope envelope, string where, out Parsed<T>? parsed, [NotNullWhen(false)] out Refusal? refusal)
        where T : Document, IDocument<T>
    {
        parsed = null;
        refusal = null;
        if (envelope.IsNone || Document.TryParse(envelope.Payload, out parsed, out refusal))
        {
            return true;
        }

        refusal = refusal.At(where);
        return false;
    }
}
