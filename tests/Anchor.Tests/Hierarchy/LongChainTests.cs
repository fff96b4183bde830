using Fairlead.Anchor.Tests.Cluster;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver;
using Fairlead.Resolver.Home;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;

namespace Fairlead.Anchor.Tests.Hierarchy;

/// <summary>Every segment of both trees has more than a hundred epochs, three times what one answer may bring (V36):
/// they are fetched and shown page by page, between real anchors over real sockets.</summary>
public sealed class LongChainTests : IAsyncLifetime
{
    private const int Renewed = 100;
    private const string Sibling = "checkout.shop.svc.us1.acme.internal";
    private const string Foreign = "orders.shop.svc.db.corp.internal";

    private readonly CancellationTokenSource _bounded =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    private CancellationToken Token => _bounded.Token;

    public ValueTask InitializeAsync()
    {
        _bounded.CancelAfter(TimeSpan.FromMinutes(4));
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _bounded.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>A pod that knows the home's genesis alone, by one question and by a stream; a home anchor that starts
    /// anew while the parent is dead; and the next question, which pages nothing.</summary>
    [Fact]
    public async Task Chains_OfAHundredEpochs_ArePagedByWhoeverMeetsThem()
    {
        await using var world = new HierarchyWorld(renewed: Renewed);
        await world.StartAsync(world.Acme, world.Eu1, world.Us1, world.Corp, world.Db);
        await world.Client.SealAsync(world.Us1, 0, "checkout.shop.svc", Token);
        await world.Client.SealAsync(world.Db, 0, "orders.shop.svc", Token);

        var memory = world.Memory();
        var sibling = await world.AskAsync(memory, Sibling, Token);
        Assert.Equal("Home eu1.acme.internal, Up acme.internal, Down us1.acme.internal", PathOf(sibling));
        var foreign = await world.AskAsync(memory, Foreign, Token);
        Assert.Equal(
            "Home eu1.acme.internal, Up acme.internal, Peer corp.internal, Down db.corp.internal", PathOf(foreign));
        Assert.All(memory.State.Segments.Values, segment =>
        {
            Assert.True(segment.NewestNumber >= Renewed);
            Assert.Equal(SegmentState.MaxDocuments, segment.Epochs.Length);
        });

        await ResolveOverAStreamAsync(world, Sibling, Foreign);

        await world.Acme.StopAsync(0);
        await world.Eu1.StopAsync(0);
        await world.Eu1.StartAsync(0);
        Assert.Equal(Outcome.Record, (await world.AskAsync(world.Memory(), Sibling, Token)).Outcome);
        Assert.Equal(Outcome.Record, (await world.AskAsync(memory, Foreign, Token)).Outcome);
    }

    private static string PathOf(VerifiedAnswer answer) => HierarchyWorld.PathOf(answer);

    private static HomePin Home(HierarchyWorld world) => new(world.Eu1.Segment.Genesis, world.Eu1.Segment.Name);

    private async Task ResolveOverAStreamAsync(HierarchyWorld world, params string[] names)
    {
        using var identity = new TlsIdentity(TestKeys.Ecdsa(900), TimeProvider.System);
        await using var resolver = new HomeResolver(
            new HomeResolverOptions
            {
                Home = Home(world),
                Anchors = world.Eu1.Segment.Newest.Value.Anchors[0].Endpoints,
                Identity = identity,
                Random = new Random(1),
                Verifier = new VerifierOptions { UnsafeAllowLoopbackEndpoints = true, Subject = ClusterClient.Pod },
            },
            ClusterClient.Pod,
            new NameObserver(
                static _ => { }, static _ => { },
                trouble => TestContext.Current.TestOutputHelper?.WriteLine(trouble.ToString())));
        resolver.Start();
        foreach (var name in names)
        {
            resolver.Want(name);
        }

        await Eventually.HoldsAsync(
            () => Task.FromResult(resolver.Names),
            held => names.All(name => held.Any(one => one.Name == name && one.State == NameState.Fresh)),
            TimeSpan.FromMinutes(2), Token);
    }
}
