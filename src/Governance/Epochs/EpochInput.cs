using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Governance;

/// <summary>What happens to an <see cref="EpochEngine"/>.</summary>
public abstract record EpochInput
{
    /// <summary>An operator, or the anchor itself, proposes an operation.</summary>
    /// <param name="Token">Returned with the operation's fate; chosen by the caller.</param>
    /// <param name="Proposal">The candidate that follows the newest epoch.</param>
    public sealed record Submit(long Token, EpochProposal Proposal) : EpochInput;

    /// <summary>
    /// The operator of this anchor looked at the dry run of a candidate and approves its digest. It need not be known
    /// yet.
    /// </summary>
    /// <param name="Digest">The candidate's digest.</param>
    public sealed record Approve(Digest Digest) : EpochInput;

    /// <summary>
    /// The operator takes back an operation that this anchor proposed, or the approval of one; answered by <see
    /// cref="EpochOutput.TakenBack"/>.
    /// </summary>
    /// <param name="Token">Returned with the answer; chosen by the caller.</param>
    /// <param name="Digest">The candidate's digest.</param>
    public sealed record TakeBack(long Token, Digest Digest) : EpochInput;

    /// <summary>
    /// The chain of another segment was verified here to this epoch: a floor that names it needs no operator's word.
    /// </summary>
    /// <param name="Genesis">The segment.</param>
    /// <param name="Segment">The epoch, and where its anchors are.</param>
    public sealed record Learned(Digest Genesis, ForeignSegment Segment) : EpochInput;

    /// <summary>A message from another anchor of the segment.</summary>
    /// <param name="From">Its id, as its connection's key proves it.</param>
    /// <param name="Message">The message.</param>
    public sealed record Receive(string From, EpochMessage Message) : EpochInput;

    /// <summary>A connection to another anchor works.</summary>
    /// <param name="Anchor">Its id.</param>
    public sealed record Connected(string Anchor) : EpochInput;

    /// <summary>
    /// A time asked for by <see cref="EpochOutput.SetTimer"/> came; also the first input after construction.
    /// </summary>
    public sealed record Tick : EpochInput;
}
