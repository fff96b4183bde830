using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>Makes the payloads of seals, and of the handover once the next epoch is decided.</summary>
internal static class SealDocuments
{
    internal static StateClaim Make(SealCore core, long seq, long issued, long expires, LeafState state) =>
        core.Successor is { } next ? Handover(core, seq, issued, next, state) : Seal(core, seq, issued, expires, state);

    private static StateClaim Seal(SealCore core, long seq, long issued, long expires, LeafState state) =>
        StateClaim.Of(Document.Make(new Seal
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
        }));

    private static StateClaim Handover(SealCore core, long seq, long issued, Digest next, LeafState state) =>
        StateClaim.Of(Document.Make(new Handover
        {
            Count = state.Tree.Count,
            Epoch = core.Epoch,
            Issued = issued,
            Next = next,
            Prev = core.Chain.Head,
            Root = state.Tree.Root,
            Segment = core.Genesis,
            Seq = seq,
        }));
}
