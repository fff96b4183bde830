using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>V1 for one hop: the sizes of its parts, and what it adds to the answer's.</summary>
internal static class AnswerSize
{
    internal static Refusal? Check(UnverifiedHop hop, ref long total)
    {
        if (Math.Max(hop.Nodes.Length, Math.Max(hop.Epochs.Length, hop.Attests.Length)) > Limits.ListItems)
        {
            return new Refusal(TooLarge, "hops", "a list of more than 1024 elements");
        }

        if (hop.Proofs.Length > Limits.HopProofs)
        {
            return new Refusal(TooLarge, "proofs", $"{hop.Proofs.Length} proofs, at most {Limits.HopProofs}");
        }

        total += hop.Nodes.Length * Digest.Size;
        foreach (var epoch in hop.Epochs)
        {
            if (epoch.Payload.Length > Limits.EpochBytes)
            {
                return new Refusal(TooLarge, "epochs", $"an epoch of {epoch.Payload.Length} bytes");
            }

            total += epoch.Payload.Length;
            var refusal = Envelope(epoch.Vote, ref total)
                ?? Envelope(epoch.Consent, ref total)
                ?? Envelope(epoch.RecoveryConsent, ref total);
            if (refusal is not null)
            {
                return refusal.At("epochs");
            }
        }

        foreach (var proof in hop.Proofs)
        {
            total += proof.Leaf.Length + proof.Name.Length;
            total += proof.Proof.Mask.Length + (4 * proof.Proof.Siblings.Length);
            if (proof.Leaf.Length > Limits.EnvelopeBytes)
            {
                return new Refusal(TooLarge, "proofs", $"a leaf of {proof.Leaf.Length} bytes");
            }
        }

        foreach (var attest in hop.Attests)
        {
            if (Envelope(attest, ref total) is { } refusal)
            {
                return refusal.At("attests");
            }
        }

        return Envelope(hop.Seal, ref total)?.At("seal");
    }

    private static Refusal? Envelope(Envelope? envelope, ref long total)
    {
        if (envelope is null)
        {
            return null;
        }

        long size = envelope.Payload.Length;
        foreach (var signature in envelope.Signatures)
        {
            size += Digest.Size + signature.Value.Length;
        }

        total += size;
        return size > Limits.EnvelopeBytes ? new Refusal(TooLarge, "", $"an envelope of {size} bytes") : null;
    }
}
