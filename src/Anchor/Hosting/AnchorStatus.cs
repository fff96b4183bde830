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
    int Streams);
