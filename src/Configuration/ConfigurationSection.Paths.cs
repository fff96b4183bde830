using System.Text;

namespace Fairlead.Configuration;

/// <content>Paths, made absolute: one in the file starts at the file's folder, one in a variable at the working
/// folder.</content>
public sealed partial class ConfigurationSection
{
    /// <summary>The longest path of a unix socket in bytes of UTF-8: <c>sun_path</c> of unix(7) without its end.
    /// </summary>
    public const int SocketPathBytesMax = 107;

    private const string ExpectsPath = "a path";
    private const string ExpectsFile = "the path of a file that is there";
    private static readonly string ExpectsSocket = $"the path of a unix socket, at most {SocketPathBytesMax} bytes";

    /// <summary>A path.</summary>
    public string FilePath(string key, string? fallback = null) =>
        Absolute(key, Value<string>(key, ExpectsPath, TryPath, fallback, fallback is not null)) ?? "";

    /// <summary>A path, or null where the key is absent.</summary>
    public string? OptionalFilePath(string key) =>
        Absolute(key, Value<string>(key, ExpectsPath, TryPath, null, hasFallback: true));

    /// <summary>The path of a file that exists.</summary>
    public string ExistingFile(string key)
    {
        var path = Absolute(key, Value<string>(key, ExpectsFile, TryPath)) ?? "";
        if (path.Length > 0 && !File.Exists(path))
        {
            Refuse(key, $"names {Shown.OfPath(path)}, which is not there", "create it or correct the path");
        }

        return path;
    }

    /// <summary>Where a unix socket can be, or is: short enough, no folder and no file with content.</summary>
    /// <param name="key">The key.</param>
    /// <param name="fallback">The path where the key is absent; absolute, or null for none.</param>
    public string? SocketPath(string key, string? fallback)
    {
        var path = Absolute(key, Value<string>(key, ExpectsSocket, TryPath, fallback, hasFallback: true));
        if (path is not null)
        {
            CheckSocket(key, path);
        }

        return path;
    }

    /// <summary>Notes an error where a path, given by a key or standing in for it, is none of a unix socket.</summary>
    public void CheckSocket(string key, string path)
    {
        if (SocketTrouble(path) is { } trouble)
        {
            Refuse(key, $"is {Shown.OfPath(path)}, {trouble}", "give another path");
        }
    }

    private static string? SocketTrouble(string path) =>
        Encoding.UTF8.GetByteCount(path) is var length && length > SocketPathBytesMax
            ? $"which has {length} bytes, and a unix socket's at most {SocketPathBytesMax}"
        : Directory.Exists(path) ? "which is a folder"
        : new FileInfo(path) is { Exists: true, Length: > 0 } ? "which is a file and no socket"
        : null;

    // No path of a file system holds NUL, which YAML can write.
    private static bool TryPath(string text, out string path)
    {
        path = text;
        return text.Length > 0 && !text.Contains('\0', StringComparison.Ordinal);
    }

    private string? Absolute(string key, string? path) => path is null ? null
        : Path.GetFullPath(path, Find(key) is { IsVariable: true } ? Environment.CurrentDirectory : _file.Folder);
}
