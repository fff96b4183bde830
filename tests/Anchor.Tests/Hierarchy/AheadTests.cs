using Fairlead.Anchor.Tests.Cluster;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Google.Protobuf;

namespace Fairlead.Anchor.Tests.Hierarchy;

/// <summary>A home tells what the first answer of a segment will stand on before the segment spoke, to those who ask
/// for it and hold nothing of it, and once.</summary>
public sealed class AheadTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Segment_OfWhichThePodHoldsNothing_IsToldAheadOnce()
    {
        await using var world = new HierarchyWorld();
        await world.StartAsync(world.Acme, world.Eu1, world.Us1);
        foreach (var name in new[] { "a", "b", "c", "d" })
        {
            await world.Client.SealAsync(world.Us1, 0, $"{name}.shop.svc", Token);
        }

        // The home knows the way from now on; what it is asked next it has to ask for.
        await world.ResolveAsync("a.shop.svc.us1.acme.internal", Token);
        await using var pod = world.Client.AsPod(world.Eu1, 0);
        using (var other = pod.Subscribe(Token))
        {
            await OpenAsync(other, 1, "b", isAhead: false);
            Assert.Equal(1ul, Assert.Single((await NextAsync(other)).Update.Ids));
        }

        using var call = pod.Subscribe(Token);
        await OpenAsync(call, 2, "c", isAhead: true);
        var ahead = (await NextAsync(call)).Ahead;
        Assert.Equal(
            [(Kind.Up, world.Acme.Segment.Genesis), (Kind.Down, world.Us1.Segment.Genesis)],
            ahead.Hops.Select(hop => (hop.Kind, Naming.Digest.FromBytes(hop.Genesis.Span))));
        Assert.Equal(
            [world.Acme.Segment.Epochs.Count, world.Us1.Segment.Epochs.Count],
            ahead.Hops.Select(hop => hop.Epochs.Count));
        Assert.Equal((true, false), (ahead.Hops[0].Seal is not null, ahead.Hops[1].Seal is not null));
        Assert.Equal(2ul, Assert.Single((await NextAsync(call)).Update.Ids));
        await OpenAsync(call, 3, "d", isAhead: true);
        Assert.Equal(3ul, Assert.Single((await NextAsync(call)).Update.Ids));

        Task OpenAsync(
            AsyncDuplexStreamingCall<SubscribeRequest, SubscribeResponse> stream, ulong id, string name,
            bool isAhead) => stream.RequestStream.WriteAsync(
            new SubscribeRequest
            {
                Open = new Open
                {
                    Id = id,
                    Ahead = isAhead,
                    Request = new ResolveRequest
                    {
                        Query = UnsafeByteOperations.UnsafeWrap(
                            ClusterClient.Ask(world.Eu1, $"{name}.shop.svc.us1.acme.internal").Payload),
                    },
                },
            },
            Token);

        static async Task<SubscribeResponse> NextAsync(
            AsyncDuplexStreamingCall<SubscribeRequest, SubscribeResponse> stream)
        {
            do
            {
                Assert.True(await stream.ResponseStream.MoveNext(Token));
            }
            while (stream.ResponseStream.Current.Failed is not null); // Slow, and told again.

            return stream.ResponseStream.Current;
        }
    }
}
