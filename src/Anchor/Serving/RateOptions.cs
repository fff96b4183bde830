using Fairlead.Configuration;
using Fairlead.Naming;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// How many questions an anchor hears of one asker (V52): each new name on a stream and each single question is one,
/// and so is each renewed Grant, of its subject and home where it has a question open and of the anchor that sends it;
/// an answer's updates are none. Immutable.
/// </summary>
/// <param name="SubjectPerSecond">Questions of one subject in a second, in the long run.</param>
/// <param name="SubjectBurst">As many at once: all names of its pods, as after a restart.</param>
/// <param name="SegmentPerSecond">Questions and shown pages of all anchors of another segment in a second.</param>
/// <param name="SegmentBurst">As many of them at once.</param>
internal sealed record RateOptions(int SubjectPerSecond, int SubjectBurst, int SegmentPerSecond, int SegmentBurst)
{
    private const int Most = 10_000_000;
    private const int Relayed = 16;
    private const int ForOne = 4;

    /// <summary>Room for a thousand pods of one account with a few names each, and for a segment of many.</summary>
    internal static RateOptions Default { get; } = new(500, 20_000, 5_000, 100_000);

    /// <summary>What one subject may ask.</summary>
    internal (int PerSecond, int Burst) OfSubject => (SubjectPerSecond, SubjectBurst);

    /// <summary>What the anchors of one segment may ask together.</summary>
    internal (int PerSecond, int Burst) OfSegment => (SegmentPerSecond, SegmentBurst);

    /// <summary>What one anchor of a segment may show of that: a minority of 16 does not use up all.</summary>
    internal (int PerSecond, int Burst) OfOneAnchor =>
        (Math.Max(1, SegmentPerSecond / Limits.Anchors), Math.Max(1, SegmentBurst / Limits.Anchors));

    /// <summary>What is relayed for one segment to those behind this one: an introduction holds for hours, and costs a
    /// connection.</summary>
    internal (int PerSecond, int Burst) OfRelayed =>
        (Math.Max(1, SegmentPerSecond / Relayed), Math.Max(1, SegmentBurst / Relayed));

    /// <summary>What is relayed of that for one home behind a segment that relays itself.</summary>
    internal (int PerSecond, int Burst) OfRelayedForOne =>
        (Math.Max(1, OfRelayed.PerSecond / ForOne), Math.Max(1, OfRelayed.Burst / ForOne));

    /// <summary>Reads the section <c>rates</c>.</summary>
    internal static RateOptions Read(ConfigurationSection root)
    {
        if (!root.Has("rates"))
        {
            return Default;
        }

        var section = root.Section("rates");
        return new RateOptions(
            (int)section.Integer("subject_per_second", 1, Most, Default.SubjectPerSecond),
            (int)section.Integer("subject_burst", 1, Most, Default.SubjectBurst),
            (int)section.Integer("segment_per_second", 1, Most, Default.SegmentPerSecond),
            (int)section.Integer("segment_burst", 1, Most, Default.SegmentBurst));
    }
}
