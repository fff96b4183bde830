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
/// file that goes on where the ceremony's ends, and beside it the entries that the newest handover hands over, in a
/// file that bears its digest. Both are durable before anything of the new epoch leaves (4.3.3). One owner writes.
/// </summary>
/// <param name="folder">The anchor's data folder.</param>
internal sealed class ChainFolder(string folder)
{
    private const string ChainName = "chain.state";
    private const string HandoverPrefix = "handover-";
    private const int HandoverBytesMax = 1024 * 1024 * 1024;

    private readonly DurableFile _chain = new(Path.Combine(folder, ChainName), SegmentFile.BytesMax);

    /// <summary>The longer of the ceremony's chain and the kept one; both must be of one segment and agree.</summary>
    /// <exception cref="StartException">The kept chain cannot be used, or contradicts the segment file.</exception>
    internal SegmentGround Newest(SegmentGround ceremony, long now)
    {
        try
        {
            // A folder that is no folder is told of where it is opened, with the remedy.
            if (!File.Exists(Path.Combine(folder, ChainName)) || _chain.Load() is not { } bytes)
            {
                return ceremony;
            }

            var file = SegmentFile.Parse(bytes);
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
        catch (Exception e) when (e is StateException or InvalidDataException)
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
            var kept = new KeptHandover { Handover = WireWriter.ToBytes(handover) };
            kept.Entries.AddRange(entries.Select(EntryWire.Write));
            new DurableFile(PathOf(handover), HandoverBytesMax).Save(kept.ToByteArray());
        }

        _chain.Save(ground.File.Encode());
        foreach (var old in Directory.EnumerateFiles(folder, HandoverPrefix + "*"))
        {
            if (old != PathOf(handover))
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

        return IsEmpty(before, handover.Value) ? [] : Load(handover.Digest);
    }

    // A ceremony hands over op-made leaves alone.
    private static bool IsEmpty(Naming.Operations.EpochGround before, Handover handover)
    {
        var leaves = before.Leaves.Leaves.Values;
        return handover.Count == leaves.Count() && SparseTree.From(leaves.Select(leaf => KeyValuePair.Create(
            Hashes.TreeKey(before.Genesis, before.Epoch.Value.Salt, leaf.Class, leaf.Name), leaf.Commitment))).Root
            == handover.Root;
    }

    private List<SignedEntry>? Load(Digest handover)
    {
        try
        {
            if (new DurableFile(PathOf(handover), HandoverBytesMax).Load() is not { } bytes)
            {
                return null;
            }

            var kept = KeptHandover.Parser.ParseFrom(bytes);
            var entries = kept.Entries.Select(EntryWire.Read).ToList();
            return kept.Handover == WireWriter.ToBytes(handover) && !entries.Contains(null)
                ? [.. entries.OfType<SignedEntry>()]
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

    private string PathOf(Digest handover) => Path.Combine(folder, $"{HandoverPrefix}{handover}.state");
}
