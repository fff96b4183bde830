namespace Fairlead.Controller.Publishing;

/// <summary>How the engine publishes. Immutable.</summary>
internal sealed record PublisherOptions
{
    /// <summary>How many anchors there are; they are known by index.</summary>
    public required int Anchors { get; init; }

    /// <summary>How long a record lives.</summary>
    /// <value>Default 24 h (trust 4.5); renewed when a third is left.</value>
    public TimeSpan RecordLife { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long a name must be missing before it is withdrawn, unless what held it was deleted: it may stand
    /// in a file that is being written.</summary>
    /// <value>Default 5 s.</value>
    public TimeSpan WithdrawDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The first pause after a failure; it doubles.</summary>
    /// <value>Default 100 ms.</value>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause after failures.</summary>
    /// <value>Default 10 s.</value>
    public TimeSpan RetryDelayMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Most documents on their way to one anchor.</summary>
    /// <value>Default 256: what a leader puts into one seal.</value>
    public int AnchorInFlightMax { get; init; } = 256;

    /// <summary>Most documents of one call.</summary>
    /// <value>Default 64.</value>
    public int CallEntriesMax { get; init; } = 64;

    /// <summary>Most bytes of one call, about; a larger document goes alone.</summary>
    /// <value>Default 1 MiB.</value>
    public int CallBytesMax { get; init; } = 1 << 20;
}
