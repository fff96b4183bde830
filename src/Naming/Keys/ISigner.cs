namespace Fairlead.Naming;

/// <summary>A private key somewhere: a file, a key service, a token.</summary>
public interface ISigner
{
    /// <summary>Its public half.</summary>
    PublicKey Key { get; }

    /// <summary>Signs a document's digest.</summary>
    /// <returns>64 bytes r, s with low s.</returns>
    byte[] Sign(Digest digest);
}
