using Fairlead.Rpc;

namespace Fairlead.Identities;

/// <summary>One proof of who a pod is (V50). Immutable. Its text never shows the token.</summary>
/// <param name="Certificate">The certificate of its connections; null for the pod's own key.</param>
/// <param name="Token">A token that goes with each question; null for none.</param>
public sealed record ConsumerProof(TlsIdentity? Certificate, string? Token)
{
    /// <summary>What it is, without what it proves with.</summary>
    public override string ToString() => Token is null ? "certificate" : "token";
}
