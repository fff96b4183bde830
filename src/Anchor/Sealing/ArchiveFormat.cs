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
/// that state under <c>entry/GENERATION/</c>, and the last seals under <c>seal/</c>. While <c>pending</c> is there, the
/// entries under <c>pending/</c> take the place of those of their names; an empty one says that there is none.
/// Stateless.
/// </summary>
internal sealed class ArchiveFormat(Digest genesis)
{
    /// <summary>Bytes of one value at most: less than any store takes. 40 of them hold the largest entry.</summary>
    internal const int PartBytes = 256 * 1024;

    private readonly string _prefix = $"s/{genesis}/";

    internal StoreKey Newest => StoreKey.FromText(_prefix + "newest");

    internal StoreKey Generation => StoreKey.FromText(_prefix + "generation");

    /// <summary>Says that what is pending is in force.</summary>
    internal StoreKey PendingMark => StoreKey.FromText(_prefix + "pending");

    /// <summary>What the keys of changes begin with that are not among the entries yet.</summary>
    internal string Pending => _prefix + "pending/";

    /// <summary>What the keys of seals begin with.</summary>
    internal string Seals => _prefix + "seal/";

    internal StoreKey Seal(long epoch, long seq) =>
        StoreKey.FromText(string.Create(CultureInfo.InvariantCulture, $"{Seals}{epoch:D16}/{seq:D16}"));

    /// <summary>What the keys of a generation's entries begin with.</summary>
    internal string Entries(long generation) =>
        string.Create(CultureInfo.InvariantCulture, $"{_prefix}entry/{generation:D16}/");

    /// <summary>The entries of all generations before one that is not the first.</summary>
    internal KeyRange Before(long generation) =>
        KeyRange.Between(StoreKey.FromText(Entries(0)), StoreKey.FromText(Entries(generation)));

    /// <summary>An entry's key; <paramref name="folder"/> is what it begins with.</summary>
    internal static StoreKey Entry(string folder, EntryName name) =>
        StoreKey.FromText(string.Create(CultureInfo.InvariantCulture, $"{folder}{(int)name.Class:x2}/{name.Name}"));

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

        var generation = await ReadGenerationAsync(store, cancellationToken).ConfigureAwait(false);
        var held = new SortedDictionary<StoreKey, SignedEntry?>();
        await ReadEntriesAsync(store, Entries(generation), held, cancellationToken).ConfigureAwait(false);
        if (await IsPendingAsync(store, cancellationToken).ConfigureAwait(false))
        {
            await ReadEntriesAsync(store, Pending, held, cancellationToken).ConfigureAwait(false);
        }

        return (envelope, [.. held.Values.OfType<SignedEntry>()]);
    }

    /// <summary>Whether changes are in force that are not among the entries yet.</summary>
    internal async Task<bool> IsPendingAsync(IStore store, CancellationToken cancellationToken) =>
        await store.GetAsync(PendingMark, cancellationToken).ConfigureAwait(false) is not null;

    /// <summary>The keys and values that hold an entry: the first byte of the first says how many there are.</summary>
    internal static IReadOnlyList<Operation.Put> Write(string folder, Governance.Entry entry)
    {
        var bytes = EntryWire.Write(entry.Source).ToByteArray();
        var count = Math.Max(1, (bytes.Length + PartBytes - 1) / PartBytes);
        var key = Entry(folder, entry.Name);
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

    /// <summary>Forgets an entry with all its parts.</summary>
    internal static Operation.Delete Drop(StoreKey key) => new(KeyRange.Between(key, new([.. key.Span, 2])));

    /// <summary>Says among what is pending that there is no such entry.</summary>
    internal Operation.Put Absent(EntryName name) => new(Entry(Pending, name), default);

    /// <summary>Takes what is pending over among the entries.</summary>
    internal Operation Settle(StoreEntry pending, long generation)
    {
        var key = new StoreKey(
            [.. StoreKey.FromText(Entries(generation)).Span, .. pending.Key.Span[StoreKey.FromText(Pending).Length..]]);
        return pending.Value.IsEmpty ? Drop(key) : new Operation.Put(key, pending.Value);
    }

    /// <summary>What a store holds in a range: page by page, for it limits what it reads at once, and at one revision,
    /// since pages of two would be no state. No page is empty.</summary>
    /// <param name="store">The store.</param>
    /// <param name="range">The range.</param>
    /// <param name="keysOnly">Whether the values are left out.</param>
    /// <param name="isStill">Nothing in the range changes meanwhile: each page is read as it is, so that the store may
    /// be compacted between two.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static async IAsyncEnumerable<IReadOnlyList<StoreEntry>> PagesAsync(
        IStore store, KeyRange range, bool keysOnly, bool isStill,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var (more, revision) = (true, 0L); more;)
        {
            var page = await store.RangeAsync(
                new RangeRequest(range) { Revision = revision, KeysOnly = keysOnly }, cancellationToken)
                .ConfigureAwait(false);
            more = page.More;
            revision = isStill ? 0 : page.Revision;
            if (page.Entries.Count > 0)
            {
                range = KeyRange.Between(page.Entries[^1].Key.Next(), range.End!.Value);
                yield return page.Entries;
            }
        }
    }

    // Parts stand right behind their entry: no name holds a byte that small.
    private static StoreKey PartOf(StoreKey key, int part) => new([.. key.Span, 1, (byte)part]);

    // By what their keys hold behind the prefix; null for what is no entry.
    private static async Task ReadEntriesAsync(
        IStore store, string prefix, SortedDictionary<StoreKey, SignedEntry?> held, CancellationToken cancellationToken)
    {
        var length = StoreKey.FromText(prefix).Length;
        await foreach (var (key, value) in ReadValuesAsync(store, prefix, cancellationToken).ConfigureAwait(false))
        {
            held[new StoreKey(key.Span[length..])] =
                value.Length > 0 && Read(Protocol.V1.Entry.Parser, value) is { } wire ? EntryWire.Read(wire) : null;
        }
    }

    private static async IAsyncEnumerable<(StoreKey Key, byte[] Value)> ReadValuesAsync(
        IStore store, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var open = new List<byte>();
        var (key, parts, taken) = (default(StoreKey), 0, 0);
        await foreach (var page in PagesAsync(store, KeyRange.Prefix(prefix), false, false, cancellationToken)
            .ConfigureAwait(false))
        {
            foreach (var stored in page)
            {
                if (taken < parts && stored.Key == PartOf(key, taken))
                {
                    open.AddRange(stored.Value.Span);
                    taken++;
                }
                else if (!stored.Key.Span.Contains((byte)1))
                {
                    open.Clear();
                    open.AddRange(stored.Value.Span is [_, .. var value] ? value : []);
                    (key, parts, taken) = (stored.Key, stored.Value.Span is [var count, ..] ? count : 1, 1);
                }
                else
                {
                    continue; // A part that an earlier, longer version of its entry left.
                }

                if (taken == parts)
                {
                    yield return (key, [.. open]);
                }
            }
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
