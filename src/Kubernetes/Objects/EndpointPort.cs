namespace Fairlead.Kubernetes.Objects;

/// <summary>One port of an EndpointSlice. Immutable.</summary>
/// <param name="Name">The name of the Service's port that it backs; empty for an unnamed one.</param>
/// <param name="Number">Where the endpoints listen, 1-65535; null means on the Service's own number.</param>
/// <param name="Transport">The transport.</param>
public sealed record EndpointPort(string Name, int? Number, TransportProtocol Transport);
