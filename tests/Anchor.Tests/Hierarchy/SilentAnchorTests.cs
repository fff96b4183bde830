using System.Buffers.Binary;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Tests.Cluster;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol.V1;

namespace Fairlead.Anchor.Tests.Hierarchy;

/// <summary>Anchors of another segment that take every question and answer none: whoever asks hears the
/// others.</summary>
public sealed class SilentAnchorTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>At the target and at a transit that only a relay reaches, the two that come first.</summary>
    [Fact]
    public async Task Anchors_AskedFirstThatAreSilent_FailNoQuestion()
    {
        await using var world = new HierarchyWorld(corps: 4);
        var (home, acme) = (KeyOf(world.Eu1), KeyOf(world.Acme));
        world.HeardByCorp.Unreachable = [home];
        world.DeafUs1s[0] = world.DeafUs1s[1] = [home];
        foreach (var first in OrderOf(world.Corp, world.Acme).Take(2))
        {
            world.DeafCorps[first] = [acme];
        }

        await world.StartAsync(world.Acme, world.Eu1, world.Us1, world.Corp, world.Db);
        await world.Client.SealAsync(world.Us1, 2, "checkout.shop.svc", Token);
        await world.Client.SealAsync(world.Db, 0, "orders.shop.svc", Token);

        var near = await world.AskAsync(world.Memory(), "checkout.shop.svc.us1.acme.internal", Token);
        Assert.Equal(Outcome.Record, near.Outcome);
        var far = await world.AskAsync(world.Memory(), "orders.shop.svc.db.corp.internal", Token);
        Assert.Equal(
            "Home eu1.acme.internal, Up acme.internal, Peer corp.internal, Down db.corp.internal",
            HierarchyWorld.PathOf(far));

        // The first question that acme relayed was answered: it was asked no other one.
        Assert.Single(world.Heard.Messages.OfType<IntroduceRequest>(), ask => ask.HopsLeft > 0);
    }

    private static byte[] KeyOf(AnchorCluster cluster) => cluster.Segment.Tls(0).Key.Point.ToArray();

    // In which order one anchor relays to those of a segment.
    private static IEnumerable<int> OrderOf(AnchorCluster asked, AnchorCluster asking)
    {
        var turn = BinaryPrimitives.ReadUInt32BigEndian(asking.Segment.Tls(0).Key.Kid.ToArray());
        var anchors = asked.Segment.Newest.Value.Anchors;
        return new RelayPlaces(turn, TimeProvider.System)
            .Of(asked.Segment.Genesis, [.. anchors.Select(anchor => anchor.Endpoints[0])])
            .Select(place => anchors.ToList().FindIndex(anchor => anchor.Endpoints[0] == place));
    }
}
