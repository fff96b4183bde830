using Fairlead.Kubernetes.Objects;

namespace Fairlead.Kubernetes.Manifests;

/// <summary>
/// The accepted content of a folder of manifests, file by file. A file with a problem, or with an object that another
/// file holds, does not take effect: what was last accepted of it stays, and the others are not touched. Not
/// thread-safe: owned by the loop that watches the folder.
/// </summary>
public sealed class ManifestFolder
{
    private readonly SortedDictionary<string, Entry> _files = new(StringComparer.Ordinal);

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
            Accept();
        }

        return any;
    }

    /// <summary>Takes note that a file is there but cannot be read.</summary>
    public void Unreadable(string file, string reason)
    {
        var problem = new ManifestProblem(new(file, 1), $"cannot be read: {reason}");
        EntryOf(file).Current = new(ManifestContent.Empty, [problem]);
        Accept();
    }

    // Many tools truncate a file before they write it. Who means to withdraw everything deletes the file.
    private static ManifestFile Read(string file, ReadOnlySpan<byte> bytes) => bytes.IsEmpty
        ? new(ManifestContent.Empty, [new(new(file, 1), "the file is empty, as if it were being written: what "
            + "it held stays; delete it to withdraw that")])
        : ManifestReader.Read(file, bytes);

    private Entry EntryOf(string file)
    {
        if (!_files.TryGetValue(file, out var entry))
        {
            _files.Add(file, entry = new());
        }

        return entry;
    }

    // All pending files together, so that objects may move between them; else one by one, in the order of their names,
    // until none can be taken any more.
    private void Accept()
    {
        var pending = _files.Values.Where(entry => entry.IsPending).ToList();
        foreach (var entry in _files.Values)
        {
            entry.Conflicts = [];
        }

        if (Conflicts(pending).Count == 0)
        {
            pending.ForEach(entry => entry.Accepted = entry.Current!.Content);
            return;
        }

        var progress = true;
        while (progress)
        {
            progress = false;
            foreach (var entry in pending.Where(entry => entry.IsPending))
            {
                entry.Conflicts = Conflicts([entry]);
                if (entry.Conflicts.Count == 0)
                {
                    entry.Accepted = entry.Current!.Content;
                    progress = true;
                }
            }
        }
    }

    // What stands twice when `candidates` take effect.
    private List<ManifestProblem> Conflicts(List<Entry> candidates)
    {
        var taken = new Dictionary<(string, ObjectKey), ManifestLocation>();
        foreach (var entry in _files.Values.Except(candidates))
        {
            foreach (var (kind, key, location) in entry.Accepted?.Identities() ?? [])
            {
                taken[(kind, key)] = location;
            }
        }

        var conflicts = new List<ManifestProblem>();
        foreach (var (kind, key, location) in candidates.SelectMany(entry => entry.Current!.Content.Identities()))
        {
            if (!taken.TryAdd((kind, key), location))
            {
                conflicts.Add(new(location, ManifestReader.Duplicate(kind, key, taken[(kind, key)])));
            }
        }

        return conflicts;
    }

    private sealed class Entry
    {
        public ManifestFile? Current { get; set; }

        public ManifestContent? Accepted { get; set; }

        public List<ManifestProblem> Conflicts { get; set; } = [];

        public bool IsPending => Current is { IsGood: true } && !ReferenceEquals(Current.Content, Accepted);

        public IEnumerable<ManifestProblem> Problems => (Current?.Problems ?? []).Concat(Conflicts);
    }
}
