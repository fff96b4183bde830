using System.Collections.Concurrent;
using System.Net;
using Fairlead.Anchor.Home.Reports;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;

namespace Fairlead.Anchor.Tests.Home.Reports;

/// <summary>Evidence on its way to the other anchors of the segment, and to its neighbours.</summary>
public sealed class EvidenceCourierTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<Contradiction> _told = new();
    private readonly ConcurrentQueue<Contradiction> _heard = new();
    private readonly TlsIdentity _neighbour = new(TestKeys.Ecdsa(302), TimeProvider.System);
    private RpcServer _server = null!;
    private EvidenceWorld _world = null!;

    public async ValueTask InitializeAsync()
    {
        var service = ServerServiceDefinition.CreateBuilder()
            .AddMethod(AnchorMethods.Report, (request, _) =>
            {
                Assert.True(WireReader.TryRead(request.Evidence, out var evidence, out var bad), bad?.ToString());
                _heard.Enqueue(evidence);
                return Task.FromResult(new ReportResponse());
            })
            .Build();
        _server = await RpcServer.StartAsync(
            new RpcServerOptions
            {
                Endpoints = { RpcEndpoint.Tcp(new IPEndPoint(IPAddress.Loopback, 0), new RpcServerTls(_neighbour)) },
                Services = { service },
            },
            TestContext.Current.CancellationToken);
        var at = _server.Endpoints[0].Address!;
        _world = new EvidenceWorld(homeAt: [IpEndpoint.Of(at.Address, at.Port)]);
        _world.Serve();
    }

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        await _server.DisposeAsync();
        _neighbour.Dispose();
    }

    /// <summary>Neither who is slow to hear one piece nor who fails at it keeps the others from being told.</summary>
    [Fact]
    public async Task Piece_ThatIsNotHeard_HoldsUpNoOther()
    {
        await using var courier = Courier(async cancellationToken =>
        {
            if (_told.Count == 1)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            throw new InvalidOperationException("a failure of no known kind");
        });
        for (var anchor = 0; anchor < 4; anchor++)
        {
            Assert.Null(_world.Book.Take(EvidenceWorld.Votes(_world.Own, anchor)));
            await CountAsync(_told, anchor + 1);
        }
    }

    /// <summary>A segment that makes an epoch and its misuse ever again is not passed on ever again; the own anchors
    /// hear of all.</summary>
    [Fact]
    public async Task Neighbour_WhoIsNotTheAccused_HearsSoMuchOfOneSegmentInAMinute()
    {
        const int Most = Limits.Anchors + 1;
        await using var courier = Courier(static _ => Task.CompletedTask);
        for (var i = 0; i < Most + 3; i++)
        {
            if (i > 0 && i % 4 == 0)
            {
                _world.Own.Advance(OpType.Renew);
                _world.Serve();
            }

            Assert.Null(_world.Book.Take(EvidenceWorld.Votes(_world.Own, i % 4)));
            await CountAsync(_told, i + 1);
        }

        await CountAsync(_heard, Most);
        _world.Time.Advance(TimeSpan.FromMinutes(1));
        var last = EvidenceWorld.Certificates(_world.Own);
        Assert.Null(_world.Book.Take(last));
        await CountAsync(_heard, Most + 1);
        Assert.Contains(_heard, piece => piece.Kind == ContradictionKind.Certificates);
    }

    private EvidenceCourier Courier(Func<CancellationToken, Task> tellOwn) => new(
        _world.Context, _world.Verifier, _world.Book, async (piece, cancellationToken) =>
        {
            _told.Enqueue(piece);
            await tellOwn(cancellationToken);
        });

    private static async Task CountAsync(ConcurrentQueue<Contradiction> pieces, int count)
    {
        var have = await Eventually.HoldsAsync(
            () => Task.FromResult(pieces.Count), have => have >= count, TimeSpan.FromMinutes(2),
            TestContext.Current.CancellationToken);
        Assert.Equal(count, have);
    }
}
