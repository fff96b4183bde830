using System.Collections.Immutable;
using Fairlead.Naming;

namespace Fairlead.Cli.Ceremony;

/// <summary>What a segment is to be when it is founded.</summary>
internal sealed record SegmentPlan
{
    /// <summary>Its full name.</summary>
    internal required SegmentName Name { get; init; }

    /// <summary>1 to 16 anchors.</summary>
    internal required ImmutableArray<AnchorPlan> Anchors { get; init; }

    /// <summary>How many lying anchors are tolerated.</summary>
    internal required int Faults { get; init; }

    /// <summary>The policy, without the rules digest.</summary>
    internal required Policy Policy { get; init; }

    /// <summary>The key that may publish <c>*.svc</c>.</summary>
    internal required PublicKey Publisher { get; init; }

    /// <summary>Its parents.</summary>
    internal ImmutableArray<Uplink> Uplinks { get; init; } = [];

    /// <summary>Segments that everybody may reach through it; none makes it no transit.</summary>
    internal ImmutableArray<NamePattern> Transit { get; init; } = [];

    /// <summary>The trust domains that it speaks for, ascending.</summary>
    internal ImmutableArray<string> Domains { get; init; } = [];

    /// <summary>Signers of a certificate: floor(2n/3) + 1.</summary>
    internal int Threshold => (2 * Anchors.Length / 3) + 1;
}
