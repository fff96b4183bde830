namespace Fairlead.Xds.Streams;

/// <summary>What a stream tells the service that it belongs to; called from the stream's task. Immutable.</summary>
/// <param name="Speaks">Its first request came. Throws where there are too many streams.</param>
/// <param name="Ends">It is over, whether it spoke or not.</param>
/// <param name="Acked">Its client took a response.</param>
/// <param name="Sent">It sent clusters to the client of a node; with what follows them.</param>
/// <param name="Watching">On a stream for endpoints alone: which of them the client of a node asks for from now on, and
/// which no longer.</param>
/// <param name="Warmed">On a stream for endpoints or secrets alone: which of them the client of a node has
/// taken.</param>
internal sealed record SessionEvents(
    Action<IStreamSession> Speaks,
    Action<IStreamSession> Ends,
    Action<AckEvent> Acked,
    Action<IStreamSession, string, IReadOnlyList<ResourceReference>> Sent,
    Action<string, IReadOnlyCollection<string>, IReadOnlyCollection<string>> Watching,
    Action<string, ResourceType, IEnumerable<string>> Warmed);
