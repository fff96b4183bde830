using System.Globalization;
using System.Text;
using Fairlead.Governance;
using Fairlead.Protocol;
using Fairlead.Store;
using Google.Protobuf;
using EntryName = Fairlead.Governance.EntryName;

namespace Fairlead.Anchor.Sealing;

/// <summary>
/// Writes a certified state so that a crash at any moment leaves the one before or the new one, whole: a rotated
/// journal starts at what is archived, and has nothing else to be rebuilt from. A few changes go with their seal in one
/// transaction. Many are laid beside the entries, the seal puts them in force there, and then they are taken over among
/// the entries. A whole state is written as a new generation beside the old one, and the seal puts it in force. Used by
/// one task.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="format">Its keys.</param>
/// <param name="uncompactedBytes">After so many bytes the store is compacted: what they superseded would fill the
/// disk.</param>
internal sealed class ArchiveWriter(
    IStore store, ArchiveFormat format, long uncompactedBytes = ArchiveWriter.UncompactedBytes)
{
    /// <summary>The bytes after which the store is compacted, unless told otherwise.</summary>
    internal const long UncompactedBytes = 64 * 1024 * 1024;
    private const int OperationsMax = 100;
    private const int BytesMax = 512 * 1024;

    /// <summary>About so many bytes were written since the store was compacted, and each may have left others
    /// behind.</summary>
    private long Uncompacted { get; set; }

    /// <summary>Whether the store should be compacted.</summary>
    internal bool IsDue => Uncompacted >= uncompactedBytes;

    /// <summary>Whether there may be no room for even that: the write before failed.</summary>
    internal bool IsTight { get; set; }

    /// <summary>Writes a state. Whatever became of the write before, the names that it was given belong to
    /// <paramref name="changed"/> until one succeeds.</summary>
    /// <param name="state">The state.</param>
    /// <param name="changed">The names that differ from what is written, each once; null for all.</param>
    /// <param name="cancellationToken">Ends it; the state before or this one is in force.</param>
    internal async Task WriteAsync(
        CertifiedState state, IReadOnlyList<EntryName>? changed, CancellationToken cancellationToken)
    {
        var generation = await format.ReadGenerationAsync(store, cancellationToken).ConfigureAwait(false);
        var isPending = await format.IsPendingAsync(store, cancellationToken).ConfigureAwait(false);
        if (changed is null)
        {
            await ReplaceAsync(state, generation, isPending, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (isPending)
        {
            await SettleAsync(generation, cancellationToken).ConfigureAwait(false);
        }

        if (FewOf(state.State, changed, generation) is { } few)
        {
            await CommitAsync([.. few, .. Seal(state)], cancellationToken).ConfigureAwait(false);
            return;
        }

        await FreeAsync([KeyRange.Prefix(format.Pending)], cancellationToken).ConfigureAwait(false);
        await WriteAsync(changed.SelectMany(name => PendingOf(state.State, name)), cancellationToken)
            .ConfigureAwait(false);
        await CommitAsync(
            [.. Seal(state), new Operation.Put(format.PendingMark, "1"u8.ToArray())], cancellationToken)
            .ConfigureAwait(false);
        await SettleAsync(generation, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Frees what the store keeps of earlier versions: nobody reads them.</summary>
    internal async Task CompactAsync(CancellationToken cancellationToken)
    {
        var status = await store.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        if (status.Revision > status.CompactedRevision)
        {
            await store.CompactAsync(status.Revision, cancellationToken).ConfigureAwait(false);
        }

        Uncompacted = 0;
    }

    private async Task ReplaceAsync(
        CertifiedState state, long generation, bool isPending, CancellationToken cancellationToken)
    {
        var next = generation + 1;
        List<KeyRange> unfinished = [KeyRange.Prefix(format.Entries(next))];
        if (generation > 0)
        {
            unfinished.Add(format.Before(generation));
        }

        if (!isPending)
        {
            unfinished.Add(KeyRange.Prefix(format.Pending));
        }

        await FreeAsync(unfinished, cancellationToken).ConfigureAwait(false);
        await WriteAsync(
            state.State.Entries.SelectMany(entry => ArchiveFormat.Write(format.Entries(next), entry)),
            cancellationToken).ConfigureAwait(false);
        var number = Encoding.ASCII.GetBytes(next.ToString(CultureInfo.InvariantCulture));
        await CommitAsync(
            [
                .. Seal(state), new Operation.Put(format.Generation, number),
                new Operation.Delete(KeyRange.Single(format.PendingMark)),
            ],
            cancellationToken).ConfigureAwait(false);
        await ClearAsync(KeyRange.Prefix(format.Entries(generation)), cancellationToken).ConfigureAwait(false);
        await ClearAsync(KeyRange.Prefix(format.Pending), cancellationToken).ConfigureAwait(false);
    }

    // In any order and any number of times: what is pending is in force until all of it is among the entries. What it
    // supersedes there goes meanwhile, else as much again as is pending would have to fit.
    private async Task SettleAsync(long generation, CancellationToken cancellationToken)
    {
        var range = KeyRange.Prefix(format.Pending);
        var settled = 0L;
        await foreach (var page in ArchiveFormat.PagesAsync(store, range, false, true, cancellationToken)
            .ConfigureAwait(false))
        {
            var operations = page.Select(pending => format.Settle(pending, generation)).ToList();
            await WriteAsync(operations, cancellationToken).ConfigureAwait(false);
            settled += operations.Sum(SizeOf);
            if (IsDue || IsTight)
            {
                await CompactAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        await CommitAsync([new Operation.Delete(KeyRange.Single(format.PendingMark))], cancellationToken)
            .ConfigureAwait(false);
        await ClearAsync(range, cancellationToken).ConfigureAwait(false);
        Uncompacted += settled;
    }

    private async Task WriteAsync(IEnumerable<Operation> operations, CancellationToken cancellationToken)
    {
        var chunk = new List<Operation>();
        var bytes = 0;
        foreach (var operation in operations)
        {
            if (chunk.Count == OperationsMax || (chunk.Count > 0 && bytes + SizeOf(operation) > BytesMax))
            {
                await CommitAsync(chunk, cancellationToken).ConfigureAwait(false);
                chunk.Clear();
                bytes = 0;
            }

            chunk.Add(operation);
            bytes += SizeOf(operation);
        }

        if (chunk.Count > 0)
        {
            await CommitAsync(chunk, cancellationToken).ConfigureAwait(false);
        }
    }

    // What is written next may need the room of what a crash or a failure left unfinished.
    private async Task FreeAsync(IReadOnlyList<KeyRange> ranges, CancellationToken cancellationToken)
    {
        var isAny = false;
        foreach (var range in ranges)
        {
            isAny |= await ClearAsync(range, cancellationToken).ConfigureAwait(false);
        }

        if (isAny)
        {
            await CompactAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    // What is not in force: what a crash left unfinished, or what had its time.
    private async Task<bool> ClearAsync(KeyRange range, CancellationToken cancellationToken)
    {
        var isAny = false;
        await foreach (var page in ArchiveFormat.PagesAsync(store, range, true, false, cancellationToken)
            .ConfigureAwait(false))
        {
            await CommitAsync(
                [new Operation.Delete(KeyRange.Between(page[0].Key, page[^1].Key.Next()))], cancellationToken)
                .ConfigureAwait(false);
            isAny = true;
        }

        return isAny;
    }

    // What is written of some names; null where one transaction does not hold it.
    private List<Operation>? FewOf(LeafState state, IReadOnlyList<EntryName> names, long generation)
    {
        var entries = format.Entries(generation);
        var few = new List<Operation>();
        foreach (var name in names)
        {
            few.AddRange(state.Find(name) is { } entry
                ? ArchiveFormat.Write(entries, entry)
                : [ArchiveFormat.Drop(ArchiveFormat.Entry(entries, name))]);
            if (few.Count > OperationsMax || few.Sum(SizeOf) > BytesMax)
            {
                return null;
            }
        }

        return few;
    }

    private IEnumerable<Operation> PendingOf(LeafState state, EntryName name) => state.Find(name) is { } entry
        ? ArchiveFormat.Write(format.Pending, entry)
        : [format.Absent(name)];

    private Operation[] Seal(CertifiedState state)
    {
        var certificate = WireWriter.ToMessage(state.Certificate).ToByteArray();
        return
        [
            new Operation.Put(format.Newest, certificate),
            new Operation.Put(format.Seal(state.Seal.Epoch, state.Seal.Seq), certificate),
        ];
    }

    private static int SizeOf(Operation operation) => operation is Operation.Put put ? put.Value.Length + 512 : 512;

    private async Task CommitAsync(IReadOnlyList<Operation> operations, CancellationToken cancellationToken)
    {
        await store.CommitAsync(new Transaction { Success = operations }, cancellationToken).ConfigureAwait(false);
        Uncompacted += operations.Sum(SizeOf);
    }
}
