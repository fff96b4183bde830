using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Governance;

/// <summary>
/// What one anchor of a segment tells another about the epoch to come. Nothing in it is checked before the engine does;
/// the connection says who the sender is. Anything may be lost or come twice.
/// </summary>
/// <param name="Slot">The number of the epoch that is being decided.</param>
public abstract record EpochMessage(long Slot)
{
    /// <summary>
    /// All that the sender has to say, repeated while something is open: its round, its votes, what it knows prepared,
    /// and which operations it knows and would prepare.
    /// </summary>
    /// <param name="Slot">The number of the epoch that is being decided.</param>
    /// <param name="Round">The sender's round.</param>
    /// <param name="Asks">Whether the sender wants a Status in return.</param>
    /// <param name="Votes">The sender's latest prepare and commit.</param>
    /// <param name="Best">The PrepareCert of the highest round it knows.</param>
    /// <param name="Queue">Operations that the sender holds and vouches for: its own, and those it would
    /// prepare.</param>
    /// <param name="Willing">Those of them that it would prepare.</param>
    /// <param name="Yours">
    /// In an answer: the latest vote it holds of the receiver. A key whose journal does not know it must never sign
    /// again.
    /// </param>
    public sealed record Status(
        long Slot,
        long Round,
        bool Asks,
        IReadOnlyList<EpochVote> Votes,
        PrepareCertificate? Best,
        IReadOnlyList<Digest> Queue,
        IReadOnlyList<Digest> Willing,
        EpochVote? Yours) : EpochMessage(Slot)
    {
        /// <summary>Operations that the sender told of and that are not to wait any more.</summary>
        public IReadOnlyList<Digest> TakenBack { get; init; } = [];
    }

    /// <summary>The content of an operation: one's own, or one that was asked for.</summary>
    /// <param name="Slot">The number of the epoch that is being decided.</param>
    /// <param name="Proposal">The operation.</param>
    public sealed record Offer(long Slot, EpochProposal Proposal) : EpochMessage(Slot);

    /// <summary>Asks for the content of operations.</summary>
    /// <param name="Slot">The number of the epoch that is being decided.</param>
    /// <param name="Digests">Candidates' digests.</param>
    public sealed record Want(long Slot, IReadOnlyList<Digest> Digests) : EpochMessage(Slot);

    /// <summary>The sender's value for a round.</summary>
    /// <param name="Slot">The number of the epoch that is being decided.</param>
    /// <param name="Round">The round.</param>
    /// <param name="Proposal">The operation.</param>
    /// <param name="Prepared">The PrepareCert that makes it the value; null where none is known.</param>
    public sealed record Propose(
        long Slot, long Round, EpochProposal Proposal, PrepareCertificate? Prepared) : EpochMessage(Slot);

    /// <summary>The sender's vote.</summary>
    /// <param name="Slot">The number of the epoch that is being decided.</param>
    /// <param name="Ballot">The vote.</param>
    public sealed record Vote(long Slot, EpochVote Ballot) : EpochMessage(Slot);

    /// <summary>A decided epoch.</summary>
    /// <param name="Slot">Its number.</param>
    /// <param name="Proposal">The epoch, its manifest and leaves.</param>
    /// <param name="Commits">The commits of exactly T anchors in one round.</param>
    public sealed record Decided(long Slot, EpochProposal Proposal, Envelope Commits) : EpochMessage(Slot);
}
