namespace Fairlead.Resolver.Asking;

/// <summary>What <see cref="AnchorAsking"/> is told. Immutable.</summary>
public sealed record AskingOptions
{
    /// <summary>How long one anchor may take.</summary>
    /// <value>2 s by default.</value>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long one anchor may be silent before the next is asked beside it.</summary>
    /// <value>200 ms by default.</value>
    public Func<TimeSpan> HedgeDelay { get; init; } = static () => TimeSpan.FromMilliseconds(200);

    /// <summary>How many times all anchors are asked again where each failed in transport.</summary>
    /// <value>0 by default.</value>
    public int RetriesMax { get; init; }

    /// <summary>The pause before the first retry; it doubles, and is spread.</summary>
    /// <value>300 ms by default.</value>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>How many retries may be made without a success in between; ten successes earn one.</summary>
    /// <value>10 by default.</value>
    public int RetryBudget { get; init; } = 10;

    /// <summary>How long an anchor is not asked at all once half of its last answers failed, two at the
    /// least.</summary>
    /// <value>1 s by default; doubled with each time in a row, up to 30 s.</value>
    public TimeSpan BreakDuration { get; init; } = TimeSpan.FromSeconds(1);
}
