namespace Fairlead.Xds.Streams;

/// <summary>
/// Which streams for clusters, listeners and routes belong to one client, so that what must come first does though each
/// goes its own way: a client is known by the node that it says it is and by the view that it sees. Safe for concurrent
/// use; calls nobody while it holds its lock.
/// </summary>
internal sealed class SiblingStreams
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(ResourceView View, string Node), ISiblingStream[]> _clients = [];

    /// <summary>Whether a stream of this type waits for others, or others for it.</summary>
    public static bool Concerns(ResourceType? only) => only is not null
        && only != ResourceType.Endpoints && only != ResourceType.Secret;

    /// <summary>A stream joins those of its client.</summary>
    public void Join(ResourceView view, string node, ISiblingStream stream)
    {
        lock (_gate)
        {
            _clients[(view, node)] = [.. Of(view, node), stream];
        }
    }

    /// <summary>A stream leaves: nobody waits for it any more.</summary>
    public void Leave(ResourceView view, string node, ISiblingStream stream)
    {
        ISiblingStream[] left;
        lock (_gate)
        {
            left = [.. Of(view, node).Where(one => one != stream)];
            if (left.Length > 0)
            {
                _clients[(view, node)] = left;
            }
            else
            {
                _clients.Remove((view, node));
            }
        }

        Array.ForEach(left, one => one.Rested());
    }

    /// <summary>The other streams of a client.</summary>
    public IEnumerable<ISiblingStream> Others(ResourceView view, string node, ISiblingStream stream)
    {
        ISiblingStream[] all;
        lock (_gate)
        {
            all = Of(view, node);
        }

        return all.Where(one => one != stream);
    }

    private ISiblingStream[] Of(ResourceView view, string node) => _clients.GetValueOrDefault((view, node)) ?? [];
}
