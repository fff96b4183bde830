using Fairlead.Controller.Anchors;
using Fairlead.Controller.Documents;
using Fairlead.Controller.Publishing;
using Fairlead.Naming;
using Fairlead.TestKit;

namespace Fairlead.Controller.Tests;

/// <summary>What of an anchor's State this publisher takes for its own words.</summary>
public sealed class KnownLeavesTests
{
    private const long Now = 1_800_000_000_000;
    private static readonly EcdsaSigner Own = TestKeys.Signer(7);
    private static readonly EcdsaSigner Other = TestKeys.Signer(8);

    [Fact]
    public void Join_WithSources_KeepsTheSlices_SoThatItCanBeSignedAgain()
    {
        var content = Record("10.0.0.1");
        var known = Assert.Single(Join(Leaf(content, Own)));
        Assert.False(known.IsClaimed);
        Assert.Equal(content.Slices[0].ToArray(), ((RecordContent)known.Content!).Slices[0].ToArray());
        var again = Maker(Own).Sign(new(known.Content, known, Now));
        Assert.Single(again.Slices);
    }

    [Fact]
    public void Join_WithSources_TakesAWithdrawalOfItsOwn()
    {
        var entry = Maker(Own).Sign(new(null, Of(null), Now));
        var leaf = new StateLeaf(LeafClass.Withdrawn, default) { Source = entry.Document };
        Assert.Equal(("a.shop.svc", 5, null), Assert.Single(Join(leaf)) is var known
            ? (known.Name, known.Version, known.Content)
            : default);
    }

    /// <summary>Each says of itself that it is the publisher's newest.</summary>
    [Fact]
    public void Join_WithSources_LeavesOutWhatThisPublisherDidNotSay()
    {
        var good = Leaf(Record("10.0.0.1"), Own);
        Assert.Empty(Join(Leaf(Record("10.0.0.1"), Other)));
        Assert.Empty(Join(good with { Source = null }));
        Assert.Empty(Join(good with { Slices = [] }));
        Assert.Empty(Join(good with { Slices = [.. good.Slices, .. good.Slices] }));
        Assert.Empty(Join(good with { Slices = Leaf(Record("10.0.0.2"), Own).Slices }));
        Assert.Empty(Join(good with { Class = LeafClass.Set }));
        var source = good.Source!;
        Assert.Empty(Join(good with { Source = source with { Signatures = [] } }));
        var other = Leaf(Record("10.0.0.2"), Own).Source!.Signatures;
        Assert.Empty(Join(good with { Source = source with { Signatures = other } }));
        Assert.Single(Join(good));
    }

    /// <summary>Of those that say different things one may have invented what it says: that a record is there, or was
    /// renewed.</summary>
    [Theory]
    [InlineData(Now - 60_000, 1)]
    [InlineData(null, 1)]
    [InlineData(Now, 0)]
    public void Join_OfClaimsThatDiffer_LeavesWhatIsDesiredToBeSigned(long? other, int signed)
    {
        var content = Record("10.0.0.1");
        var maker = new FakeMaker();
        var engine = new PublisherEngine(
            new() { Anchors = 4, RecordLife = TimeSpan.FromSeconds(90) }, maker, new Random(1));
        Assert.Empty(engine.Require(2, Limits.RecordLifeMax, Now));
        var known = KnownLeaves.Join(
            [[Claim(content, Now), Claim(content, Now)], other is { } version ? [Claim(content, version)] : []],
            Own.Key,
            withSources: false);
        Assert.Empty(engine.Load(known, Now));
        engine.Desire(
            new(new Dictionary<string, Content> { [content.Name] = content }, new HashSet<string>(), true), Now);
        Assert.Equal(signed, maker.Signed.Count);
        Assert.All(maker.Signed, plan => Assert.Equal(Now + 1, plan.Version));
    }

    private static StateLeaf Claim(RecordContent content, long version)
    {
        var plan = new Plan(content, Of(content) with { Version = version, Expires = version + 90_000 }, version);
        return new(LeafClass.Record, Maker(Own).Sign(plan).Document.Payload);
    }

    private static IReadOnlyList<KnownLeaf> Join(StateLeaf leaf) =>
        KnownLeaves.Join([[leaf]], Own.Key, withSources: true);

    private static DocumentMaker Maker(EcdsaSigner signer) => new(signer, static bytes => bytes.Fill(7));

    private static KnownLeaf Of(Content? content) =>
        new("a.shop.svc", FakeMaker.Uid(1), 5, Now + 60_000, content);

    private static StateLeaf Leaf(RecordContent content, EcdsaSigner signer)
    {
        var entry = Maker(signer).Sign(new(content, Of(content), Now));
        return new(LeafClass.Record, entry.Document.Payload) { Source = entry.Document, Slices = entry.Slices };
    }

    internal static RecordContent Record(string? address, Digest? publisher = null) => RecordContents.Of(
        new(
            "a.shop.svc",
            IsHeadless: false,
            [new("http", 80, Kubernetes.Reconciling.PortProtocol.Http)],
            address is null ? [] : [new([8080], [new(address, null, null, default, null)], null)],
            TimeSpan.FromSeconds(60),
            Continuity: null,
            [],
            HasClientIpAffinity: false),
        publisher ?? Own.Key.Kid);
}
