namespace Fairlead.Xds;

/// <summary>
/// Where a view's owner learns which names its clients want, so that it can look them up. The calls come from streams'
/// tasks and must return quickly; Wanted and Unwanted of one view do not overlap, Missing may. They must not wait for
/// a lock under which <see cref="AdsService.Streams"/> is called.
/// </summary>
public interface IResourceInterest
{
    /// <summary>The first stream of the view asks for this name.</summary>
    void Wanted(ResourceType type, string name);

    /// <summary>The last stream that asked for this name is gone or no longer asks.</summary>
    void Unwanted(ResourceType type, string name);

    /// <summary>
    /// What to send for a name that a client asked for and a primed snapshot does not hold. For endpoints an empty
    /// assignment (<see cref="Resource.EmptyEndpoints"/>) unless the name is being looked up right now: a client must
    /// not wait for a cluster that it was given. Null says nothing until a snapshot holds the name. The same name must
    /// get the same content as long as nothing changes.
    /// </summary>
    Resource? Missing(ResourceType type, string name);
}
