using Fairlead.Naming;

namespace Fairlead.Kubernetes.Reconciling;

/// <summary>What the reconciler must know besides the manifests. Immutable.</summary>
public sealed record ReconcileOptions
{
    /// <summary>The segment's full name, which the full length of a name depends on.</summary>
    public required string Segment { get; init; }

    /// <summary>The segment's genesis digest, which a member of the own segment need not repeat.</summary>
    /// <value>Null (the default): every member of a ServiceImport needs its own.</value>
    public Digest? Genesis { get; init; }

    /// <summary>The region of every slice.</summary>
    /// <value>Null (the default): slices carry none.</value>
    public string? Region { get; init; }

    /// <summary>The network of endpoints whose EndpointSlice names none.</summary>
    /// <value>Null (the default): their addresses are meant everywhere.</value>
    public string? Network { get; init; }

    /// <summary>The <c>ttl_max</c> of a Service that does not annotate its own.</summary>
    /// <value>Default 60 s, the default validity of a seal, which bounds an answer anyway.</value>
    public TimeSpan TtlMax { get; init; } = TimeSpan.FromSeconds(60);
}
