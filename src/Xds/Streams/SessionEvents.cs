namespace Fairlead.Xds.Streams;

/// <summary>What a stream tells the service that it belongs to; called from the stream's task. Immutable.</summary>
/// <param name="Acked">Its client took a response.</param>
/// <param name="Sent">It sent clusters to the client of a node; with the names of their endpoints.</param>
internal sealed record SessionEvents(
    Action<AckEvent> Acked, Action<IStreamSession, string, IReadOnlyList<string>> Sent);
