using System.Globalization;
using System.Runtime.CompilerServices;
using Fairlead.Anchor.Peers;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Store;
using Google.Protobuf;
using EntryName = Fairlead.Governance.EntryName;

namespace Fairlead.Anchor.Sealing;

/// <summary>
/// The archive's keys under <c>s/GENESIS/</c> (4.11): <c>newest</c> (a certificate), <c>generation</c>, the entries of
/// that state under <c>entry/GENERATION/</c>, and the last seals under <c>seal/</c>. Stateless.
/// </summary>
internal sealed class ArchiveFormat(Digest genesis)
{
    /// <summary>Bytes of one value at most: less than any store takes. 40 of them hold the largest entry.</summary>
    internal const int PartBytes = 256 * 1024;

    private readonly string _prefix = $"s/{genesis}/";

    internal StoreKey Newest => StoreKey.FromText(_prefix + "newest");

    internal StoreKey Generation => StoreKey.FromText(_prefix + "generation");

    /// <summary>What the keys of seals begin with.</summary>
    internal string Seals => _prefix + "seal/";

    internal StoreKey Seal(long epoch, long seq) =>
        StoreKey.FromText(string.Create(CultureInfo.InvariantCulture, $"{Seals}{epoch:D16}/{seq:D16}"));

    /// <summary>What the keys of a generation's entries begin with.</summary>
    internal string Entries(long generation) =>
        string.Create(CultureInfo.InvariantCulture, $"{_prefix}entry/{generation:D16}/");

    internal StoreKey Entry(long generation, EntryName name) =>
        StoreKey.FromText(
            string.Create(CultureInfo.InvariantCulture, $"{Entries(generation)}{(int)name.Class:x2}/{name.Name}"));

    /// <summary>The generation in force; 0 before the first.</summary>
    internal async Task<long> ReadGenerationAsync(IStore store, CancellationToken cancellationToken)
    {
        var found = await store.RangeAsync(new RangeRequest(KeyRange.Single(Generation)), cancellationToken)
            .ConfigureAwait(false);
        return found.Entries is [var entry]
            && long.TryParse(entry.Value.Span, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;
    }

    /// <summary>The newest certified state as it was last written; null where none was, or where it is no such thing:
    /// the store is no authority, and what it lacks comes from the other anchors.</summary>
    internal async Task<(Envelope Seal, IReadOnlyList<SignedEntry> Entries)?> LoadAsync(
        IStore store, CancellationToken cancellationToken)
    {
        var newest = await store.RangeAsync(new RangeRequest(KeyRange.Single(Newest)), cancellationToken)
            .ConfigureAwait(false);
        if (newest.Entries is not [var seal] || Read(Signed.Parser, seal.Value.ToArray()) is not { } signed
            || !WireReader.TryRead(signed, out var envelope, out _))
        {
            return null;
        }

        var entries = new List<SignedEntry>();
        var generation = await ReadGenerationAsync(store, cancellationToken).ConfigureAwait(false);
        await foreach (var value in ReadValuesAsync(store, Entries(generation), cancellationToken)
            .ConfigureAwait(false))
        {
            if (Read(Protocol.V1.Entry.Parser, value) is { } wire && EntryWire.Read(wire) is { } entry)
            {
                entries.Add(entry);
            }
        }

        return (envelope, entries);
    }

    /// <summary>The keys and values that hold an entry: the first byte of the first says how many there are.</summary>
    internal IReadOnlyList<Operation.Put> Write(long generation, Governance.Entry entry)
    {
        var bytes = EntryWire.Write(entry.Source).ToByteArray();
        var count = Math.Max(1, (bytes.Length + PartBytes - 1) / PartBytes);
        var key = Entry(generation, entry.Name);
        return
        [
            .. Enumerable.Range(0, count).Select(part =>
            {
                var value = bytes.AsSpan(part * PartBytes, Math.Min(PartBytes, bytes.Length - (part * PartBytes)));
                return part == 0
                    ? new Operation.Put(key, (byte[])[(byte)count, .. value])
                    : new Operation.Put(PartOf(key, part), value.ToArray());
            }),
        ];
    }

    // Parts stand right behind their entry: no name holds a byte that small.
    private static StoreKey PartOf(StoreKey key, int part) => new([.. key.Span, 1, (byte)part]);

    // Page by page, for a store limits what it reads at once; at one revision, since pages of two would be no state.
    private static async IAsyncEnumerable<byte[]> ReadValuesAsync(
        IStore store, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var whole = KeyRange.Prefix(prefix);
        var range = whole;
        var open = new List<byte>();
        var (key, parts, taken) = (default(StoreKey), 0, 0);
        for (var (more, revision) = (true, 0L); more;)
        {
            var page = await store.RangeAsync(new RangeRequest(range) { Revision = revision }, cancellationToken)
                .ConfigureAwait(false);
            foreach (var stored in page.Entries)
            {
                if (taken < parts && stored.Key == PartOf(key, taken))
                {
                    open.AddRange(stored.Value.Span);
                    taken++;
                }
                else if (stored.Value.Span is [var count, .. var value] && !stored.Key.Span.Contains((byte)1))
                {
                    open.Clear();
                    open.AddRange(value);
                    (key, parts, taken) = (stored.Key, count, 1);
                }
                else
                {
                    continue; // A part that an earlier, longer version of its entry left.
                }

                if (taken == parts)
                {
                    yield return [.. open];
                }
            }

            more = page.More && page.Entries.Count > 0;
            revision = page.Revision;
            range = more ? KeyRange.Between(page.Entries[^1].Key.Next(), whole.End!.Value) : range;
        }
    }

    private static T? Read<T>(MessageParser<T> parser, byte[] value)
        where T : class, IMessage<T>
    {
        try
        {
            return parser.ParseFrom(value);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}
