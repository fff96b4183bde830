namespace Fairlead.Xds;

/// <summary>Chooses what a client may see.</summary>
public interface IViewProvider
{
    /// <summary>The view for a stream whose first request came from this client. Safe for concurrent use.</summary>
    /// <param name="client">Who asks.</param>
    /// <param name="only">The one type of the stream; null on an aggregated one. What a resource says of where others
    /// are found holds for streams of one kind alone.</param>
    ResourceView Open(ClientNode client, ResourceType? only);
}
