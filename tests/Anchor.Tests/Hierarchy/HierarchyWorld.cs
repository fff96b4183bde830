using Fairlead.Anchor.Tests.Cluster;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Resolver.Home;
using Fairlead.Rpc;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Hierarchy;

/// <summary>
/// acme.internal above eu1 (the home) and us1, and a second tree beside it: corp.internal, a peer of acme, above db,
/// and below that shard. us1 has four anchors, the others one each, unless the test wants more of eu1.
/// </summary>
internal sealed class HierarchyWorld : IAsyncDisposable
{
    private static readonly string[] Reachable = ["*.acme.internal", "*.corp.internal", "corp.internal"];

    /// <param name="isTransitAllowed">Whether acme lets its children reach one another.</param>
    /// <param name="attestTransit">How long acme's Attests hold before they are to be renewed, in ms.</param>
    /// <param name="renewed">How often each segment was renewed before it starts: one epoch each.</param>
    /// <param name="homes">How many anchors eu1 has.</param>
    /// <param name="corps">How many anchors corp has.</param>
    /// <param name="children">How many children acme has before those that are here.</param>
    /// <param name="transit">What acme bounds those to whom it leads through.</param>
    internal HierarchyWorld(
        bool isTransitAllowed = true, long attestTransit = 3_600_000, int renewed = 0, int homes = 1, int corps = 1,
        int children = 0, Constraints? transit = null)
    {
        Acme = new AnchorCluster(
            "acme.internal", 600, anchors: 1, older: renewed,
            genesis: epoch => epoch with { Policy = epoch.Policy with { AttestTransit = attestTransit } },
            leaves: isTransitAllowed ? [TestLeaves.Rule("transit", RuleEffect.Allow, Reachable, null, transit)] : [])
        {
            Decorate = service => service.Intercept(Heard),
        };
        Eu1 = Child(Acme, "eu1", 100, homes, renewed);
        Us1 = Child(Acme, "us1", 200, 4, renewed, deaf: DeafUs1s);
        Corp = new AnchorCluster(
            "corp.internal", 700, anchors: corps, older: renewed,
            leaves: [TestLeaves.Rule("transit", RuleEffect.Allow, ["*.corp.internal"])])
        {
            DecorateOne = (i, service) => service.Intercept(Deaf(DeafCorps, i)).Intercept(HeardByCorp),
        };
        Db = Child(
            Corp, "db", 800, 1, renewed, HeardByDb,
            leaves: TestLeaves.Rule("transit", RuleEffect.Allow, ["*.corp.internal"]));
        Shard = Child(Db, "shard", 850, 1, renewed);
        Us1.Segment.IsNamedByAll = Corp.Segment.IsNamedByAll = corps > 1;
        Acme.Segment.LinkToNobody(Enumerable.Range(0, children).Select(i => $"c{i:D4}"));
        Acme.Segment.LinkTo(Eu1.Segment, Us1.Segment);
        Corp.Segment.LinkTo(Db.Segment);
        Db.Segment.LinkTo(Shard.Segment);
        Acme.Segment.PeerWith(Corp.Segment);
        Corp.Segment.PeerWith(Acme.Segment);
        foreach (var cluster in new[] { Acme, Eu1, Us1, Corp, Db, Shard })
        {
            for (var i = 0; i < renewed; i++)
            {
                cluster.Segment.Advance(OpType.Renew);
            }
        }
    }

    internal AnchorCluster Acme { get; }

    internal AnchorCluster Eu1 { get; }

    internal AnchorCluster Us1 { get; }

    internal AnchorCluster Corp { get; }

    internal AnchorCluster Db { get; }

    internal AnchorCluster Shard { get; }

    internal ClusterClient Client { get; } = new();

    /// <summary>What acme was asked.</summary>
    internal Overheard Heard { get; } = new();

    /// <summary>Which anchors of us1 hear whom not, by their index.</summary>
    internal Dictionary<int, IReadOnlyCollection<byte[]>> DeafUs1s { get; } = [];

    /// <summary>Which anchors of corp hear whom not, by their index.</summary>
    internal Dictionary<int, IReadOnlyCollection<byte[]>> DeafCorps { get; } = [];

