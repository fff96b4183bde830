using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Delta;

/// <summary>An Envoy that loses its on-demand clusters closes a stream for each of their endpoints: that is one loss,
/// however the streams close.</summary>
public sealed class LostClusterTests
{
    private const int Count = 2_000;

    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly string[] Names = [.. Enumerable.Range(0, Count).Select(i => $"c{i:d4}")];

    private readonly DeltaClient _client = new(
        Snapshot([.. Names.Select(name => Cluster(name))]),
        XdsLimits.Default with { ResponseBytes = 8 << 20 },
        Cds);

    public LostClusterTests()
    {
        _client.Subscribe(Cds, Names);
        Assert.Single(_client.Take());
        _client.Ack(Cds);
        _client.Now += TimeSpan.FromSeconds(1);
    }

    [Fact]
    public void Streams_ThatCloseOneByOne_HaveAllSentAgainOnce()
    {
        var responses = 0;
        for (var i = 0; i < Count; i++)
        {
            Assert.Equal(i == 0, _client.Stream.Recall([Names[i]]));
            if (i % 100 == 0)
            {
                responses += Settle();
            }
        }

        Assert.Equal(1, responses);

        // It has them again, and loses them again.
        _client.Stream.Found(Names);
        Assert.True(_client.Stream.Recall([Names[7]]));
        Assert.Equal(1, Settle());
    }

    /// <summary>One that closes late, though its name is asked for again elsewhere, is none of the next loss.</summary>
    [Fact]
    public void Stream_ThatClosesLate_LosesNothing_BeforeItsNameIsAskedForAgain()
    {
        Assert.True(_client.Stream.Recall([Names[0]]));
        Assert.Equal(1, Settle());
        _client.Stream.Found([Names[1]]);
        Assert.False(_client.Stream.Recall([Names[2]]));
        Assert.True(_client.Stream.Recall([Names[1]]));
    }

    /// <summary>Clusters that hold what they have themselves have no stream that could close: one that is lost with
    /// them has.</summary>
    [Fact]
    public void Clusters_WithoutAStream_AreSentAgain_ByTheirWitness()
    {
        const string prefix = "xdstp://a/envoy.config.cluster.v3.Cluster/";
        var client = new DeltaClient(
            Snapshot(Cluster(prefix + "sentinel", "sentinel"), Resource.Sentinel(prefix + "none")), only: Cds);
        client.Subscribe(Cds, prefix + "*");
        client.Subscribe(Cds, prefix + "none");
        Assert.Equal([$"cds {prefix}none {prefix}sentinel"], client.Take());
        client.Ack(Cds);
        client.Now += TimeSpan.FromSeconds(1);
        Assert.True(client.Stream.Recall(["sentinel"]));
        Assert.Equal([$"cds {prefix}none {prefix}sentinel"], client.Take());
    }

    [Fact]
    public void Endpoints_OfNoCluster_LoseNothing() => Assert.False(_client.Stream.Recall(["of another"]));

    private int Settle()
    {
        _client.Now += TimeSpan.FromSeconds(1);
        var taken = _client.Take();
        if (taken.Length > 0)
        {
            Assert.Equal(Count + 1, Assert.Single(taken).Split(' ').Length);
            _client.Ack(Cds);
        }

        return taken.Length;
    }
}
