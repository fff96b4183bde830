using System.Security.Cryptography;
using System.Text;

namespace Fairlead.Resolver.State;

/// <summary>A small file that is replaced as a whole: content, then a line with its SHA-256 (trust 4.11, V39). After a
/// crash at any moment it holds the content before or after, never a mixture.</summary>
/// <remarks>The file is the content, a line feed, 64 lower-hex digits of SHA-256(content), a line feed; mode 0600. Not
/// safe for concurrent use: one owner writes it.</remarks>
public sealed class DurableFile
{
    /// <summary>The default limit of the content, in bytes: 64 MiB.</summary>
    public const int ContentBytesMaxDefault = 64 * 1_048_576;

    private const int TrailerBytes = 1 + 2 * SHA256.HashSizeInBytes + 1;

    private readonly string _path;
    private readonly string _folder;
    private readonly int _contentBytesMax;

    /// <summary>The file at <paramref name="path"/>; nothing is touched yet.</summary>
    /// <param name="path">The file; its folder must exist when it is written.</param>
    /// <param name="contentBytesMax">The most bytes of content to load or store.</param>
    public DurableFile(string path, int contentBytesMax = ContentBytesMaxDefault)
    {
        _path = Path.GetFullPath(path);
        _folder = Path.GetDirectoryName(_path)
            ?? throw new ArgumentException("a state file lies in a folder", nameof(path));
        _contentBytesMax = contentBytesMax;
    }

    /// <summary>The content, or null when there is no file yet.</summary>
    /// <exception cref="StateException"><see cref="StateError.StateCorrupt"/>, <see cref="StateError.TooLarge"/>,
    /// <see cref="StateError.StateNotDurable"/> when it cannot be read.</exception>
    public byte[]? Load()
    {
        var bytes = ReadAll();
        if (bytes is null)
        {
            return null;
        }

        var length = bytes.Length - TrailerBytes;
        if (length < 0 || !bytes.AsSpan(length).SequenceEqual(Trailer(bytes.AsSpan(0, length))))
        {
            throw new StateException(
                StateError.StateCorrupt, $"{_path} does not match its check; restore it or move it away");
        }

        return bytes[..length];
    }

    /// <summary>Replaces the content and returns once the new one is on the disk: a temporary file, fsync, rename,
    /// fsync of the folder.</summary>
    /// <exception cref="StateException"><see cref="StateError.TooLarge"/>: nothing was touched.
    /// <see cref="StateError.StateNotDurable"/>: the file holds the old or the new content.</exception>
    public void Save(ReadOnlySpan<byte> content) => Replace(content, isFolderSynced: true);

    /// <summary>Replaces the content as <see cref="Save"/> does, but for the folder: after a crash the file may hold
    /// the old content, until its folder is on the disk too.</summary>
    /// <exception cref="StateException">As there.</exception>
    internal void Replace(ReadOnlySpan<byte> content) => Replace(content, isFolderSynced: false);

    private void Replace(ReadOnlySpan<byte> content, bool isFolderSynced)
    {
        if (content.Length > _contentBytesMax)
        {
            throw TooLarge(content.Length);
        }

        var temporary = _path + ".tmp";
        try
        {
            using (var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.ReadWrite, FileShare.None))
            {
                if (!OperatingSystem.IsWindows())
                {
                    File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                }

                RandomAccess.Write(file, content, 0);
                RandomAccess.Write(file, Trailer(content), content.Length);
                RandomAccess.FlushToDisk(file);
            }

            File.Move(temporary, _path, overwrite: true);
            if (isFolderSynced)
            {
                DiskSync.SyncFolder(_folder);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw NotDurable(exception);
        }
    }

    private static byte[] Trailer(ReadOnlySpan<byte> content) =>
        Encoding.ASCII.GetBytes($"\n{Convert.ToHexStringLower(SHA256.HashData(content))}\n");

    private byte[]? ReadAll()
    {
        try
        {
            using var file = File.OpenHandle(_path, FileMode.Open, FileAccess.Read);
            var length = RandomAccess.GetLength(file);
            if (length > (long)_contentBytesMax + TrailerBytes)
            {
                throw TooLarge(length);
            }

            var bytes = new byte[length];
            var total = 0;
            for (int read; total < bytes.Length; total += read)
            {
                read = RandomAccess.Read(file, bytes.AsSpan(total), total);
                if (read == 0)
                {
                    break;
                }
            }

            return bytes[..total];
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw NotDurable(exception);
        }
    }

    private StateException TooLarge(long bytes) =>
        new(StateError.TooLarge, $"{_path}: {bytes} bytes exceed {_contentBytesMax}");

    private StateException NotDurable(Exception exception) =>
        new(StateError.StateNotDurable, $"{_path}: {exception.Message}", exception);
}
