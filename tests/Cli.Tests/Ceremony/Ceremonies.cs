using System.Collections.Immutable;
using System.Globalization;
using Fairlead.Cli.Ceremony;
using Fairlead.Naming;
using Fairlead.Protocol.Files;
using Fairlead.TestKit;

namespace Fairlead.Cli.Tests.Ceremony;

/// <summary>Ceremonies with the tests' keys.</summary>
internal static class Ceremonies
{
    internal const long Now = 1_900_000_000_000;

    internal static SegmentPlan Plan(string name = "eu1.internal", int firstKey = 300, int anchors = 4) => new()
    {
        Name = SegmentName.Parse(name),
        Anchors = [.. Enumerable.Range(0, anchors).Select(i => Anchor(SegmentName.Parse(name), firstKey, i))],
        Faults = (anchors - 1) / 3,
        Policy = Policies.Demo,
        Publisher = TestKeys.Key(firstKey + 90),
    };

    internal static SegmentFile Found(string name = "eu1.internal", int firstKey = 300) =>
        Founding.Found(Plan(name, firstKey), Now, Draw());

    internal static SegmentFile Peered(SegmentFile segment, SegmentFile other, int firstKey = 300) =>
        Peering.Add(segment, PeerOf(other), Gov(firstKey), Seal(firstKey), Now + 1000, Draw());

    internal static PeerFile PeerOf(SegmentFile segment) =>
        PeerFile.Of(segment.Name, segment.Genesis, SegmentChain.Verify(segment, Now + 2000).Newest);

    internal static ImmutableArray<ISigner> Gov(int firstKey = 300) =>
        [.. Enumerable.Range(0, 4).Select(i => TestKeys.Signer(firstKey + (3 * i)))];

    internal static ImmutableArray<ISigner> Seal(int firstKey = 300) =>
        [.. Enumerable.Range(0, 4).Select(i => TestKeys.Signer(firstKey + (3 * i) + 1))];

    internal static Func<Hex16> Draw()
    {
        var count = 0;
        return () => TestSegment.Bytes16(string.Create(CultureInfo.InvariantCulture, $"draw {count++}"));
    }

    private static AnchorPlan Anchor(SegmentName name, int firstKey, int i) => new(
        SegmentFolder.AnchorId(name, i),
        $"admin-{(char)('a' + i)}",
        "host",
        IpEndpoint.Parse(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{11000 + i}")),
        TestKeys.Signer(firstKey + (3 * i)),
        TestKeys.Signer(firstKey + (3 * i) + 1),
        TestKeys.Key(firstKey + (3 * i) + 2));
}
