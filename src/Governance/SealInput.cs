using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>What happens to a <see cref="SealEngine"/>.</summary>
public abstract record SealInput
{
    /// <summary>A publisher, over whatever connection, offers an entry.</summary>
    /// <param name="Token">Returned with the entry's fate; chosen by the caller.</param>
    /// <param name="Entry">The entry.</param>
    public sealed record Publish(long Token, SignedEntry Entry) : SealInput;

    /// <summary>A message from another anchor of the segment.</summary>
    /// <param name="From">Its id, as its connection's key proves it.</param>
    /// <param name="Message">The message.</param>
    public sealed record Receive(string From, SealMessage Message) : SealInput;

    /// <summary>A connection to another anchor works.</summary>
    /// <param name="Anchor">Its id.</param>
    public sealed record Connected(string Anchor) : SealInput;

    /// <summary>The connection to another anchor broke.</summary>
    /// <param name="Anchor">Its id.</param>
    public sealed record Disconnected(string Anchor) : SealInput;

    /// <summary>
    /// A time asked for by <see cref="SealOutput.SetTimer"/> came; also the first input after construction.
    /// </summary>
    public sealed record Tick : SealInput;

    /// <summary>
    /// This anchor committed to a successor of the epoch: it signs no seal of this epoch any more, for good (4.3.3).
    /// </summary>
    public sealed record Fence : SealInput;

    /// <summary>
    /// The next epoch is decided and its certificate in hand: from now on only a handover to it is signed (V62).
    /// </summary>
    /// <param name="Next">The digest of the next epoch.</param>
    public sealed record Succeed(Digest Next) : SealInput;

    /// <summary>The next epoch took over here: nothing of this one is signed any more, only served.</summary>
    public sealed record Close : SealInput;

    /// <summary>An entry that the engine of the epoch before accepted, whose fate is still open.</summary>
    /// <param name="Token">The token it was published with.</param>
    /// <param name="Entry">The entry.</param>
    public sealed record Carry(long Token, SignedEntry Entry) : SealInput;

    /// <summary>A publisher lost interest in the fate of an entry.</summary>
    /// <param name="Token">The token it was published with.</param>
    public sealed record Forget(long Token) : SealInput;
}
