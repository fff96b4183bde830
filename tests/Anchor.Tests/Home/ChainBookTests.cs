using System.Net;
using Fairlead.Anchor.Home;
using Fairlead.Anchor.Tests.Home.Reports;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;

namespace Fairlead.Anchor.Tests.Home;

/// <summary>What an anchor of another segment shows of its chain, and how much of it is kept.</summary>
public sealed class ChainBookTests
{
    /// <summary>Documents of segments that nobody asks for make room for others, those in use never do.</summary>
    [Fact]
    public async Task Documents_OfEverMoreSegments_AreBounded()
    {
        await using var world = new EvidenceWorld();
        var chain = world.Own.Chain.Take(1).ToList();
        var bytes = EpochLog.BytesOf(chain[0]);
        var chains = new ChainBook(world.Context, world.Verifier) { AllBytes = 10 * bytes, ChainBytes = 2 * bytes };
        var used = Learn("used");
        for (var i = 1; i < 10; i++)
        {
            Assert.NotNull(Learn($"n{i}"));
        }

        // The first sweep begins the time in which each must be used; after the second the others are gone.
        Assert.Null(Learn("more"));
        world.Time.Advance(ChainBook.Unused);
        Assert.Single(used!.All);
        Assert.NotNull(Learn("more"));
        Assert.Same(used, chains.LogOf(Digest.Sha256("used"u8)));
        Assert.Single(used.All);
        Assert.Null(chains.Find(Digest.Sha256("n1"u8)));

        Assert.Equal(
            VerificationFailure.BudgetExceeded,
            chains.Check(
                Digest.Sha256("used"u8), Digest.Sha256("used"u8), used, [chain[0], chain[0]])?.Failure);

        EpochLog? Learn(string name)
        {
            var segment = Digest.Sha256(System.Text.Encoding.ASCII.GetBytes(name));
            var log = chains.LogOf(segment);
            if (chains.Check(segment, segment, log, chain) is { } refusal)
            {
                Assert.Equal(VerificationFailure.RateLimited, refusal.Failure);
                return null;
            }

            log.Add(chain);
            return log;
        }
    }

    /// <summary>However many segments are asked for behind one neighbour, and are in use: others have room.</summary>
    [Fact]
    public async Task Documents_BehindOneNeighbour_LeaveRoomForOthers()
    {
        await using var world = new EvidenceWorld();
        var chain = world.Own.Chain.Take(1).ToList();
        var chains = new ChainBook(world.Context, world.Verifier) { AllBytes = 10 * EpochLog.BytesOf(chain[0]) };
        var count = 0;
        while (Learn($"c{count}", "loud") is null && count < 10)
        {
            count++;
        }

        Assert.Equal(5, count);
        Assert.Equal(VerificationFailure.RateLimited, Learn("c9", "loud")?.Failure);
        Assert.Null(Learn("quiet", "quiet"));
        Assert.Null(Learn("child", "quiet"));

        Refusal? Learn(string name, string behind)
        {
            var segment = Digest.Sha256(System.Text.Encoding.ASCII.GetBytes(name));
            var log = chains.LogOf(segment);
            var neighbour = Digest.Sha256(System.Text.Encoding.ASCII.GetBytes(behind));
            var refusal = chains.Check(segment, neighbour, log, chain);
            log.Add(refusal is null ? chain : []);
            return refusal;
        }
    }

