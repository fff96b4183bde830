using Fairlead.Files;
using Fairlead.Kubernetes.Manifests;

namespace Fairlead.Controller.Manifests;

/// <summary>
/// Compares a folder with what it was at the scan before. Only names that end in <c>.yaml</c> or <c>.yml</c> and do not
/// begin with a dot count, so that neither an editor's spare copies nor a mounted ConfigMap's own folders do. Not
/// thread-safe.
/// </summary>
/// <param name="folder">The folder.</param>
/// <param name="list">Lists the files of a folder; null for the file system.</param>
internal sealed class FolderScanner(string folder, Func<string, IEnumerable<FileInfo>>? list = null)
{
    private const int FilesMax = 100_000;
    private readonly Func<string, IEnumerable<FileInfo>> _list =
        list ?? (path => new DirectoryInfo(path).EnumerateFiles());

    private readonly Dictionary<string, Seen> _seen = new(StringComparer.Ordinal);

    /// <summary>Whether a file of this name is a manifest.</summary>
    public static bool IsManifest(string name) =>
        !name.StartsWith('.')
        && (name.EndsWith(".yaml", StringComparison.Ordinal) || name.EndsWith(".yml", StringComparison.Ordinal));

    /// <summary>What changed.</summary>
    /// <param name="touched">Names to read even if size and time look as before; null reads all.</param>
    /// <exception cref="IOException">The folder cannot be listed, or holds more manifests than are read.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be listed.</exception>
    public ManifestScan Scan(IReadOnlySet<string>? touched)
    {
        var changes = new List<(string, byte[]?)>();
        var unreadable = new List<(string, string)>();
        var present = new HashSet<string>(StringComparer.Ordinal);
        foreach (var info in Listed())
        {
            present.Add(info.Name);
            Look(info, touched?.Contains(info.Name) ?? true, changes, unreadable);
        }

        foreach (var gone in _seen.Keys.Where(name => !present.Contains(name)).ToList())
        {
            _seen.Remove(gone);
            changes.Add((gone, null));
        }

        return new(changes, unreadable);
    }

    // Whole, before anything is remembered: of a listing that breaks off no change may be lost, and what is missing
    // from one that was cut short is not gone.
    private List<FileInfo> Listed()
    {
        var files = _list(folder).Where(info => IsManifest(info.Name)).Take(FilesMax + 1).ToList();
        return files.Count <= FilesMax
            ? files
            : throw new IOException($"it holds more than {FilesMax} manifests; spread them over several controllers");
    }

    private void Look(
        FileInfo info, bool isTouched, List<(string, byte[]?)> changes, List<(string, string)> unreadable)
    {
        var before = _seen.GetValueOrDefault(info.Name);
        try
        {
            // Size and time of a link are its own, not those of the file behind it.
            var isLink = info.LinkTarget is not null;
            var stamp = (info.Length, info.LastWriteTimeUtc);
            if (before is not null && !isTouched && !isLink && stamp == before.Stamp)
            {
                return;
            }

            // One byte more than a manifest may have is enough for its reader to refuse it.
            var bytes = RegularFile.Read(info.FullName, ManifestLimits.FileBytesMax);
            var isSame = before?.Bytes is { } known && known.AsSpan().SequenceEqual(bytes);
            _seen[info.Name] = new(stamp, bytes);
            if (!isSame)
            {
                changes.Add((info.Name, bytes));
            }
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            if (new FileInfo(info.FullName).LinkTarget is { } target)
            {
                Dangle(info.Name, target, before, unreadable);
            }
            else if (before?.Bytes is null)
            {
                // Of one that was never read nobody knows what it held. Otherwise it was renamed or deleted since it
                // was listed: the next scan tells.
                Tell(info.Name, gone.Message, before, unreadable);
            }
        }
        catch (Exception bad) when (bad is IOException or UnauthorizedAccessException)
        {
            Tell(info.Name, bad.Message, before, unreadable);
        }
    }

    // Where a mounted volume loses a file, the link to it goes a moment later than the file: only what still leads
    // nowhere at the next scan is wrong.
    private void Dangle(string name, string target, Seen? before, List<(string, string)> unreadable)
    {
        if (before is { Bytes: not null, IsDangling: false })
        {
            _seen[name] = before with { IsDangling = true };
            return;
        }

        Tell(name, $"a link to {target}, which is not there", before, unreadable);
    }

    private void Tell(string name, string reason, Seen? before, List<(string, string)> unreadable)
    {
        if (before is not { Bytes: null } || before.Reason != reason)
        {
            _seen[name] = new(default, null) { Reason = reason };
            unreadable.Add((name, reason));
        }
    }

    private sealed record Seen((long, DateTime) Stamp, byte[]? Bytes)
    {
        public string? Reason { get; init; }

        public bool IsDangling { get; init; }
    }
}
