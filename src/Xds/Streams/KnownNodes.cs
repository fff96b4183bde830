namespace Fairlead.Xds.Streams;

/// <summary>
/// Who the clients are, each once: an Envoy opens a stream for the endpoints of each cluster, and says on each who it
/// is, in tens of kilobytes. Safe for concurrent use.
/// </summary>
internal sealed class KnownNodes
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (ClientNode Node, int Uses)> _nodes = new(StringComparer.Ordinal);

    /// <summary>The same node as another stream has it; it is given back by <see cref="Return"/>.</summary>
    public ClientNode Share(ClientNode node)
    {
        lock (_gate)
        {
            if (!_nodes.TryGetValue(node.Id, out var known))
            {
                known = (node, 0);
            }

            if (!known.Node.Equals(node))
            {
                return node; // Somebody else of the same name, or the same one started anew.
            }

            _nodes[node.Id] = (known.Node, known.Uses + 1);
            return known.Node;
        }
    }

    /// <summary>A stream has ended that had this node.</summary>
    public void Return(ClientNode node)
    {
        lock (_gate)
        {
            if (!_nodes.TryGetValue(node.Id, out var known) || !ReferenceEquals(known.Node, node))
            {
                return;
            }

            if (known.Uses > 1)
            {
                _nodes[node.Id] = (node, known.Uses - 1);
            }
            else
            {
                _nodes.Remove(node.Id);
            }
        }
    }
}
