using Fairlead.Naming;

namespace Fairlead.Anchor.Serving;

/// <summary>An Attest of this anchor, signed.</summary>
/// <param name="Envelope">The document with its signature.</param>
/// <param name="Expires">When it ends, in unix milliseconds.</param>
internal readonly record struct MintedAttest(Envelope Envelope, long Expires);
