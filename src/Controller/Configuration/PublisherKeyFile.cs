using Fairlead.Naming;

namespace Fairlead.Controller.Configuration;

/// <summary>Loads the publisher's key: PKCS#8 PEM that nobody else can read.</summary>
internal static class PublisherKeyFile
{
    private const int BytesMax = 16 * 1024;

    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>The key, or what is wrong with its file, with the remedy.</summary>
    public static EcdsaSigner? Load(string path, out string? error)
    {
        error = null;
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

            var bytes = new byte[BytesMax];
            var length = RandomAccess.Read(file, bytes, 0);
            var isKey = KeyPem.TryParse(System.Text.Encoding.ASCII.GetString(bytes, 0, length), out var signer, out var wrong);
            Array.Clear(bytes);
            error = isKey ? null : $"key file {path}: {wrong}; write it with fairlead segment init";
            return signer;
        }
        catch (Exception bad) when (bad is IOException or UnauthorizedAccessException)
        {
            error = $"key file {path}: {bad.Message}; correct the path or its owner";
            return null;
        }
    }
}
