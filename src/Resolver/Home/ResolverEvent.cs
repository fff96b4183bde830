using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol.V1;

namespace Fairlead.Resolver.Home;

/// <summary>What the resolver's loop hears.</summary>
internal abstract record ResolverEvent
{
    /// <summary>Somebody uses a name, or nobody does any more.</summary>
    internal sealed record Interest(string Name, bool IsWanted) : ResolverEvent;

    /// <summary>There is more of what was begun in an earlier turn.</summary>
    internal sealed record More : ResolverEvent;

    /// <summary>The home was met: it may be asked from now on (V41).</summary>
    internal sealed record HomeMet : ResolverEvent;

    /// <summary>The home cannot be met, and no waiting mends it.</summary>
    internal sealed record HomeUnusable(Exception Why) : ResolverEvent;

    /// <summary>An anchor showed its chain, which may hold a newer epoch.</summary>
    internal sealed record Met(AnchorSession Session) : ResolverEvent;

    /// <summary>An anchor said something on its stream.</summary>
    /// <param name="Session">The stream.</param>
    /// <param name="Response">What it said.</param>
    internal sealed record Heard(AnchorSession Session, SubscribeResponse Response) : ResolverEvent
    {
        /// <summary>The chains to verify it with, where it stands on epochs that it does not bring.</summary>
        internal ImmutableArray<SegmentState> Chains { get; init; } = [];
    }

    /// <summary>Other anchors were asked beside a silent one; null where none of them had an answer.</summary>
    internal sealed record Hedged(string Name, HedgedAnswer? Answer) : ResolverEvent;

    /// <summary>An answer proved that keys of a segment were misused (V38).</summary>
    internal sealed record Proven(Contradiction Evidence) : ResolverEvent;

    /// <summary>A stream is over.</summary>
    internal sealed record Broken(AnchorSession Session, Refusal Reason) : ResolverEvent;
}
