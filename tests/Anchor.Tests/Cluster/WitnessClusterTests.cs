using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Rpc;
using Fairlead.TestKit.Processes;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>
/// V42 over real sockets: F + 1 of us1's four anchors hold one of eu1's two anchors to an old seal. The other one sees
/// later ones, eu1 witnesses them, and from then on the old word is refused by name, by the anchor and by every pod.
/// </summary>
public sealed class WitnessClusterTests : IAsyncLifetime
{
    private const string Service = "checkout.shop.svc";
    private const long Heartbeat = 300;

    private readonly ClusterClient _client = new();
    private readonly Moves _moves = new();
    private readonly FrozenWord _frozen = new();
    private readonly AnchorCluster _home;
    private readonly AnchorCluster _target;
    private readonly CancellationTokenSource _bounded =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    public WitnessClusterTests()
    {
        _home = new AnchorCluster("eu1.internal", 100, ClusterClient.Subjects, anchors: 2, genesis: Patient)
        {
            Loggers = _moves,
        };
        _target = new AnchorCluster("us1.internal", 200, genesis: Patient)
        {
            DecorateOne = (i, service) => service.Intercept(_frozen.At(i)),
        };
        _home.Segment.PeerWith(_target.Segment);
        _target.Segment.PeerWith(_home.Segment);
    }

    private CancellationToken Token => _bounded.Token;

    public async ValueTask InitializeAsync()
    {
        _bounded.CancelAfter(TimeSpan.FromMinutes(4));
        await Task.WhenAll(_home.StartAllAsync(), _target.StartAllAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await _home.DisposeAsync();
        await _target.DisposeAsync();
        await _client.DisposeAsync();
        _bounded.Dispose();
    }

    [Fact]
    public async Task OldWord_OfAsManyAnchorsAsMayLieAndOneMore_IsBehindTheWitness()
    {
        // What a leader saw is witnessed, and both have to agree to it: the one that is held back, and so does not lead,
        // knows us1 first. Who cannot check a witness makes it wait for a minute.
        var leader = _home[0].Status("").Sealing.Leader == "eu1-a" ? 0 : 1;
        var heldBack = 1 - leader;
        _frozen.Caller = _home.Segment.Tls(heldBack).Key.Point.ToArray();
        await _client.SealAsync(_target, 0, Service, Token);
        var old = await AskAsync(heldBack);

        // Also who was asked beside a slow one said no more until now.
        _frozen.IsGivenBy = static anchor => anchor < 2;
        var told = _frozen.Told;
        var first = SealOf(old);
        await Eventually.HoldsAsync(
            async () =>
            {
                await AskAsync(leader);
                return Witnessed();
            },
            witness => witness is not null && witness.Seq > first.Seq
                && witness.SeenAt > first.Issued + (2 * Heartbeat),
            TimeSpan.FromMinutes(2), Token);

        // The anchor that was held back hears of it by its own segment, and asks until somebody tells it more.
        var now = await Eventually.HoldsAsync(
            () => AskAsync(heldBack), answer => SealOf(answer).Seq > first.Seq, TimeSpan.FromMinutes(2), Token);
        Assert.InRange(_frozen.Told, told + 1, int.MaxValue);
        Assert.Contains(VerificationFailure.BehindWitness, _moves.Failures);

        // A pod that knows nothing of us1 would take the old word from a home anchor that lies; not beside the witness.
        Assert.Contains(now.Hops[0].Proofs, proof => (LeafClass)proof.Class == LeafClass.Witness);
        var query = ClusterClient.Ask(_home, $"{Service}.us1.internal");
        var stale = now with { Hops = [now.Hops[0], old.Hops[1]], Slices = old.Slices };
        var refused = Assert.IsType<Verdict.Refused>(ClusterClient.Verify(_home, query, stale), exactMatch: false);
        Assert.Equal(VerificationFailure.BehindWitness, refused.Refusal.Failure);
        Assert.IsType<Verdict.Accepted>(ClusterClient.Verify(_home, query, old), exactMatch: false);
        Assert.IsType<Verdict.Accepted>(ClusterClient.Verify(_home, query, now), exactMatch: false);
    }

    // Seals that live long beside heartbeats that come often: the old one is still valid when it is long overtaken.
    private static Epoch Patient(Epoch epoch) => epoch with
    {
        Policy = epoch.Policy with { Heartbeat = Heartbeat, SealValidity = 120_000 },
    };

    private static Seal SealOf(UnverifiedAnswer answer)
    {
        Assert.True(Document.TryParse<Seal>(answer.Hops[^1].Seal!.Payload, out var seal, out _));
        return seal.Value;
    }

    private Witness? Witnessed()
    {
        var name = _target.Segment.Genesis.ToString();
        return _home[1].Views.Current!.Find<Witness>(LeafClass.Witness, name)?.Value;
    }

    private async Task<UnverifiedAnswer> AskAsync(int anchor)
    {
        var query = ClusterClient.Ask(_home, $"{Service}.us1.internal");
        await using var client = _client.AsPod(_home, anchor);
        while (true)
        {
            try
            {
                return await ClusterClient.ResolveOnceAsync(client, query, Token);
            }
            catch (RpcException e) when (RpcFailures.Read(e) is { } refusal && RpcFailures.IsRetriable(refusal.Failure))
            {
                TestContext.Current.TestOutputHelper?.WriteLine(refusal.ToString());
            }
        }
    }
}
