namespace Fairlead.Cli.Commands;

/// <summary>What <c>fairlead segment init</c> was told, unchecked.</summary>
internal sealed record SegmentInitOptions
{
    /// <summary>The segment's full name.</summary>
    internal required string Name { get; init; }

    /// <summary>The folder to fill.</summary>
    internal required string Folder { get; init; }

    /// <summary>ip:port of each anchor.</summary>
    internal required IReadOnlyList<string> Listen { get; init; }

    /// <summary>ip:port of each anchor's admin page.</summary>
    internal required IReadOnlyList<string> AdminListen { get; init; }

    /// <summary>How many anchors; null = as many as <see cref="Listen"/> names.</summary>
    internal int? Anchors { get; init; }

    /// <summary>How many lying anchors are tolerated; null = (n - 1) / 3.</summary>
    internal int? Faults { get; init; }

    /// <summary>The machine that all anchors run on.</summary>
    internal required string Host { get; init; }

    /// <summary>Who operates each anchor; null = admin-a, ..</summary>
    internal IReadOnlyList<string>? Admins { get; init; }

    /// <summary>One of <see cref="Ceremony.Policies.Names"/>.</summary>
    internal required string Policy { get; init; }

    /// <summary>Pods that prove themselves with a key.</summary>
    internal IReadOnlyList<string> Subjects { get; init; } = [];

    /// <summary>The parent's peer.json; null for a segment without a parent.</summary>
    internal string? Parent { get; init; }

    /// <summary>Patterns of segments that others may reach through this one.</summary>
    internal IReadOnlyList<string> Transit { get; init; } = [];

    /// <summary>The trust domains that the segment speaks for.</summary>
    internal IReadOnlyList<string> TrustDomains { get; init; } = [];

    /// <summary>Development only.</summary>
    internal bool UnsafeAllowLoopbackEndpoints { get; init; }
}
