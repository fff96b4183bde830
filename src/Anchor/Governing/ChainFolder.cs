using System.Globalization;
using Fairlead.Anchor.Hosting;
using Fairlead.Anchor.Peers;
using Fairlead.Governance;
using Fairlead.Hosting;
using Fairlead.Naming;
using Fairlead.Naming.Tree;
using Fairlead.Protocol;
using Fairlead.Protocol.Files;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.State;
using Google.Protobuf;

namespace Fairlead.Anchor.Governing;

/// <summary>
/// What an anchor keeps of the chain that it and its fellows decided since the ceremony: <c>chain.state</c>, a segment
/// file that goes on where the ceremony's ends, behind it further files that bear the number of their first epoch, of
/// which the last alone is written anew with an epoch; and beside them the entries that the newest handover hands over,
/// in files that bear its digest. All is durable before anything of the new epoch leaves (4.3.3). One owner writes.
/// </summary>
/// <param name="folder">The anchor's data folder.</param>
/// <param name="fileBytes">From so many bytes on a file is left as it is too: an operation may be a megabyte, and each
/// epoch writes the last file anew.</param>
/// <param name="pageBytes">From so many bytes of entries on another file begins: a state has no end.</param>
internal sealed class ChainFolder(
    string folder, int fileBytes = ChainFolder.FileBytes, int pageBytes = ChainFolder.PageBytes)
{
    private const string ChainName = "chain.state";
    private const string HandoverPrefix = "handover-";

    // One file held all entries once.
    private const int HandoverBytesMax = 1024 * 1024 * 1024;

    /// <summary>From so many epochs on a file is left as it is, and the next epoch begins another one.</summary>
    internal const int EpochsPerFile = 64;

    private const int FileBytes = 8 * 1024 * 1024;
    private const int PageBytes = 64 * 1024 * 1024;

    // What the last file begins with, how many epochs it holds, and its bytes.
    private (int First, int Count, int Bytes) _last;

    /// <summary>The longer of the ceremony's chain and the kept one; both must be of one segment and agree.</summary>
    /// <exception cref="StartException">The kept chain cannot be used, or contradicts the segment file.</exception>
    internal SegmentGround Newest(SegmentGround ceremony, long now)
    {
        try
        {
            // A folder that is no folder is told of where it is opened, with the remedy.
            if (!Directory.Exists(folder) || Load() is not { } file)
            {
                return ceremony;
            }

            if (file.Genesis != ceremony.Genesis || file.Name != ceremony.Name)
            {
                throw new StartException(
                    $"data folder {folder}: it holds the chain of {file.Name} {file.Genesis}, the segment file is of "
                    + $"{ceremony.Name} {ceremony.Genesis}; give this segment a data folder of its own");
            }

            if (SegmentGround.Verify(file, now, out var kept) is { } refusal)
            {
                throw new StartException($"data folder {folder}: chain.state: {refusal}; restore the folder");
            }

            return Longer(ceremony, kept!);
        }
        catch (Exception e) when (
            e is StateException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new StartException($"data folder {folder}: {e.Message}", e);
        }
    }

    /// <summary>Keeps a step. Returns once it is on the disk.</summary>
    /// <exception cref="StateException">It may not be.</exception>
    internal void Keep(SegmentGround ground, IReadOnlyList<SignedEntry>? entries)
    {
        var handover = Handover.Type.DigestOf(ground.Handover!.Payload.Span);
        if (entries is not null)
        {
            Keep(handover, entries);
        }

        var file = ground.File;
        var (first, count, size) = _last;
        if (file.Epochs.Length > first + count && (count >= EpochsPerFile || size >= fileBytes))
        {
            first += count;
        }

        var bytes = (first == 0 ? file : file.Tail(first)).Encode();
        FileOf(first).Save(bytes);
        _last = (first, file.Epochs.Length - first, bytes.Length);
        foreach (var old in Directory.EnumerateFiles(folder, HandoverPrefix + "*"))
        {
            if (!Path.GetFileName(old).StartsWith($"{HandoverPrefix}{handover}", StringComparison.Ordinal))
            {
                File.Delete(old);
            }
        }
    }

    /// <summary>
    /// The entries of the state that the newest handover hands over; null where they are not in hand, so that a
    /// certified seal's state is fetched from the others.
    /// </summary>
    internal IReadOnlyList<SignedEntry>? HandoverEntries(SegmentGround ground)
    {
        if (ground.Before is not { } before || ground.Handover is not { } envelope
            || !Document.TryParse<Handover>(envelope.Payload, out var handover, out _))
        {
            return [];
        }

        return IsEmpty(before, handover.Value) ? [] : EntriesOf(handover.Digest);
    }

    /// <summary>The entries that were kept of a handover; null where not all of them can be read.</summary>
    internal IReadOnlyList<SignedEntry>? EntriesOf(Digest handover)
    {
        var entries = new List<SignedEntry>();
        for (var (page, pages) = (0U, 1U); page < pages; page++)
        {
            if (Load(handover, page) is not { } kept)
            {
                return null;
            }

            foreach (var wire in kept.Entries)
            {
                if (EntryWire.Read(wire) is not { } entry)
                {
                    return null;
                }

                entries.Add(entry);
            }

            pages = page == 0 ? Math.Max(1, kept.Pages) : pages;
        }

        return entries;
    }

    // The first page last: where it is, all of them are.
    private void Keep(Digest handover, IReadOnlyList<SignedEntry> entries)
    {
        var pages = PagesOf(entries);
        for (var page = pages.Count - 1; page >= 0; page--)
        {
            var kept = new KeptHandover
            {
                Handover = WireWriter.ToBytes(handover), Page = (uint)page, Pages = page == 0 ? (uint)pages.Count : 0,
            };
            kept.Entries.AddRange(pages[page].Select(EntryWire.Write));
            FileOf(handover, (uint)page).Save(kept.ToByteArray());
        }
    }

    private List<List<SignedEntry>> PagesOf(IReadOnlyList<SignedEntry> entries)
    {
        List<List<SignedEntry>> pages = [[]];
        var bytes = 0L;
        foreach (var entry in entries)
        {
            var size = entry.Document.Payload.Length + entry.Slices.Sum(slice => (long)slice.Length);
            if (bytes > 0 && bytes + size > pageBytes)
            {
                pages.Add([]);
                bytes = 0;
            }

            pages[^1].Add(entry);
            bytes += size;
        }

        return pages;
    }

    private SegmentFile? Load()
    {
        if (FileOf(0).Load() is not { } bytes)
        {
            RefuseHole(0);
            return null;
        }

        var file = SegmentFile.Parse(bytes);
        _last = (0, file.Epochs.Length, bytes.Length);
        while (FileOf(file.Epochs.Length).Load() is { } more)
        {
            var tail = SegmentFile.ParseTail(more);
            if (tail.Genesis != file.Genesis || tail.Name != file.Name || tail.Epochs.IsEmpty)
            {
                throw new InvalidDataException($"{PathOf(file.Epochs.Length)} is no part of chain.state");
            }

            _last = (file.Epochs.Length, tail.Epochs.Length, more.Length);
            file = file.Append(tail);
        }

        RefuseHole(file.Epochs.Length);
        return file;
    }

    // What lies behind a file that is gone was decided all the same: a chain without it is an old one.
    private void RefuseHole(int missing)
    {
        foreach (var path in Directory.EnumerateFiles(folder, "chain-*.state"))
        {
            var first = Path.GetFileNameWithoutExtension(path)["chain-".Length..];
            if (int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var epoch) && epoch > missing)
            {
                throw new InvalidDataException(
                    $"{Path.GetFileName(PathOf(missing))} is missing, though {Path.GetFileName(path)} is there; "
                    + "restore the folder");
            }
        }
    }

    private DurableFile FileOf(int first) => new(PathOf(first), SegmentFile.BytesMax);

    private string PathOf(int first) => Path.Combine(
        folder, first == 0 ? ChainName : string.Create(CultureInfo.InvariantCulture, $"chain-{first}.state"));

    // A ceremony hands over op-made leaves alone.
    private static bool IsEmpty(Naming.Operations.EpochGround before, Handover handover)
    {
        var leaves = before.Leaves.Leaves.Values;
        return handover.Count == leaves.Count() && SparseTree.From(leaves.Select(leaf => KeyValuePair.Create(
            Hashes.TreeKey(before.Genesis, before.Epoch.Value.Salt, leaf.Class, leaf.Name), leaf.Commitment))).Root
            == handover.Root;
    }

    private KeptHandover? Load(Digest handover, uint page)
    {
        try
        {
            return FileOf(handover, page).Load() is { } bytes && KeptHandover.Parser.ParseFrom(bytes) is var kept
                && kept.Handover == WireWriter.ToBytes(handover) && kept.Page == page
                ? kept
                : null;
        }
        catch (Exception e) when (e is StateException or InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static SegmentGround Longer(SegmentGround ceremony, SegmentGround kept)
    {
        var (shorter, longer) = ceremony.Epochs.Length > kept.Epochs.Length ? (kept, ceremony) : (ceremony, kept);
        var at = shorter.Epochs.Length - 1;
        return longer.Epochs[at].Payload.Span.SequenceEqual(shorter.Epochs[at].Payload.Span)
            ? longer
            : throw new StartException(
                $"EpochEquivocation: segment file and data folder hold two epochs {at}; take the segment file anew");
    }

    private DurableFile FileOf(Digest handover, uint page) => new(
        Path.Combine(folder, page == 0 ? $"{HandoverPrefix}{handover}.state" : string.Create(
            CultureInfo.InvariantCulture, $"{HandoverPrefix}{handover}-{page}.state")),
        HandoverBytesMax);
}
