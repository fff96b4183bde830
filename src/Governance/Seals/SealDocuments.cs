using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>Makes the payloads of seals.</summary>
internal static class SealDocuments
{
    internal static Parsed<Seal> Make(SealCore core, long seq, long issued, long expires, LeafState state) =>
        Document.Make(new Seal
        {
            Count = state.Tree.Count,
            Epoch = core.Epoch,
            EpochDigest = core.EpochDigest,
            Expires = expires,
            Issued = issued,
            Prev = core.Chain.Head,
            Root = state.Tree.Root,
            Segment = core.Genesis,
            Seq = seq,
        });
}
