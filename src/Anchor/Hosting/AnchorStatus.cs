using System.Collections.Immutable;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Sealing;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;

namespace Fairlead.Anchor.Hosting;

/// <summary>What an anchor's admin page shows. Immutable.</summary>
internal sealed record AnchorStatus(
    string Id,
    string Segment,
    Digest Genesis,
    long Epoch,
    SegmentView? View,
    (long Term, string Leader, int Pending) Sealing,
    IReadOnlyList<(string Id, bool IsConnected)> Peers,
    string? StoreAlarm,
    int Streams)
{
    /// <summary>The ways to other segments that lead over transits, by target.</summary>
    internal ImmutableArray<(SegmentName Target, Way Way)> Introductions { get; init; } = [];

    /// <summary>Since when the archive cannot be written, and why; null while it can.</summary>
    internal ArchiveFailure? NotArchived { get; init; }

    /// <summary>The answers given.</summary>
    internal required AnswerMeter Answers { get; init; }

    /// <summary>The denials among them.</summary>
    internal required DenialBook Denials { get; init; }

    /// <summary>How many names are subscribed to in other segments, and over how many streams.</summary>
    internal (int Names, int Streams) Upstream { get; init; }

    /// <summary>How many connections nobody was accepted on yet, and how many bytes are held for them.</summary>
    internal (int Connections, long Bytes) Strangers { get; init; }

    /// <summary>How many inputs the engine's loop dropped because it was too far behind.</summary>
    internal long Dropped { get; init; }

    /// <summary>How many hops were given to the anchors of other segments.</summary>
    internal long Introduced { get; init; }
}
