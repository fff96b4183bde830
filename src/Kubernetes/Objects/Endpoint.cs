using System.Net;

namespace Fairlead.Kubernetes.Objects;

/// <summary>One endpoint of an EndpointSlice. Immutable.</summary>
/// <param name="Address">The first of its addresses; Kubernetes gives the others no meaning.</param>
/// <param name="Hostname">Its hostname, one DNS label, where it has one.</param>
/// <param name="Zone">Its zone, where known.</param>
/// <param name="Ready">Condition <c>ready</c>; absent means true.</param>
/// <param name="Serving">Condition <c>serving</c>; absent means as <paramref name="Ready"/>.</param>
/// <param name="Terminating">Condition <c>terminating</c>; absent means false.</param>
public sealed record Endpoint(
    IPAddress Address,
    string? Hostname,
    string? Zone,
    bool Ready,
    bool Serving,
    bool Terminating);
