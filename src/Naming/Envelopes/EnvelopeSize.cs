namespace Fairlead.Naming;

/// <summary>V1 for envelopes: payload and signatures together. Stateless, thread-safe.</summary>
public static class EnvelopeSize
{
    /// <summary><c>TooLarge</c>, or null.</summary>
    /// <param name="envelope">The envelope.</param>
    /// <param name="where">Where it stands.</param>
    public static Refusal? Check(Envelope envelope, string where)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        long size = envelope.Payload.Length;
        foreach (var signature in envelope.Signatures)
        {
            size += Digest.Size + signature.Value.Length;
        }

        return size > Limits.EnvelopeBytes
            ? new Refusal(VerificationFailure.TooLarge, where, $"an envelope of {size} bytes")
            : null;
    }
}