    /// <summary>What corp was asked.</summary>
    internal Overheard HeardByCorp { get; } = new();

    /// <summary>What db was asked.</summary>
    internal Overheard HeardByDb { get; } = new();

    internal Task StartAsync(params IEnumerable<AnchorCluster> clusters) =>
        Task.WhenAll(clusters.Select(cluster => cluster.StartAllAsync()));

    /// <summary>Asks eu1 until there is a verdict, and shows it where it is not the one expected.</summary>
    internal async Task<VerifiedAnswer> ResolveAsync(string name, CancellationToken cancellationToken)
    {
        var verdict = await Client.ResolveAsync(Eu1, 0, name, cancellationToken);
        Assert.True(verdict is Verdict.Accepted, (verdict as Verdict.Refused)?.Refusal.ToString());
        return ((Verdict.Accepted)verdict).Answer;
    }

    /// <summary>What a pod of eu1 remembers that knows the home's genesis alone.</summary>
    internal VerifierMemory Memory() => new(
        new HomePin(Eu1.Segment.Genesis, Eu1.Segment.Name), [], TestKeys.Signer(900).Key,
        new VerifierOptions { UnsafeAllowLoopbackEndpoints = true, Subject = ClusterClient.Pod }, null);

    /// <summary>Asks eu1 as a pod that remembers what it learned before, until there is a verdict.</summary>
    internal async Task<VerifiedAnswer> AskAsync(
        VerifierMemory memory, string name, CancellationToken cancellationToken, int anchor = 0)
    {
        var query = ClusterClient.Ask(Eu1, name);
        await using var client = Client.AsPod(Eu1, anchor);
        while (true)
        {
            try
            {
                Assert.Null(await HomeMeeting.MeetAsync(client, memory, TimeProvider.System, cancellationToken));
                var raw = await ClusterClient.ResolveOnceAsync(
                    client, query, cancellationToken, memory.State.Segments.Values.Select(WireWriter.ToKnown));
                Assert.True(raw.Hops.Sum(hop => hop.Epochs.Length) <= Limits.NewEpochs);
                var (chains, gap) = await memory.CatchUpAsync(client, raw, TimeProvider.System, cancellationToken);
                Assert.Null(gap);
                var (answer, refusal) = memory.Verify(query, raw, ClusterClient.Now, chains);
                Assert.True(answer is not null, refusal?.ToString());
                return answer;
            }
            catch (RpcException e) when (RpcFailures.Read(e) is { } refusal && RpcFailures.IsRetriable(refusal.Failure))
            {
                TestContext.Current.TestOutputHelper?.WriteLine(refusal.ToString());
            }
        }
    }

    /// <summary>A path as text: kinds and names.</summary>
    internal static string PathOf(VerifiedAnswer answer) =>
        string.Join(", ", answer.Hops.Select(hop => $"{hop.Kind} {hop.Name}"));

    public async ValueTask DisposeAsync()
    {
        foreach (var cluster in new[] { Eu1, Us1, Acme, Corp, Db, Shard })
        {
            await cluster.DisposeAsync();
        }

        await Client.DisposeAsync();
    }

    private static Overheard Deaf(Dictionary<int, IReadOnlyCollection<byte[]>> deaf, int anchor) =>
        new() { Unheard = deaf.GetValueOrDefault(anchor) };

    private static AnchorCluster Child(
        AnchorCluster parent, string label, int firstKey, int anchors, int older, Overheard? heard = null,
        Dictionary<int, IReadOnlyCollection<byte[]>>? deaf = null, params ParsedLeaf[] leaves) => new(
        $"{label}.{parent.Segment.Name}", firstKey, ClusterClient.Subjects, anchors: anchors,
        older: older, genesis: epoch => epoch with { Uplinks = [parent.Segment.UplinkAs(label)] }, leaves: leaves)
    {
        Decorate = heard is null ? null : service => service.Intercept(heard),
        DecorateOne = deaf is null ? null : (i, service) => service.Intercept(Deaf(deaf, i)),
    };
}
