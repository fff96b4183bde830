namespace Fairlead.Kubernetes.Objects;

/// <summary>One port of a Service. Immutable.</summary>
/// <param name="Name">Its name; null for the only port of a Service, which needs none.</param>
/// <param name="Number">The port that consumers name, 1-65535.</param>
/// <param name="Transport">The transport.</param>
/// <param name="AppProtocol">What is spoken over it, if the author said so.</param>
public sealed record ServicePort(string? Name, int Number, TransportProtocol Transport, string? AppProtocol);
