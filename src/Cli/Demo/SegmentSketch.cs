namespace Fairlead.Cli.Demo;

/// <summary>One segment of a <see cref="WorldPlan"/>. Immutable.</summary>
internal sealed record SegmentSketch
{
    /// <summary>Its full name.</summary>
    internal required string Name { get; init; }

    /// <summary>How many anchors it has: one to four.</summary>
    internal int Anchors { get; init; } = 4;

    /// <summary>The folders below <c>samples</c> whose manifests it exports.</summary>
    internal IReadOnlyList<string> Samples { get; init; } = [];

    /// <summary>The segment above it.</summary>
    internal string? Parent { get; init; }

    /// <summary>Which segments others may reach through it.</summary>
    internal IReadOnlyList<string> Transit { get; init; } = [];

    /// <summary>Whether its anchors know the pod's key.</summary>
    internal bool HasPod { get; init; }

    /// <summary>Whether a check starts it, not the world.</summary>
    internal bool IsLate { get; init; }

    /// <summary>Whether it only bears the name of a true one: an attacker's.</summary>
    internal bool IsFalse { get; init; }

    /// <summary>
    /// Whether its anchors run in the liar's program: as honest as any until a SIGHUP, and from then on silent to
    /// consumers until the next.
    /// </summary>
    internal bool CanWithhold { get; init; }

    /// <summary>The SPIFFE trust domains that it speaks for.</summary>
    internal IReadOnlyList<string> TrustDomains { get; init; } = [];

    /// <summary>Its folder, where the name is not enough to tell it from another.</summary>
    internal string? Folder { get; init; }
}
