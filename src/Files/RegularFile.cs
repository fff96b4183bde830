using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Fairlead.Files;

/// <summary>
/// Reads files that a user names: configuration, keys, tokens, certificates, manifests. Each has to be a regular file,
/// or a symbolic link to one, as in a mounted volume: to open a pipe that nobody writes to waits for ever, and a device
/// has no end. Stateless.
/// </summary>
public static class RegularFile
{
    private const int Here = -100; // AT_FDCWD
    private const uint TypeAlone = 1; // STATX_TYPE
    private const uint OwnerAlone = 8; // STATX_UID
    private const int StatxBytes = 256;
    private const int OwnerOffset = 20;
    private const int ModeOffset = 28;
    private const int TypeMask = 0xF000; // S_IFMT
    private const int Regular = 0x8000; // S_IFREG

    /// <summary>Why a path is none to read from; null where it is, and where nothing is known of it.</summary>
    public static string? Trouble(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!OperatingSystem.IsLinux() || TypeOf(path) is not { } type || type == Regular)
        {
            return null;
        }

        var what = type switch
        {
            0x1000 => "a pipe",
            0x2000 or 0x6000 => "a device",
            0x4000 => "a folder",
            0xC000 => "a socket",
            _ => "something else",
        };
        return $"it is {what}, not a regular file";
    }

    /// <summary>Opens a file to be read, without a lock on it.</summary>
    /// <exception cref="IOException">It is no regular file, is not there, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static SafeFileHandle Open(string path) => Trouble(path) is { } trouble
        ? throw new IOException(trouble)
        : File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="bytesMax">The most bytes that it may have.</param>
    /// <returns>Its bytes; of a file that has more, one byte more than it may have, which is enough to tell.</returns>
    /// <exception cref="IOException">It is no regular file, is not there, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static byte[] Read(string path, int bytesMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytesMax);
        using var file = Open(path);

        // What some file systems say of a length is 0 whatever there is to read.
        var buffer = new byte[(int)Math.Clamp(RandomAccess.GetLength(file) + 1, 1, bytesMax + 1L)];
        var length = 0;
        while (RandomAccess.Read(file, buffer.AsSpan(length), length) is var read and > 0)
        {
            length += read;
            if (length == buffer.Length)
            {
                if (length > bytesMax)
                {
                    break;
                }

                Array.Resize(ref buffer, (int)Math.Min(Math.Max(buffer.Length * 2L, 4_096), bytesMax + 1L));
            }
        }

        return length == buffer.Length ? buffer : buffer[..length];
    }

    /// <summary>The user that owns a file, behind all links; null where that is not to be known.</summary>
    public static uint? OwnerOf(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return OperatingSystem.IsLinux() && Asked(path, OwnerAlone) is { } told
            ? BitConverter.ToUInt32(told, OwnerOffset)
            : null;
    }

    // What it is behind all links; null where that is not to be known, which to open it tells better.
    private static int? TypeOf(string path) =>
        Asked(path, TypeAlone) is { } told ? BitConverter.ToUInt16(told, ModeOffset) & TypeMask : null;

    private static byte[]? Asked(string path, uint mask)
    {
        var result = new byte[StatxBytes];
        return Statx(Here, Encoding.UTF8.GetBytes(path + '\0'), 0, mask, result) == 0 ? result : null;
    }

    // Of all calls that say what a file is, the one whose answer has the same layout on every platform.
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [DllImport("libc", EntryPoint = "statx")]
    private static extern int Statx(int folder, byte[] path, int flags, uint mask, [Out] byte[] result);
}
