namespace Fairlead.Controller.Publishing;

/// <summary>Times and names of the shell around the engine. Immutable.</summary>
internal sealed record PublisherShellOptions
{
    /// <summary>How long a Publish call may take until all is sealed.</summary>
    /// <value>Default 10 s.</value>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an anchor may take to give its State.</summary>
    /// <value>Default 10 s.</value>
    public TimeSpan StateTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long more anchors than F+1 are waited for: 2F+1 of them say when the publisher's Credential ends,
    /// whatever F of them say.</summary>
    /// <value>Default 1 s.</value>
    public TimeSpan StateRest { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The pause after too few anchors gave their State.</summary>
    /// <value>Default 500 ms.</value>
    public TimeSpan StateRetry { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The publisher's key file as the operator named it, for messages about it.</summary>
    /// <value>Default empty.</value>
    public string KeyFile { get; init; } = "";

    /// <summary>How often the State is read again although nothing asks for it, to notice what was lost.</summary>
    /// <value>Default 5 min.</value>
    public TimeSpan StateInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The pause before what was published is asked for with its signatures: <see cref="StateRetry"/>, doubled
    /// with each failure, for older anchors never give it; <see cref="StateInterval"/> at most.</summary>
    public TimeSpan SourcesPause(int failures) =>
        TimeSpan.FromTicks(Math.Min(StateRetry.Ticks << Math.Min(failures, 20), StateInterval.Ticks));
}
