using Fairlead.Anchor.Journal;
using Fairlead.Anchor.Sealing;
using Fairlead.Governance;
using Fairlead.Naming.Tree;
using Fairlead.Naming;
using Fairlead.Store;
using Fairlead.Store.Sqlite;

namespace Fairlead.Anchor.Hosting;

/// <summary>What an anchor finds in its data folder at the start: the store, the journal, the archived state.</summary>
internal static class DataFolder
{
    /// <summary>Opens or makes all of it.</summary>
    /// <exception cref="StartException">The folder is not writable, held by another process, or its journal is missing though
    /// the key has signed (V43).</exception>
    internal static async Task<(IStore Store, JournalFile Journal, (Envelope Seal, IReadOnlyList<SignedEntry> Entries)? Archived)> OpenAsync(
        AnchorOptions options, SegmentGround ground, KeyCustody keys, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(options.Data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var store = await SqliteStore.OpenAsync(
                new SqliteStoreOptions(Path.Combine(options.Data, "archive.db")) { TimeProvider = time }, cancellationToken)
                .ConfigureAwait(false);
            var journal = await OpenJournalAsync(options, ground, keys, store, cancellationToken).ConfigureAwait(false);
            var archived = await Archive.LoadAsync(store, ground.Genesis, cancellationToken).ConfigureAwait(false);
            return (store, journal, OfThisEpoch(archived, ground));
        }
        catch (JournalException e)
        {
            throw new StartException($"journal in {options.Data}: {e.Message}; a key whose journal is lost never signs again: rotate it", e);
        }
        catch (Exception e) when (e is StoreException or IOException or UnauthorizedAccessException)
        {
            throw new StartException($"data folder {options.Data}: {e.Message}; make it writable, and end what else uses it", e);
        }
    }

    // The store remembers that this key has a journal: where the file is gone, the key must not start over.
    private static async Task<JournalFile> OpenJournalAsync(
        AnchorOptions options, SegmentGround ground, KeyCustody keys, SqliteStore store, CancellationToken cancellationToken)
    {
        var kid = keys.Seal.Key.Kid.ToString();
        var journal = new JournalOptions(options.Data, ground.Genesis.ToString(), kid);
        var marker = StoreKey.FromText($"s/{ground.Genesis}/journal/{kid}");
        var known = await store.RangeAsync(new RangeRequest(KeyRange.Single(marker)), cancellationToken).ConfigureAwait(false);
        if (known.Entries.Count > 0 || File.Exists(journal.Path))
        {
            return JournalFile.Open(journal);
        }

        var root = ground.Handover?.Value.Root ?? TreeHash.Empty;
        var created = JournalFile.Create(journal, ground.Newest.Value.Number, 0, root.ToString());
        await store.CommitAsync(
            new Transaction { Success = [new Operation.Put(marker, "1"u8.ToArray())] }, cancellationToken).ConfigureAwait(false);
        return created;
    }

    private static (Envelope Seal, IReadOnlyList<SignedEntry> Entries)? OfThisEpoch(
        (Envelope Seal, IReadOnlyList<SignedEntry> Entries)? archived, SegmentGround ground) =>
        archived is { } found && Document.TryParse<Seal>(found.Seal.Payload, out var seal, out _)
        && seal.Value.Epoch == ground.Newest.Value.Number
            ? archived
            : null;
}
