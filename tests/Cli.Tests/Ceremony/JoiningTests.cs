using System.Globalization;
using Fairlead.Cli.Ceremony;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol.Files;
using Xunit;

namespace Fairlead.Cli.Tests.Ceremony;

public sealed class JoiningTests
{
    private readonly SegmentFile _acme = Ceremonies.Found("acme.internal");
    private readonly SegmentFile _eu1 = Ceremonies.Found("eu1.acme.internal", 400);

    [Fact]
    public void Accept_AParent_IsAnEpochWithTheUplinkAndItsFloor()
    {
        var child = Joining.Accept(
            _eu1, Ceremonies.PeerOf(_acme), Ceremonies.Gov(400), Ceremonies.Seal(400), Ceremonies.Now + 1000);

        var epoch = SegmentChain.Verify(child, Ceremonies.Now + 1000).Newest.Value;
        Assert.Equal((1, OpType.Join), (epoch.Number, epoch.Op.Type));
        var uplink = Assert.Single(epoch.Uplinks);
        Assert.Equal(("eu1", _acme.Genesis), (uplink.Label, uplink.Parent));
        Assert.Equal(new Floor(_acme.Genesis, 0), uplink.Floor);
    }

    /// <summary>4.4: at most 64 Links to an epoch; every epoch of the chain holds its certificate and its
    /// handover.</summary>
    [Fact]
    public void Link_AThousandChildren_TakesSixteenEpochs()
    {
        var children = Enumerable.Range(0, 1000).Select(Child).ToList();

        var parent = Joining.Link(
            _acme, children, Ceremonies.Gov(), Ceremonies.Seal(), Ceremonies.Now + 1000, Ceremonies.Draw());

        var (newest, leaves) = SegmentChain.Verify(parent, Ceremonies.Now + 1000);
        Assert.Equal((16, OpType.Join), (newest.Value.Number, newest.Value.Op.Type));
        Assert.Equal(1000, leaves[^1].Leaves.Count(leaf => leaf.Key.Class == LeafClass.Link));
        Assert.All(parent.Leaves.Skip(1), epoch => Assert.InRange(epoch.Length, 1, Limits.LinksPerEpoch));
        Assert.Equal(16, parent.Handovers.Length);
        Assert.True(EpochChain.Extend(null, parent.Genesis, null, parent.Epochs, Ceremonies.Now + 1000).IsAccepted);
    }

    [Fact]
    public void Link_ALabelThatAnotherHolds_IsRefused()
    {
        var parent = Joining.Link(
            _acme, [Child(1)], Ceremonies.Gov(), Ceremonies.Seal(), Ceremonies.Now + 1000, Ceremonies.Draw());
        var thief = Child(2) with { Name = Child(1).Name };

        var refused = Assert.Throws<CeremonyException>(() => Joining.Link(
            parent, [thief], Ceremonies.Gov(), Ceremonies.Seal(), Ceremonies.Now + 1000, Ceremonies.Draw()));

        Assert.StartsWith("LinkRepointed", refused.Message, StringComparison.Ordinal);
    }

    private static PeerFile Child(int i)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"c{i}");
        var genesis = Digest.Sha256(System.Text.Encoding.ASCII.GetBytes(text));
        return new PeerFile(
            SegmentName.Parse($"{text}.acme.internal"), genesis, new Floor(genesis, 0),
            [IpEndpoint.Parse("127.0.0.1:1")]);
    }
}
