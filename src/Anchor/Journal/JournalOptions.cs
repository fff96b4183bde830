namespace Fairlead.Anchor.Journal;

/// <summary>Where a journal lies and how it grows. Immutable.</summary>
/// <param name="Folder">The folder of the file; it must exist.</param>
/// <param name="Genesis">The segment's genesis digest, 64 lower-hex digits.</param>
/// <param name="Kid">The key's kid, 64 lower-hex digits.</param>
internal sealed record JournalOptions(string Folder, string Genesis, string Kid)
{
    /// <value>Bytes by which the file grows, as zeros; default 4 MiB. Writing into space that exists already is what
    /// makes an append cheap.</value>
    public int ChunkBytes { get; init; } = 4 * 1_048_576;

    /// <value>Bytes in use from which on a new file is started at the next archived seal; default 256 MiB.</value>
    public long RotateBytes { get; init; } = 256L * 1_048_576;

    /// <value>Bytes of the file at most; default 512 MiB. Between the two limits the archive has time to take a seal.
    /// </value>
    public long FileBytesMax { get; init; } = 512L * 1_048_576;

    /// <summary>The file: <c>Folder/Kid.j</c>.</summary>
    public string Path => System.IO.Path.Combine(Folder, Kid + ".j");
}
