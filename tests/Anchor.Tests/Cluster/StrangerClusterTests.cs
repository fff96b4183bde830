using Fairlead.Anchor.Hosting;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>Whom a real anchor counts as a stranger, and what becomes of one who wants too much.</summary>
public sealed class StrangerClusterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Callers_WhoAreKnown_AreNoStrangers()
    {
        await using var home = new AnchorCluster("eu1.internal", 100, ClusterClient.Subjects);
        await using var target = new AnchorCluster("us1.internal", 200, anchors: 1);
        home.Segment.PeerWith(target.Segment);
        target.Segment.PeerWith(home.Segment);
        await Task.WhenAll(home.StartAllAsync(), target.StartAllAsync());

        // The other anchors of the segment, by gossip.
        foreach (var host in home.Running)
        {
            await HoldsAsync(host, 0);
        }

        using var unknown = new TlsIdentity(TestKeys.Ecdsa(950), TimeProvider.System);
        await using var stranger = ClusterClient.Client(home, 0, unknown);
        await HeadAsync(stranger, home);
        using var open = stranger.Subscribe(Token); // Without a call it would be closed some time.
        await HoldsAsync(home[0], 1);

        // A pod by its key, and a publisher, each by a call that says nothing else of who it is.
        await using var client = new ClusterClient();
        await using var pod = client.AsPod(home, 0);
        await HeadAsync(pod, home);
        using var credential = new TlsIdentity(TestKeys.Ecdsa(290), TimeProvider.System);
        await using var publisher = ClusterClient.Client(target, 0, credential);
        await publisher.StateAsync(
            new StateRequest { Genesis = WireWriter.ToBytes(target.Segment.Genesis), Limit = 1 }, Token);
        await HoldsAsync(home[0], 1);

        // The anchors of another segment, by the question of their pod.
        var verdict = await client.ResolveAsync(home, 0, "nobody.shop.svc.us1.internal", Token);
        Assert.Equal(Outcome.Absent, Assert.IsType<Verdict.Accepted>(verdict).Answer.Outcome);
        Assert.True(target[0].Status("a").Streams > 0);
        await HoldsAsync(target[0], 0);
        await HoldsAsync(home[0], 1);
    }

    [Fact]
    [MaliciousInput(145, "calls at once of a stranger beyond the most: TooManyCalls")]
    public async Task Stranger_WithTooManyCalls_IsRefusedByNameAndCounted()
    {
        await using var home = new AnchorCluster("eu1.internal", 100, ClusterClient.Subjects, anchors: 1);
        await home.StartAllAsync();
        using var unknown = new TlsIdentity(TestKeys.Ecdsa(950), TimeProvider.System);
        await using var stranger = ClusterClient.Client(home, 0, unknown);
        await HeadAsync(stranger, home);
        var streams = Enumerable.Range(0, 101).Select(_ => stranger.Subscribe(Token)).ToList();
        var refused = await Task.WhenAny(streams.Select(one => one.ResponseStream.MoveNext(Token)))
            .WaitAsync(Patience, Token);
        var failure = await Assert.ThrowsAsync<RpcException>(() => refused);
        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
        Assert.StartsWith("TooManyCalls", failure.Status.Detail, StringComparison.Ordinal);

        // Nobody else is.
        await using var client = new ClusterClient();
        await using var pod = client.AsPod(home, 0);
        await HeadAsync(pod, home);
        using var http = new HttpClient();

        // A handshake that is being ended counts for a moment more.
        var metrics = await Eventually.HoldsAsync(
            () => http.GetStringAsync($"http://{home[0].Metrics}/metrics", Token),
            page => page.Contains("\nfairlead_anchor_strangers 1\n", StringComparison.Ordinal), Patience, Token);
        Assert.Contains(
            "\nfairlead_anchor_strangers_refused_total{reason=\"TooManyCalls\"} 1\n", metrics,
            StringComparison.Ordinal);
        streams.ForEach(one => one.Dispose());
    }

    private static Task HeadAsync(AnchorClient client, AnchorCluster cluster) => client.HeadAsync(
        new HeadRequest
        {
            Genesis = WireWriter.ToBytes(cluster.Segment.Genesis),
            Nonce = Google.Protobuf.ByteString.CopyFrom(new byte[16]),
        },
        Token);

    private static Task HoldsAsync(AnchorHost host, int strangers) => Eventually.HoldsAsync(
        () => Task.FromResult(host.Status("a").Strangers.Connections), held => held == strangers, Patience, Token);
}
