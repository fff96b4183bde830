namespace Fairlead.Kubernetes.Reconciling;

/// <summary>One port of a desired record.</summary>
/// <param name="Name">Its name, where it has one.</param>
/// <param name="Number">The port that consumers name, 1-65535.</param>
/// <param name="Protocol">What is spoken over it.</param>
public sealed record DesiredPort(string? Name, int Number, PortProtocol Protocol);
