namespace Fairlead.Naming.Traversal;

/// <summary>
/// Two signed documents that no honest signer signs both: evidence (V38), as it came. It proves itself; whoever brings
/// it need not be believed. Immutable.
/// </summary>
/// <param name="Kind">What they are.</param>
/// <param name="Segment">Whose keys signed.</param>
/// <param name="First">One of them.</param>
/// <param name="Second">The other.</param>
public sealed record Contradiction(ContradictionKind Kind, Digest Segment, Envelope First, Envelope Second)
{
    /// <summary>Evidence of the segment that its first document names.</summary>
    /// <param name="kind">What the two are.</param>
    /// <param name="first">One of them.</param>
    /// <param name="second">The other.</param>
    /// <param name="refusal">Why the first is not of that kind.</param>
    /// <returns>The evidence, of which nothing is verified; null where the first document cannot be read.</returns>
    public static Contradiction? Of(
        ContradictionKind kind, Envelope first, Envelope second, out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Payload.Length > Limits.EnvelopeBytes)
        {
            refusal = new Refusal(VerificationFailure.TooLarge, "a", $"{first.Payload.Length} bytes");
            return null;
        }

        var segment = kind switch
        {
            ContradictionKind.Certificates or ContradictionKind.SealVotes =>
                Document.TryParse<Seal>(first.Payload, out var seal, out refusal) ? seal.Value.Segment : (Digest?)null,
            ContradictionKind.EpochVotes or ContradictionKind.EpochCertificates =>
                Document.TryParse<Vote>(first.Payload, out var vote, out refusal) ? vote.Value.Segment : null,
            ContradictionKind.Attests =>
                Document.TryParse<Attest>(first.Payload, out var attest, out refusal) ? attest.Value.Segment : null,
            _ => Unknown(kind, out refusal),
        };
        return segment is { } of ? new Contradiction(kind, of, first, second) : null;
    }

    private static Digest? Unknown(ContradictionKind kind, out Refusal refusal)
    {
        refusal = new Refusal(VerificationFailure.BadEnvelope, "kind", $"kind {(int)kind}");
        return null;
    }
}