    /// <summary>V14, V38: of two branches the one that is shown is longer than the one that is held, so that nothing of
    /// what is asked for is held; the two epochs of one number are seen all the same.</summary>
    [Fact]
    public async Task Branch_ThatIsLongerThanTheOneHeld_IsEvidence()
    {
        var token = TestContext.Current.CancellationToken;
        using var identity = new TlsIdentity(TestKeys.Ecdsa(302), TimeProvider.System);
        IReadOnlyList<EpochDocument> shown = [];
        await using var server = await StartAsync(identity, from => shown.Skip(from));
        var at = server.Endpoints[0].Address!;
        await using var world = new EvidenceWorld(homeAt: [IpEndpoint.Of(at.Address, at.Port)]);
        world.Serve();
        var chains = new ChainBook(world.Context, world.Verifier);
        var found = new List<Contradiction>();
        world.Verifier.Found += found.Add;
        world.Home.Advance(OpType.Renew);
        world.Fork.Advance(OpType.Renew, epoch => epoch with { Expires = epoch.Expires - 1 });
        world.Fork.Advance(OpType.Renew);

        shown = world.Home.Chain;
        Assert.Null(await MeetAsync());
        shown = world.Fork.Chain;
        Assert.Equal(VerificationFailure.PrevMismatch, (await MeetAsync())?.Failure);
        var piece = Assert.Single(found);
        Assert.Equal((ContradictionKind.EpochCertificates, world.Home.Genesis), (piece.Kind, piece.Segment));
        Assert.Null(world.Book.Take(piece));
        await Eventually.HoldsAsync(
            () => Task.FromResult(world.Verifier.Chain(world.Home.Genesis)!.IsQuarantined), isKnown => isKnown,
            TimeSpan.FromMinutes(2), token);

        Task<Refusal?> MeetAsync() => ChainBookTests.MeetAsync(chains, world, at, identity);
    }

    /// <summary>What an anchor began to show and another contradicts costs the honest one a second reading, and no
    /// more.</summary>
    [Fact]
    public async Task Beginning_ThatAnotherAnchorContradicts_IsGivenUp()
    {
        using var identity = new TlsIdentity(TestKeys.Ecdsa(302), TimeProvider.System);
        Func<int, IEnumerable<EpochDocument>> shown = static _ => [];
        var asked = new List<int>();
        await using var server = await StartAsync(identity, from =>
        {
            asked.Add(from);
            return shown(from);
        });
        var at = server.Endpoints[0].Address!;
        await using var world = new EvidenceWorld(homeAt: [IpEndpoint.Of(at.Address, at.Port)]);
        world.Serve();
        var chains = new ChainBook(world.Context, world.Verifier);
        world.Home.Advance(OpType.Renew);
        world.Home.Advance(OpType.Renew);
        world.Fork.Advance(OpType.Renew, epoch => epoch with { Expires = epoch.Expires - 1 });

        shown = from => from == 0 ? world.Fork.Chain : throw RpcFailures.ToException(
            new Refusal(VerificationFailure.NotSealed, "", "no more"));
        await Assert.ThrowsAsync<RpcException>(() => MeetAsync(chains, world, at, identity));
        Assert.Null(world.Verifier.Chain(world.Home.Genesis));
        shown = from => world.Home.Chain.Skip(from);
        Assert.Null(await MeetAsync(chains, world, at, identity));
        Assert.Equal([0, 2, 2, 0, 3], asked);
        Assert.Equal(2, world.Verifier.Chain(world.Home.Genesis)!.NewestNumber);
    }

    private static Task<RpcServer> StartAsync(TlsIdentity identity, Func<int, IEnumerable<EpochDocument>> shown) =>
        RpcServer.StartAsync(
            new RpcServerOptions
            {
                Endpoints = { RpcEndpoint.Tcp(new IPEndPoint(IPAddress.Loopback, 0), new RpcServerTls(identity)) },
                Services =
                {
                    ServerServiceDefinition.CreateBuilder()
                        .AddMethod(AnchorMethods.Epochs, (request, _) => Task.FromResult(new EpochsResponse
                        {
                            Epochs = { shown((int)request.From).Select(WireWriter.ToMessage) },
                        }))
                        .Build(),
                },
            },
            TestContext.Current.CancellationToken);

    private static async Task<Refusal?> MeetAsync(
        ChainBook chains, EvidenceWorld world, IPEndPoint at, TlsIdentity identity)
    {
        await using var client = new AnchorClient(IpEndpoint.Of(at.Address, at.Port), identity, TimeProvider.System);
        return await chains.MeetAsync(
            client, world.Home.Genesis, world.Home.Genesis, null, world.Context.Views.Current!,
            TestContext.Current.CancellationToken);
    }
}
