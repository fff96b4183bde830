using Fairlead.Anchor.Home.Introductions;
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

    private static UnverifiedHop HopOf(TestSegment segment, TestSegment epochs) =>
        new(segment.Genesis, HopKind.Up, [.. epochs.Chain], null, [], [], []);
}
