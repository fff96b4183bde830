using Fairlead.Anchor.Home.Introductions;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.State;
using Fairlead.TestKit;
using Google.Protobuf;

namespace Fairlead.Anchor.Tests.Home;

/// <summary>The introductions on disk.</summary>
public sealed class IntroductionFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-introductions-").FullName;
    private readonly TestSegment _transit = new(new TestSegmentOptions { Name = "acme.internal" });
    private readonly TestSegment _other = new(new TestSegmentOptions { Name = "corp.internal", FirstKey = 200 });

    private string FilePath => Path.Combine(_folder, "introductions");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>A file whose hops hold their epochs, as before the chains stood apart, is as good as a new one; where
    /// a chain stands apart it counts.</summary>
    [Fact]
    public void Load_OfAHopWithItsEpochs_KeepsThemUnlessAChainStandsApart()
    {
        var kept = new KeptIntroductions();
        kept.Introductions.Add(new KeptIntroduction
        {
            Target = "us1.acme.internal",
            Answer = WireWriter.ToMessage(new UnverifiedAnswer(
                default, [HopOf(_transit, _transit), HopOf(_other, _transit)], AnswerResult.Record, [])),
        });
        var chain = new KeptChain { Genesis = WireWriter.ToBytes(_other.Genesis) };
        chain.Epochs.AddRange(_other.Chain.Select(WireWriter.ToMessage));
        kept.Chains.Add(chain);
        new DurableFile(FilePath, 1024 * 1024).Save(kept.ToByteArray());

        var (target, answer) = Assert.Single(new IntroductionFile(FilePath).Load(out var problem));
        Assert.Null(problem);
        Assert.Equal("us1.acme.internal", target.Text);
        Assert.Equal(
            [_transit.Newest.Payload.ToArray(), _other.Newest.Payload.ToArray()],
            answer.Hops.Select(hop => Assert.Single(hop.Epochs).Payload.ToArray()));
    }

    /// <summary>What has no room is left out, and the rest is written: each neighbour has its share, and what was in
    /// the file before stays there (I24).</summary>
    [Fact]
    public void Save_OfMoreThanThereIsRoomFor_KeepsTheOtherNeighboursAndWhatWasThere()
    {
        const int Room = 100_000;
        var few = Ways("few", 5, _other);
        var many = Ways("many", 100, _transit);
        var file = new IntroductionFile(FilePath) { RoomBytes = Room };
        var left = file.Save([], [.. many, .. few]);
        var first = Kept();
        Assert.InRange(new FileInfo(FilePath).Length, Room / 2, Room + 100);
        Assert.Subset(first, few.Select(one => one.Key).ToHashSet());
        Assert.Equal(many.Concat(few).Select(one => one.Key).Except(first).Order(), left.Order());

        // Those that come later, here or after a restart, take no room from those that are there.
        Assert.NotEmpty(file.Save([], [.. Ways("later", 100, _transit), .. many, .. few]));
        Assert.Equal(first, Kept());
        file = new IntroductionFile(FilePath) { RoomBytes = Room };
        file.Load(out _);
        Assert.NotEmpty(file.Save([], [.. Ways("later", 100, _transit), .. many, .. few]));
        Assert.Equal(first, Kept());
    }

    /// <summary>A neighbour behind which a chain grows too long loses what that one introduces.</summary>
    [Fact]
    public void Save_WhereAChainGrewTooLong_LeavesOutWhatGoesOverItAlone()
    {
        var near = Ways("near", 10, _transit);
        KeyValuePair<SegmentName, UnverifiedAnswer>[] Far() => [.. Ways("far", 2, _transit, _other)];
        var file = new IntroductionFile(FilePath) { RoomBytes = 60_000 };
        Assert.Empty(file.Save([], [.. near, .. Far()]));
        for (var i = 0; i < 30; i++)
        {
            _other.Advance(OpType.Renew);
        }

        Assert.Equal(Far().Select(one => one.Key), file.Save([], [.. near, .. Far()]).Order());
        Assert.Equal(near.Select(one => one.Key).ToHashSet(), Kept());
    }

    private HashSet<SegmentName> Kept()
    {
        var kept = new IntroductionFile(FilePath).Load(out var problem);
        Assert.Null(problem);
        return [.. kept.Keys];
    }

    private static List<KeyValuePair<SegmentName, UnverifiedAnswer>> Ways(
        string name, int count, params TestSegment[] over) =>
    [
        .. Enumerable.Range(0, count).Select(i => KeyValuePair.Create(
            SegmentName.Parse($"{name}{i}.internal"),
            new UnverifiedAnswer(
                default,
                [
                    .. over.Select(transit => HopOf(transit, transit) with
                    {
                        Attests = [new Envelope(new byte[2_000], [])],
                    }),
                ],
                AnswerResult.Record, []))),
    ];

    private static UnverifiedHop HopOf(TestSegment segment, TestSegment epochs) =>
        new(segment.Genesis, HopKind.Up, [.. epochs.Chain], null, [], [], []);
}
