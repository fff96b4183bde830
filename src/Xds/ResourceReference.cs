namespace Fairlead.Xds;

/// <summary>A resource that another one names: a cluster's endpoints and secrets, a listener's routes, a route's
/// clusters.</summary>
/// <param name="Type">The type of the resource that is named.</param>
/// <param name="Name">Its name.</param>
public sealed record ResourceReference(ResourceType Type, string Name);
