using Fairlead.Xds;

namespace Fairlead.XdsConformance;

/// <summary>What one node sees. Safe for concurrent use.</summary>
internal sealed class NodeState(IResourceInterest interest)
{
    private readonly Lock _gate = new();
    private int _round;

    public ResourceView View { get; } = new(interest);

    /// <summary>These and nothing else.</summary>
    public void Set(IEnumerable<Resource> resources, string version) => View.Update(builder =>
    {
        var before = ResourceType.All.SelectMany(type => View.Current.Resources(type).Values).ToList();
        before.ForEach(one => builder.Remove(one.Type, one.Name));
        foreach (var resource in resources)
        {
            builder.Set(resource, resource.Type.FullState);
        }

        foreach (var type in ResourceType.All)
        {
            builder.SetVersion(type, version);
        }

        builder.MarkPrimed();
    });

    /// <summary>One resource, with a content that it never had.</summary>
    /// <returns>False where it is there and should not be, or the other way round.</returns>
    public bool Put(ResourceType type, string name, string version, bool isThere)
    {
        lock (_gate)
        {
            if (View.Current.Find(type, name) is null == isThere)
            {
                return false;
            }

            var resource = FabricatedResources.Make(type, name, ++_round);
            View.Update(builder => builder.Set(resource, type.FullState).SetVersion(type, version).MarkPrimed());
            return true;
        }
    }

    /// <summary>One resource fewer.</summary>
    /// <returns>False where it is not there.</returns>
    public bool Remove(ResourceType type, string name, string version)
    {
        lock (_gate)
        {
            if (View.Current.Find(type, name) is null)
            {
                return false;
            }

            View.Update(builder => builder.Remove(type, name).SetVersion(type, version));
            return true;
        }
    }
}
