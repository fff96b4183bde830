using System.Collections.Concurrent;
using Fairlead.Xds;
using Fairlead.XdsConformance.Wire;

namespace Fairlead.XdsConformance;

/// <summary>What each node is to see: a view of its own, which a harness fills. Safe for concurrent use.</summary>
internal sealed class NodeStates : IViewProvider, IResourceInterest
{
    private readonly ConcurrentDictionary<string, NodeState> _nodes = new(StringComparer.Ordinal);

    public ResourceView Open(ClientNode client, ResourceType? only) => Of(client.Id).View;

    /// <summary>Serves a node these and nothing else, and calls it by this version.</summary>
    /// <returns>Whether they are all of types that are served.</returns>
    public bool Set(SetStateRequest request)
    {
        var resources = request.Resources.Select(FabricatedResources.Read).ToList();
        if (resources.Contains(null))
        {
            return false;
        }

        Of(request.Node).Set(resources.OfType<Resource>(), request.Version);
        return true;
    }

    /// <summary>Serves a node nothing.</summary>
    public void Clear(string node) => Of(node).Set([], "0");

    /// <summary>Serves a node one resource more, or one that is there with another content.</summary>
    /// <returns>Whether the type is served, and the name is there or not as it should be.</returns>
    public bool Put(ResourceRequest request, bool isThere) => ResourceType.Find(request.TypeUrl) is { } type
        && request.ResourceName.Length > 0
        && Of(request.Node).Put(type, request.ResourceName, request.Version, isThere);

    /// <summary>Serves a node one resource fewer.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Remove(ResourceRequest request) => ResourceType.Find(request.TypeUrl) is { } type
        && Of(request.Node).Remove(type, request.ResourceName, request.Version);

    public void Wanted(ResourceType type, string name)
    {
    }

    public void Unwanted(ResourceType type, string name)
    {
    }

    // A harness counts what it is told of names that are not there.
    public Resource? Missing(ResourceType type, string name) => null;

    private NodeState Of(string node) => _nodes.GetOrAdd(node, _ => new NodeState(this));
}
