using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// What one anchor of a segment tells another. Nothing in it is checked before the engine does. Every message carries
/// its sender's term as a claim; the connection says who the sender is.
/// </summary>
/// <param name="Term">The sender's term.</param>
public abstract record SealMessage(long Term)
{
    /// <summary>The sender's term and the newest certified seal it holds.</summary>
    /// <param name="Term">The sender's term.</param>
    /// <param name="Asks">
    /// Whether the sender wants a Claim in return: after a start, or to be heard while it waits.
    /// </param>
    /// <param name="Newest">Its newest certified seal of the epoch; null before the first.</param>
    /// <param name="Yours">
    /// In an answer: the highest seal the sender holds with the receiver's signature, and that signature alone. A key
    /// whose journal does not know it must never sign again.
    /// </param>
    public sealed record Claim(long Term, bool Asks, Envelope? Newest, Envelope? Yours) : SealMessage(Term);

    /// <summary>Entries that the sender accepted, or holds signed by someone and not yet certified.</summary>
    /// <param name="Term">The sender's term.</param>
    /// <param name="List">At most <see cref="SealLimits.EntriesPerMessage"/>.</param>
    public sealed record Entries(long Term, IReadOnlyList<SignedEntry> List) : SealMessage(Term);

    /// <summary>The leader's next state: the seal to sign, what it follows, and the changes that lead there.</summary>
    /// <param name="Term">The sender's term.</param>
    /// <param name="Seal">The seal's payload.</param>
    /// <param name="Prev">The certified seal it follows; null where that is the handover or there is none.</param>
    /// <param name="Puts">Entries new or above those of prev's state, and Witnesses.</param>
    /// <param name="Drops">Names whose entries expired; of a handover, all Witnesses.</param>
    public sealed record Propose(
        long Term,
        ReadOnlyMemory<byte> Seal,
        Envelope? Prev,
        IReadOnlyList<SignedEntry> Puts,
        IReadOnlyList<EntryName> Drops) : SealMessage(Term);

    /// <summary>The sender's signature of a proposal.</summary>
    /// <param name="Term">The sender's term.</param>
    /// <param name="Seq">The proposal's number.</param>
    /// <param name="Seal">The digest of the seal's payload.</param>
    /// <param name="Signature">By the sender's seal key.</param>
    public sealed record Vote(long Term, long Seq, Digest Seal, SignatureEntry Signature) : SealMessage(Term);

    /// <summary>Why the sender does not sign a proposal, with what the leader needs to make a better one.</summary>
    /// <param name="Term">The sender's term.</param>
    /// <param name="Seq">The proposal's number.</param>
    /// <param name="Failure">The first rule that failed.</param>
    /// <param name="Detail">For people.</param>
    /// <param name="Last">The highest number the sender signed in this epoch; -1 for none.</param>
    /// <param name="Missing">
    /// Entries of states it signed that the proposal lacks (NotDominating), or the proposal's Witnesses whose seal it
    /// cannot check or refuses.
    /// </param>
    /// <param name="Newest">Its newest certified seal of the epoch.</param>
    public sealed record Refuse(
        long Term,
        long Seq,
        VerificationFailure Failure,
        string Detail,
        long Last,
        IReadOnlyList<SignedEntry> Missing,
        Envelope? Newest) : SealMessage(Term);

    /// <summary>A seal with the signatures of T anchors.</summary>
    /// <param name="Term">The sender's term.</param>
    /// <param name="Seal">The certificate.</param>
    public sealed record Certificate(long Term, Envelope Seal) : SealMessage(Term);

    /// <summary>Asks for the state of a certified seal.</summary>
    /// <param name="Term">The sender's term.</param>
    /// <param name="Seal">The digest of the seal.</param>
    /// <param name="Have">The digest of the seal or handover whose state the sender holds.</param>
    /// <param name="After">Continues a whole state behind this name; null at the start.</param>
    public sealed record Fetch(long Term, Digest Seal, Digest Have, EntryName? After) : SealMessage(Term);

    /// <summary>A certified state, as changes to one that the asker holds or as pages of the whole.</summary>
    /// <param name="Term">The sender's term.</param>
    /// <param name="Seal">The certified seal whose state this is; newer than asked for where that one is gone.</param>
    /// <param name="Base">What the changes apply to; null for pages of the whole state.</param>
    /// <param name="Puts">Entries.</param>
    /// <param name="Drops">Names that the base holds and the state does not.</param>
    /// <param name="More">Whether pages follow.</param>
    public sealed record State(
        long Term,
        Envelope Seal,
        Digest? Base,
        IReadOnlyList<SignedEntry> Puts,
        IReadOnlyList<EntryName> Drops,
        bool More) : SealMessage(Term);
}
