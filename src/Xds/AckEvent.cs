namespace Fairlead.Xds;

/// <summary>A client took a response. Immutable.</summary>
/// <param name="Stream">The stream's number, as in <see cref="StreamStatus"/>.</param>
/// <param name="Node">Who the client says it is.</param>
/// <param name="Type">The type of the resources.</param>
/// <param name="Version">The version of the response.</param>
/// <param name="Resources">What the response held.</param>
/// <param name="At">When the acknowledgement came.</param>
/// <param name="Elapsed">The time since the response was handed to the transport.</param>
public sealed record AckEvent(
    long Stream,
    ClientNode Node,
    ResourceType Type,
    string Version,
    IReadOnlyList<Resource> Resources,
    DateTimeOffset At,
    TimeSpan Elapsed);
