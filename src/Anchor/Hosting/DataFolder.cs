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
            journal = await OpenJournalAsync(options, ground, keys.Seal, store, mark, cancellationToken)
                .ConfigureAwait(false);
            gov = await OpenJournalAsync(options, ground, keys.Gov, store, mark, cancellationToken)
                .ConfigureAwait(false);
            CheckBase(journal.Header, ground);
            CheckBase(gov.Header, ground);
            var archived = await new ArchiveFormat(ground.Genesis).LoadAsync(store, cancellationToken)
                .ConfigureAwait(false);
            var newest = ground.Newest.Value.Number;
            return new DataFolder(
                options.ArchiveAs(store),
                async token => options.ArchiveAs(await OpenStoreAsync(options, time, token).ConfigureAwait(false)),
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

    // Two places remember that this key has a journal: where the file is gone, the key must not start over.
    private static async Task<JournalFile> OpenJournalAsync(
        AnchorOptions options, SegmentGround ground, EcdsaSigner signer, SqliteStore store, StoreMark mark,
        CancellationToken cancellationToken)
    {
        var kid = signer.Key.Kid.ToString();
        var journal =
            new JournalOptions(options.Data, ground.Genesis.ToString(), kid) { RotateBytes = options.JournalBytes };
        var marker = StoreKey.FromText($"s/{ground.Genesis}/journal/{kid}");
        var known = await store.RangeAsync(new RangeRequest(KeyRange.Single(marker)), cancellationToken)
            .ConfigureAwait(false);
        var isOld = mark.Exists && (await store.GetStatusAsync(cancellationToken).ConfigureAwait(false)).Revision <= 1;
        if (known.Entries.Count > 0 || isOld || File.Exists(journal.Path))
        {
            return JournalFile.Open(journal);
        }

        var created = JournalFile.Create(journal, ground.Newest.Value.Number, 0, ground.StartRoot.ToString());
        await store.CommitAsync(
            new Transaction { Success = [new Operation.Put(marker, "1"u8.ToArray())] }, cancellationToken)
                .ConfigureAwait(false);
        return created;
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
