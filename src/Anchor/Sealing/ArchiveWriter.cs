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
/// transaction; many are written as a new generation beside the old one, and the seal puts it in force. Used by one
/// task.
/// </summary>
internal sealed class ArchiveWriter(IStore store, ArchiveFormat format)
{
    private const int OperationsMax = 100;
    private const int BytesMax = 512 * 1024;

    private long? _generation;

    /// <summary>Writes a state.</summary>
    /// <param name="state">The state.</param>
    /// <param name="changed">The names that differ from what is written; null for all.</param>
    /// <param name="cancellationToken">Ends it; the state before stays in force.</param>
    internal async Task WriteAsync(
        CertifiedState state, IReadOnlyList<EntryName>? changed, CancellationToken cancellationToken)
    {
        var generation = _generation ??= await format.ReadGenerationAsync(store, cancellationToken)
            .ConfigureAwait(false);
        var seal = Seal(state);
        if (changed is { Count: <= OperationsMax } && Operations(state.State, changed, generation) is var few
            && few.Count <= OperationsMax && few.Sum(SizeOf) <= BytesMax)
        {
            await CommitAsync([.. few, .. seal], cancellationToken).ConfigureAwait(false);
            return;
        }

        var next = generation + 1;
        await ClearAsync(next, cancellationToken).ConfigureAwait(false);
        await WriteAllAsync(state.State, next, cancellationToken).ConfigureAwait(false);
        var number = Encoding.ASCII.GetBytes(next.ToString(CultureInfo.InvariantCulture));
        await CommitAsync([.. seal, new Operation.Put(format.Generation, number)], cancellationToken)
            .ConfigureAwait(false);
        _generation = next;
        await ClearAsync(generation, cancellationToken).ConfigureAwait(false);
    }

    private async Task WriteAllAsync(LeafState state, long generation, CancellationToken cancellationToken)
    {
        var chunk = new List<Operation>();
        var bytes = 0;
        foreach (var put in state.Entries.SelectMany(entry => format.Write(generation, entry)))
        {
            if (chunk.Count == OperationsMax || (chunk.Count > 0 && bytes + SizeOf(put) > BytesMax))
            {
                await CommitAsync(chunk, cancellationToken).ConfigureAwait(false);
                chunk.Clear();
                bytes = 0;
            }

            chunk.Add(put);
            bytes += SizeOf(put);
        }

        if (chunk.Count > 0)
        {
            await CommitAsync(chunk, cancellationToken).ConfigureAwait(false);
        }
    }

    // A generation that is not in force: one that a crash left unfinished, or the one before.
    private async Task ClearAsync(long generation, CancellationToken cancellationToken)
    {
        while (true)
        {
            var range =
                new RangeRequest(
                    KeyRange.Prefix(format.Entries(generation))) { KeysOnly = true, Limit = OperationsMax };
            var page = await store.RangeAsync(range, cancellationToken).ConfigureAwait(false);
            if (page.Entries.Count == 0)
            {
                return;
            }

            await CommitAsync(
                [.. page.Entries.Select(entry => new Operation.Delete(KeyRange.Single(entry.Key)))], cancellationToken)
                .ConfigureAwait(false);
        }
    }

    private List<Operation> Operations(LeafState state, IReadOnlyList<EntryName> names, long generation) =>
        names.SelectMany(name => state.Find(name) is { } entry
            ? format.Write(generation, entry)
            : (IEnumerable<Operation>)[new Operation.Delete(KeyRange.Single(format.Entry(generation, name)))]).ToList();

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

    private async Task CommitAsync(IReadOnlyList<Operation> operations, CancellationToken cancellationToken) =>
        await store.CommitAsync(new Transaction { Success = operations }, cancellationToken).ConfigureAwait(false);
}
