using Fairlead.Anchor.Journal;
using Fairlead.Anchor.Sealing;
using Fairlead.Governance;
using Fairlead.Hosting;
using Fairlead.Naming;
using Fairlead.Resolver.State;
using Fairlead.Store;
using Fairlead.Store.Sqlite;

namespace Fairlead.Anchor.Hosting;

/// <summary>What an anchor finds in its data folder at the start: the store, the journal, the archived state.</summary>
/// <param name="Store">The archive's store.</param>
/// <param name="Reopen">Opens that store anew.</param>
/// <param name="Mark">What is remembered of that store.</param>
/// <param name="Journal">The seal key's journal.</param>
/// <param name="GovJournal">The gov key's journal.</param>
/// <param name="Archived">The newest certified state of this epoch that the store holds; null for none.</param>
internal sealed record DataFolder(
    IStore Store,
    Func<CancellationToken, Task<IStore>> Reopen,
    StoreMark Mark,
    JournalFile Journal,
    JournalFile GovJournal,
    (Envelope Seal, IReadOnlyList<SignedEntry> Entries)? Archived)
{
    /// <summary>The newest certified state of the epoch before, where the store holds none of this one; null
    /// else.</summary>
    internal (Envelope Seal, IReadOnlyList<SignedEntry> Entries)? ArchivedBefore { get; private init; }

    /// <summary>Opens or makes all of it.</summary>
    /// <exception cref="StartException">The folder is not writable, held by another process, or its journal is missing
    /// though the key has signed, damaged, or behind what it should hold (V43).</exception>
    internal static async Task<DataFolder> OpenAsync(
        AnchorOptions options, SegmentGround ground, KeyCustody keys, TimeProvider time,
        CancellationToken cancellationToken)
    {
        SqliteStore? store = null;
        JournalFile? journal = null;
        JournalFile? gov = null;
        try
        {
            Directory.CreateDirectory(
                options.Data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            store = await OpenStoreAsync(options, time, cancellationToken).ConfigureAwait(false);
            var mark = new StoreMark(options.Data, time);

            // Asked once: what is written for one key must not speak for the other.
            var isReplaced = mark.Exists
                && (await store.GetStatusAsync(cancellationToken).ConfigureAwait(false)).Revision <= 1;
            var unmarked = await UnmarkedAsync(store, ground, keys, cancellationToken).ConfigureAwait(false);
            journal = OpenJournal(options, ground, keys.Seal, isReplaced, unmarked);
            gov = OpenJournal(options, ground, keys.Gov, isReplaced, unmarked);
            await MarkAsync(store, unmarked, cancellationToken).ConfigureAwait(false);
            CheckBase(journal.Header, ground);
            CheckBase(gov.Header, ground);
            var archived = await new ArchiveFormat(ground.Genesis).LoadAsync(store, cancellationToken)
                .ConfigureAwait(false);
            var newest = ground.Newest.Value.Number;
            return new DataFolder(
                options.ArchiveAs(store),
                token => ReopenAsync(options, ground, keys, time, token),
                mark,
                journal,
                gov,
                OfEpoch(archived, newest))
            {
                ArchivedBefore = OfEpoch(archived, newest - 1),
            };
        }
        catch (Exception e)
        {
            journal?.Dispose();
            gov?.Dispose();
            if (store is not null)
            {
                await store.DisposeAsync().ConfigureAwait(false);
            }

            throw e switch
            {
                JournalException damaged => Of(options, damaged),
                StateException => new StartException(e.Message, e),
                StoreException or IOException or UnauthorizedAccessException => new StartException(
                    $"data folder {options.Data}: {e.Message}; make it writable, and end what else uses it", e),
                _ => e,
            };
        }
    }

    /// <summary>Checks a key's journal without opening it; see <see cref="JournalFile.Inspect"/>.</summary>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="StartException">It is damaged, another key's, or behind what it should hold (V43).</exception>
    internal static bool Inspect(AnchorOptions options, SegmentGround ground, EcdsaSigner signer)
    {
        var journal = new JournalOptions(options.Data, ground.Genesis.ToString(), signer.Key.Kid.ToString());
        if (!File.Exists(journal.Path))
        {
            return false;
        }

        try
        {
            CheckBase(JournalFile.Inspect(journal), ground);
            return true;
        }
        catch (JournalException e)
        {
            throw Of(options, e);
        }
    }

    private static async Task<SqliteStore> OpenStoreAsync(
        AnchorOptions options, TimeProvider time, CancellationToken cancellationToken) =>
        await SqliteStore.OpenAsync(
            new SqliteStoreOptions(Path.Combine(options.Data, "archive.db")) { TimeProvider = time },
            cancellationToken).ConfigureAwait(false);

    private static StartException Of(AnchorOptions options, JournalException e) =>
        new($"journal in {options.Data}: {e.Message}; {Remedy(e)}", e);

    private static string Remedy(JournalException failed) => failed.Error switch
    {
        JournalError.JournalConflict =>
            "put the newest data folder back. A key whose journal is lost never signs again: keep this anchor stopped, "
            + "the others go on while enough of them can; no command replaces an anchor's key yet",
        JournalError.JournalLocked => "end the other process",
        _ => "make it readable and writable, and make room on its disk",
    };

    // A store that took the lost one's place while the anchor ran knows of no journal either.
    private static async Task<IStore> ReopenAsync(
        AnchorOptions options, SegmentGround ground, KeyCustody keys, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var store = await OpenStoreAsync(options, time, cancellationToken).ConfigureAwait(false);
        try
        {
            var unmarked = await UnmarkedAsync(store, ground, keys, cancellationToken).ConfigureAwait(false);
            await MarkAsync(store, unmarked, cancellationToken).ConfigureAwait(false);
            return options.ArchiveAs(store);
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    // Two places remember that this key has a journal: where the file is gone, the key must not start over.
    private static JournalFile OpenJournal(
        AnchorOptions options, SegmentGround ground, EcdsaSigner signer, bool isReplaced, List<StoreKey> unmarked)
    {
        var kid = signer.Key.Kid.ToString();
        var journal =
            new JournalOptions(options.Data, ground.Genesis.ToString(), kid) { RotateBytes = options.JournalBytes };
        return isReplaced || !unmarked.Contains(MarkerOf(ground, signer)) || File.Exists(journal.Path)
            ? JournalFile.Open(journal)
            : JournalFile.Create(journal, ground.Newest.Value.Number, 0, ground.StartRoot.ToString());
    }

    private static StoreKey MarkerOf(SegmentGround ground, EcdsaSigner signer) =>
        StoreKey.FromText($"s/{ground.Genesis}/journal/{signer.Key.Kid}");

    // The keys of whose journals the store does not know.
    private static async Task<List<StoreKey>> UnmarkedAsync(
        SqliteStore store, SegmentGround ground, KeyCustody keys, CancellationToken cancellationToken)
    {
        var unmarked = new List<StoreKey>();
        foreach (var marker in new[] { MarkerOf(ground, keys.Seal), MarkerOf(ground, keys.Gov) })
        {
            var found = await store.RangeAsync(new RangeRequest(KeyRange.Single(marker)), cancellationToken)
                .ConfigureAwait(false);
            if (found.Entries.Count == 0)
            {
                unmarked.Add(marker);
            }
        }

        return unmarked;
    }

    // Both journals are there by now, in files just made or in older ones: a store that took a lost one's place says so
    // of neither until it is told.
    private static async Task MarkAsync(
        SqliteStore store, List<StoreKey> unmarked, CancellationToken cancellationToken)
    {
        if (unmarked.Count > 0)
        {
            var puts = unmarked.Select(Operation (marker) => new Operation.Put(marker, "1"u8.ToArray())).ToList();
            await store.CommitAsync(new Transaction { Success = puts }, cancellationToken).ConfigureAwait(false);
        }
    }

    // A journal that starts in a later epoch than the segment file knows: signatures of that epoch are out there.
    private static void CheckBase(JournalHeader header, SegmentGround ground)
    {
        if (header.BaseEpoch > ground.Newest.Value.Number)
        {
            throw new StartException(
                $"JournalBehind: the journal starts in epoch {header.BaseEpoch}, segment file and data folder end at "
                + $"epoch {ground.Newest.Value.Number}; give the newest segment file");
        }
    }

    /// <summary>The certified seal of this epoch before which the journal does not reach back; -1 where it holds
    /// all.</summary>
    internal long JournalBase(SegmentGround ground) =>
        Journal.Header is { Last: not null } header && header.BaseEpoch == ground.Newest.Value.Number
            ? header.BaseSeq
            : -1;

    /// <summary>The number of the archived seal; -1 for none.</summary>
    internal long ArchivedSeq =>
        Archived is { } found && Document.TryParse<Seal>(found.Seal.Payload, out var seal, out _) ? seal.Value.Seq : -1;

    private static (Envelope Seal, IReadOnlyList<SignedEntry> Entries)? OfEpoch(
        (Envelope Seal, IReadOnlyList<SignedEntry> Entries)? archived, long epoch) =>
        archived is { } found && Document.TryParse<Seal>(found.Seal.Payload, out var seal, out _)
        && seal.Value.Epoch == epoch
            ? archived
            : null;
}
