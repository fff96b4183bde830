using Fairlead.Naming;

namespace Fairlead.Anchor.Sealing;

/// <summary>A key that counts how often it was asked to sign, whether it did or not. Used by one task.</summary>
internal sealed class CountedSigner(ISigner signer) : ISigner
{
    /// <summary>How often.</summary>
    internal long Count { get; private set; }

    /// <inheritdoc/>
    public PublicKey Key => signer.Key;

    /// <inheritdoc/>
    public byte[] Sign(Digest digest)
    {
        Count++;
        return signer.Sign(digest);
    }
}
