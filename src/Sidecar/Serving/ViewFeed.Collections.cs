using Fairlead.Sidecar.Translation;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Serving;

/// <summary>The collection of all clusters that a pod may use, for each context of those that ask for it.</summary>
internal sealed partial class ViewFeed
{
    // What a pod may use is built for whom a collection leads to it, and for nobody else.
    private void CountCollection(string context, int change)
    {
        lock (_gate)
        {
            var isFirst = _contexts.Built.Count == 0;
            var (came, gone) = _contexts.Count(context, change);
            if (came is null && gone is null)
            {
                return;
            }

            _used = isFirst ? _usedNext : _used;
            View.Update(builder =>
            {
                foreach (var name in _imports.Union(_used ?? _imports))
                {
                    if (_names.TryGetValue(name, out var served))
                    {
                        Recollect(builder, served, came, gone);
                    }
                }

                ShowWitness(builder, came, isBuilt: true);
                ShowWitness(builder, gone, isBuilt: false);
            });
        }
    }

    // Its members alone come and go, which are few beside all that a name has: of that nothing is made anew, but where
    // nobody wanted any of it before, or does any more.
    private void Recollect(SnapshotBuilder builder, ServedName name, string? came, string? gone)
    {
        if (!IsShown(DemandOf(name.Name, only: null), name.Name)
            || _published.GetValueOrDefault(name.Name) is not { } published
            || published.All(one => one.Type == ResourceType.Secret))
        {
            Rebuild(builder, name);
            return;
        }

        var told = FamilyTranslation.Reachable(name, _families);
        foreach (var resource in came is null ? [] : ServiceResources.OfCollection(_audience, told, came))
        {
            builder.Set(resource, wildcard: resource.Type.FullState);
            published.Add((resource.Type, resource.Name));
        }

        foreach (var member in gone is null ? [] : ServiceResources.MembersOf(name, gone))
        {
            // Somebody may ask for it by name too.
            Replace(
                builder, published, member,
                ServiceResources.OfSpellings(_audience, told, DemandOf(name.Name, member))
                    .Select(resource => (resource, false)));
        }
    }

    private void ShowWitness(SnapshotBuilder builder, string? context, bool isBuilt)
    {
        foreach (var resource in context is null ? [] : ServiceResources.Witness(_audience, context))
        {
            if (isBuilt || (resource.Type != ResourceType.Cluster && _contexts.Built.Count > 0))
            {
                builder.Set(resource, wildcard: resource.Type == ResourceType.Cluster);
            }
            else
            {
                builder.Remove(resource.Type, resource.Name);
            }
        }
    }
}
