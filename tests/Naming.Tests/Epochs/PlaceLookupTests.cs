using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Naming.Tests.Epochs;

/// <summary>What V49 costs a parent of many children, counted and not timed.</summary>
public sealed class PlaceLookupTests
{
    private const int Children = 1000;

    [Fact]
    public void Check_AThousandLinks_LooksOnceForEach()
    {
        var links = Enumerable.Range(0, Children).Select(i => Link($"c{i}")).ToList();
        Assert.InRange(Looks(links), Children, 3 * Children);
    }

    /// <summary>Links at service parts: such a place has several suffixes, and each Link looks below itself.</summary>
    [Fact]
    public void Check_AThousandSplits_LooksAtEachAFewTimes()
    {
        var links = Enumerable.Range(0, Children).Select(i => Link($"n{i}.svc")).ToList();
        Assert.InRange(Looks(links), Children, 8 * Children);
    }

    // As many epochs as a manifest's size wants, then all of it judged as one change: the dearest question there is.
    private static long Looks(IReadOnlyList<ParsedLeaf> links)
    {
        var segment = new TestSegment(new TestSegmentOptions { Name = "acme.internal" });
        var after = Apply(OperationLeaves.None, segment, 0, segment.Leaves);
        foreach (var batch in links.Chunk(Limits.LinksPerEpoch))
        {
            var number = segment.Newest.Value.Number + 1;
            ParsedLeaf[] made =
            [
                .. batch.Select(leaf => ParsedLeaf.Of(Document.Make((Link)leaf.Document with { Made = number })))
                    .OrderBy(leaf => leaf.Name, StringComparer.Ordinal),
            ];
            segment.Advance(OpType.Split, null, made);
            after = Apply(after, segment, (int)number, made);
        }

        Assert.Equal(Children, after.Leaves.Count(leaf => leaf.Key.Class == LeafClass.Link));
        Assert.Null(PlaceRules.Check(
            [segment.Name], segment.Newest.Value, OperationLeaves.None, after, out var looks));
        return looks;
    }

    private static OperationLeaves Apply(
        OperationLeaves before, TestSegment segment, int epoch, IReadOnlyList<ParsedLeaf> leaves)
    {
        var after = before.Apply(
            segment.Epochs[epoch], segment.Manifests[epoch]!.Payload,
            leaves.Select(leaf => (leaf.Class, leaf.Payload)), out var refusal);
        Assert.Null(refusal);
        return after!;
    }

    private static ParsedLeaf Link(string at) => ParsedLeaf.Of(Document.Make(new Link
    {
        At = LinkPoint.Parse(at),
        Endpoints = [IpEndpoint.Parse("127.0.0.1:1")],
        Floor = new Floor(Digest.Sha256(System.Text.Encoding.ASCII.GetBytes(at)), 0),
        Genesis = Digest.Sha256(System.Text.Encoding.ASCII.GetBytes(at)),
        Label = at.Split('.')[0],
        Made = 0,
        Opening = TestSegment.Bytes16(at),
    }));
}
