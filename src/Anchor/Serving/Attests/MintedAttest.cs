using Fairlead.Naming;

namespace Fairlead.Anchor.Serving;

/// <summary>An Attest, signed by one anchor.</summary>
/// <param name="Envelope">The document with its signature.</param>
/// <param name="Issued">When it was signed, in unix milliseconds.</param>
/// <param name="Expires">When it ends, in unix milliseconds.</param>
/// <param name="RenewAt">When a newer one is to be had, in unix milliseconds.</param>
internal readonly record struct MintedAttest(Envelope Envelope, long Issued, long Expires, long RenewAt)
{
    /// <summary>The kid of the key that signed it.</summary>
    internal Digest Kid => Envelope.Signatures[0].Kid;
}
