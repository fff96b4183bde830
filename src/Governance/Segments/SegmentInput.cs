namespace Fairlead.Governance;

/// <summary>What happens to a <see cref="SegmentEngine"/>.</summary>
public abstract record SegmentInput
{
    /// <summary>A publisher's entry, or its lost interest.</summary>
    /// <param name="Input">A Publish or Forget.</param>
    public sealed record OfPublisher(SealInput Input) : SegmentInput;

    /// <summary>An operator's proposal or approval, or what was learned of another segment.</summary>
    /// <param name="Input">A Submit, Approve or Learned.</param>
    public sealed record OfOperator(EpochInput Input) : SegmentInput;

    /// <summary>A message from another anchor of the segment.</summary>
    /// <param name="From">Its id, as its connection's key proves it.</param>
    /// <param name="Message">The message.</param>
    public sealed record Receive(string From, SegmentMessage Message) : SegmentInput;

    /// <summary>A connection to another anchor works.</summary>
    /// <param name="Anchor">Its id.</param>
    public sealed record Connected(string Anchor) : SegmentInput;

    /// <summary>The connection to another anchor broke.</summary>
    /// <param name="Anchor">Its id.</param>
    public sealed record Disconnected(string Anchor) : SegmentInput;

    /// <summary>
    /// A time asked for by <see cref="SegmentOutput.SetTimer"/> came; also the first input after construction.
    /// </summary>
    public sealed record Tick : SegmentInput;
}
