namespace Fairlead.Xds.Streams;

/// <summary>What all streams of a service share. Immutable.</summary>
/// <param name="Views">Chooses what a client sees.</param>
/// <param name="Options">The service's options.</param>
/// <param name="Siblings">Knows which streams are of one client.</param>
/// <param name="Nodes">Knows who the clients are.</param>
/// <param name="Events">Hears what a stream has to tell.</param>
internal sealed record SessionServer(
    IViewProvider Views, AdsOptions Options, SiblingStreams Siblings, KnownNodes Nodes, SessionEvents Events);
