using System.Security.Cryptography;
using Fairlead.Naming;

namespace Fairlead.Controller.Configuration;

/// <summary>Loads the publisher's key: PKCS#8 PEM that nobody else can read.</summary>
internal static class PublisherKeyFile
{
    private const int BytesMax = 16 * 1024;

    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>The key; null with what is wrong with its file, and the remedy.</summary>
    public static PublisherKey? Load(string path, out string? error)
    {
        try
        {
            // One handle for mode and bytes, so that both speak of one file.
            using var file = File.OpenHandle(path);
            var mode = OperatingSystem.IsWindows() ? UnixFileMode.None : File.GetUnixFileMode(file);
            if ((mode & Others) != 0)
            {
                error = $"key file {path}: mode 0{Convert.ToString((int)mode, 8)} lets others read it; chmod 600 {path}";
                return null;
            }

            return Parse(file, path, out error);
        }
        catch (Exception bad) when (bad is IOException or UnauthorizedAccessException)
        {
            error = $"key file {path}: {bad.Message}; correct the path or its owner";
            return null;
        }
    }

    private static PublisherKey? Parse(Microsoft.Win32.SafeHandles.SafeFileHandle file, string path, out string? error)
    {
        var bytes = new byte[BytesMax];
        var text = new char[BytesMax];
        try
        {
            var length = RandomAccess.Read(file, bytes, 0);
            System.Text.Encoding.Latin1.GetChars(bytes, 0, length, text, 0);
            if (!KeyPem.TryParse(text.AsSpan(0, length), out var signer, out error))
            {
                error = $"key file {path}: {error}; fairlead segment init writes one";
                return null;
            }

            var tls = ECDsa.Create();
            tls.ImportFromPem(text.AsSpan(0, length));
            return new(signer, tls);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
            Array.Clear(text);
        }
    }
}
