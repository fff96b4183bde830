using System.Security.Cryptography;
using Fairlead.Files;
using Fairlead.Naming;

namespace Fairlead.Protocol.Files;

/// <summary>
/// Private keys on disk: one PKCS#8 PEM block with a P-256 key, readable by its owner alone; where root owns the file
/// and this process is not root, also by its group. That is how the kubelet mounts a Secret for a pod with
/// <c>fsGroup</c> (kubernetes.io/docs/concepts/configuration/secret), and nothing in the pod could change it.
/// Thread-safe.
/// </summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public static class KeyFile
{
    private const int BytesMax = 16 * 1024;
    private const uint Root = 0;
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Reads a key for signing documents.</summary>
    /// <exception cref="KeyFileException">It is missing, open to others, too large, or holds no P-256 key.</exception>
    public static EcdsaSigner LoadSigner(string path) => Parse(path, Read(path));

    /// <summary>Reads what is public of a key.</summary>
    /// <exception cref="KeyFileException">It is missing, open to others, too large, or holds no P-256 key.</exception>
    public static PublicKey LoadPublic(string path)
    {
        using var signer = LoadSigner(path);
        return signer.Key;
    }

    /// <summary>Reads a key for connections.</summary>
    /// <exception cref="KeyFileException">It is missing, open to others, too large, or holds no P-256 key.</exception>
    public static ECDsa Load(string path)
    {
        var text = Read(path);
        Parse(path, text).Dispose();
        var key = ECDsa.Create();
        key.ImportFromPem(text);
        return key;
    }

    private static EcdsaSigner Parse(string path, string text) => KeyPem.TryParse(text, out var signer, out var error)
        ? signer
        : throw new KeyFileException($"key file {path}: {error}; make a key with: fairlead key new --out FILE");

    private static string Read(string path)
    {
        try
        {
            if (RegularFile.Trouble(path) is { } trouble)
            {
                throw new KeyFileException($"key file {path}: {trouble}; give a PKCS#8 PEM file");
            }

            CheckMode(path);
            var bytes = RegularFile.Read(path, BytesMax);
            return bytes.Length <= BytesMax
                ? new StreamReader(new MemoryStream(bytes)).ReadToEnd()
                : throw new KeyFileException(
                    $"key file {path}: more than {BytesMax} bytes is no key; give a PKCS#8 PEM file");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var remedy = e is FileNotFoundException or DirectoryNotFoundException
                ? "it does not exist; make one with: fairlead key new --out " + path
                : e.Message;
            throw new KeyFileException($"key file {path}: {remedy}", e);
        }
    }

    /// <summary>Writes a new key where no file is yet.</summary>
    /// <exception cref="IOException">There is a file, or it cannot be written.</exception>
    public static ECDsa Create(string path)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Owner,
        };
        using var writer = new StreamWriter(path, options);
        writer.Write(KeyPem.Format(key));
        return key;
    }

    private static void CheckMode(string path)
    {
        var mode = File.GetUnixFileMode(path);
        var beyond = mode & ~(Owner | UnixFileMode.UserExecute);
        var isMounted = !Environment.IsPrivilegedProcess && RegularFile.OwnerOf(path) == Root;
        if ((isMounted ? beyond & ~UnixFileMode.GroupRead : beyond) != 0)
        {
            var remedy = isMounted ? "give its volume defaultMode: 0400" : $"run: chmod 600 {path}";
            throw new KeyFileException(
                $"key file {path}: mode 0{Convert.ToString((int)mode, 8)} lets others use it; {remedy}");
        }
    }
}
