namespace Fairlead.Kubernetes.Manifests;

/// <summary>
/// The accepted content of a folder of manifests, file by file. A file with a problem, or with an object that another
/// file holds, does not take effect: what was last accepted of it stays, and the others are not touched. Not
/// thread-safe: owned by the loop that watches the folder.
/// </summary>
public sealed class ManifestFolder
{
    private readonly SortedDictionary<string, ManifestEntry> _files = new(StringComparer.Ordinal);

    /// <summary>What is accepted of all files, in the order of their names.</summary>
    public ManifestContent Content =>
        ManifestContent.Concat([.. _files.Values.Select(entry => entry.Accepted).OfType<ManifestContent>()]);

    /// <summary>What is accepted of all files but some, in the order of their names.</summary>
    public ManifestContent Without(IReadOnlySet<string> files) => ManifestContent.Concat(
        [.. _files.Where(pair => !files.Contains(pair.Key)).Select(pair => pair.Value.Accepted)
            .OfType<ManifestContent>()]);

    /// <summary>
    /// Whether every file that is there was accepted at some time. Where not, an object that is missing from
    /// <see cref="Content"/> may stand in a file that could not be read yet, so its absence means nothing.
    /// </summary>
    public bool IsComplete => _files.Values.All(entry => entry.Accepted is not null);

    /// <summary>What is wrong with the files as they stand now, by location.</summary>
    public IReadOnlyList<ManifestProblem> Problems =>
        [.. _files.Values.SelectMany(entry => entry.Problems).OrderBy(problem => problem.Location)];

    /// <summary>Takes the files that changed: their bytes, or null for a file that is gone.</summary>
    /// <returns>Whether <see cref="Content"/>, <see cref="IsComplete"/> or <see cref="Problems"/> may have changed.
    /// </returns>
    public bool Update(IEnumerable<(string File, byte[]? Bytes)> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        var any = false;
        foreach (var (file, bytes) in changes)
        {
            any = true;
            if (bytes is null)
            {
                _files.Remove(file);
            }
            else
            {
                EntryOf(file).Current = Read(file, bytes);
            }
        }

        if (any)
        {
            ManifestAcceptance.Run(_files.Values);
        }

        return any;
    }

    /// <summary>Takes note of files that are there but cannot be read, each with the reason.</summary>
    public void Unreadable(IReadOnlyCollection<(string File, string Reason)> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        foreach (var (file, reason) in files)
        {
            var problem = new ManifestProblem(new(file, 1), $"cannot be read: {reason}");
            EntryOf(file).Current = new(ManifestContent.Empty, [problem]);
        }

        if (files.Count > 0)
        {
            ManifestAcceptance.Run(_files.Values);
        }
    }

    // Many tools truncate a file before they write it. Who means to withdraw everything deletes the file.
    private static ManifestFile Read(string file, ReadOnlySpan<byte> bytes) => bytes.IsEmpty
        ? new(ManifestContent.Empty, [new(new(file, 1), "the file is empty, as if it were being written: what "
            + "it held stays; delete it to withdraw that")])
        : ManifestReader.Read(file, bytes);

    private ManifestEntry EntryOf(string file)
    {
        if (!_files.TryGetValue(file, out var entry))
        {
            _files.Add(file, entry = new());
        }

        return entry;
    }
}
