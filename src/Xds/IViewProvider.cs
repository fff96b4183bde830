namespace Fairlead.Xds;

/// <summary>Chooses what a client may see.</summary>
public interface IViewProvider
{
    /// <summary>The view for a stream whose first request came from this client. Safe for concurrent use.</summary>
    ResourceView Open(ClientNode client);
}
