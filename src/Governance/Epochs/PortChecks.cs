using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>Lets the rules of the domain verify by the engine's port. As thread-safe as the port.</summary>
internal sealed class PortChecks(ISignatureCheck signatures) : ISignatureChecks
{
    public Refusal? Verify(PublicKey key, in Digest digest, ReadOnlySpan<byte> signature) =>
        signatures.Check(key, digest, signature);
}
