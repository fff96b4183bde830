using System.Security.Cryptography.X509Certificates;
using Fairlead.Identities;

namespace Fairlead.TestKit;

/// <summary>A pod's SVID in files, as a helper writes them.</summary>
public sealed class SvidFolder : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-svid-").FullName;

    public SpiffePaths Paths =>
        new(Path.Combine(_folder, "svid.pem"), Path.Combine(_folder, "key.pem"), Path.Combine(_folder, "bundle.pem"));

    public void Write(
        X509Certificate2 certificate, CertificateAuthority authority, params IEnumerable<X509Certificate2> between)
    {
        Replace(
            Paths.Certificate,
            string.Join('\n', between.Prepend(certificate).Select(one => one.ExportCertificatePem())));
        Replace(Paths.Key, certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        Replace(Paths.Bundle!, authority.Certificate.ExportCertificatePem());
    }

    // Each file is the old or the new one at any moment, and whoever watches the folder for moves sees it.
    private static void Replace(string path, string text)
    {
        File.WriteAllText(path + ".new", text);
        File.Move(path + ".new", path, overwrite: true);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
