using System.Security.Cryptography;
using Fairlead.Naming;

namespace Fairlead.Controller.Configuration;

/// <summary>The publisher's key, as signer of documents and as client key of TLS. Owns both.</summary>
internal sealed class PublisherKey(EcdsaSigner signer, ECDsa tls) : IDisposable
{
    /// <summary>Signs documents.</summary>
    public EcdsaSigner Signer { get; } = signer;

    /// <summary>The same key for connections.</summary>
    public ECDsa Tls { get; } = tls;

    /// <inheritdoc/>
    public void Dispose()
    {
        Signer.Dispose();
        Tls.Dispose();
    }
}
