using System.Security.Cryptography;
using Fairlead.Naming;
using Fairlead.Protocol.Files;

namespace Fairlead.Controller.Configuration;

/// <summary>The publisher's key, as signer of documents and as client key of TLS. Owns both.</summary>
internal sealed class PublisherKey : IDisposable
{
    /// <summary>Loads the key.</summary>
    /// <exception cref="KeyFileException">The file is missing, open to others, or holds no P-256 key.</exception>
    public PublisherKey(string path)
    {
        Signer = KeyFile.LoadSigner(path);
        Tls = KeyFile.Load(path);
    }

    /// <summary>Signs documents.</summary>
    public EcdsaSigner Signer { get; }

    /// <summary>The same key for connections.</summary>
    public ECDsa Tls { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Signer.Dispose();
        Tls.Dispose();
    }
}
