using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Google.Protobuf;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>Slices by digest are shown to those whose question is answered with them (4.1 Rules, V50, V52).</summary>
public sealed class SliceClusterTests : IAsyncLifetime
{
    private const string Checkout = "checkout.shop.svc.us1.internal";

    private static readonly Naming.Subject Dev = new() { Namespace = "dev", Account = "shell" };

    private readonly ClusterClient _client = new();
    private readonly TlsIdentity _stranger = new(TestKeys.Ecdsa(999), TimeProvider.System);
    private readonly TlsIdentity _dev = new(TestKeys.Ecdsa(901), TimeProvider.System);
    private readonly AnchorCluster _cluster = new(
        "us1.internal", 200, [.. ClusterClient.Subjects, (TestKeys.Signer(901).Key, Dev)], anchors: 1,
        leaves:
        [
            TestLeaves.Rule(
                "europe", RuleEffect.Allow, ["*.svc"], [In("shop")], new Constraints { Regions = ["eu*"] }),
            TestLeaves.Rule("no-dev", RuleEffect.Deny, ["*.svc"], [In("dev")]),
        ])
    {
        Rates = RateOptions.Default with { SubjectPerSecond = 1, SubjectBurst = 50 },
    };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _cluster.StartAllAsync();

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _client.DisposeAsync();
        _stranger.Dispose();
        _dev.Dispose();
    }

    [Fact]
    public async Task Slice_IsShownToWhoMaySeeIt_AndToNobodyElse()
    {
        var (near, far) = await PublishAsync();
        await using var pod = _client.AsPod(_cluster, 0);
        Assert.Equal([near], await AskAsync(pod, ClusterClient.Pod, Checkout, near, far, Digest.Sha256("no"u8)));
        Assert.Empty(await AskAsync(pod, ClusterClient.Pod, "cart.shop.svc.us1.internal", near, far));

        await using var dev = ClusterClient.Client(_cluster, 0, _dev);
        Assert.Equal(
            await RefusedAsync(AskAsync(dev, Dev, Checkout, near)),
            await RefusedAsync(AskAsync(dev, Dev, "nobody.shop.svc.us1.internal", near)));
        Assert.Equal(
            VerificationFailure.PolicyDenied, (await RefusedAsync(AskAsync(dev, Dev, Checkout, far))).Failure);

        await using var stranger = ClusterClient.Client(_cluster, 0, _stranger);
        Assert.Equal(
            VerificationFailure.SubjectUnknown,
            (await RefusedAsync(AskAsync(stranger, ClusterClient.Pod, Checkout, near))).Failure);
        Assert.Equal(
            VerificationFailure.BadEnvelope,
            (await RefusedAsync(pod.SlicesAsync(new SlicesRequest { Digests = { WireWriter.ToBytes(near) } }, Stop)))
            .Failure);
        Assert.Equal(
            VerificationFailure.QueryMismatch,
            (await RefusedAsync(AskAsync(pod, ClusterClient.Pod, "checkout.shop.svc.eu1.internal", near))).Failure);
    }

    [Fact]
    public async Task Epochs_AskedForTooOften_RateLimited()
    {
        await using var pod = _client.AsPod(_cluster, 0);
        var request = new EpochsRequest { Genesis = WireWriter.ToBytes(_cluster.Segment.Genesis), Limit = 1 };
        for (var i = 0; i < 5_000; i++)
        {
            try
            {
                await pod.EpochsAsync(request, Stop);
            }
            catch (RpcException e)
            {
                Assert.Equal(VerificationFailure.RateLimited, RpcFailures.Read(e)?.Failure);
                Assert.InRange(i, 49, 4_999);
                return;
            }
        }

        Assert.Fail("never");
    }

    [Fact]
    public async Task Slices_AskedForTooOften_RateLimited()
    {
        await using var pod = _client.AsPod(_cluster, 0);
        Refusal? refusal = null;
        for (var i = 0; i < 5_000 && refusal is null; i++)
        {
            try
            {
                await AskAsync(pod, ClusterClient.Pod, Checkout, Digest.Sha256("guess"u8));
            }
            catch (RpcException e)
            {
                refusal = RpcFailures.Read(e);
            }
        }

        Assert.Equal(VerificationFailure.RateLimited, refusal?.Failure);
    }

    private async Task<(Digest Near, Digest Far)> PublishAsync()
    {
        var near = SliceIn("eu-west", "127.0.2.1");
        var far = SliceIn("us-east", "127.0.2.2");
        var record = TestLeaves.Record(_cluster.Segment, "checkout.shop.svc", ClusterClient.Now) with
        {
            Slices =
            [
                new SliceReference { Count = 1, Digest = near.Digest, Region = "eu-west" },
                new SliceReference { Count = 1, Digest = far.Digest, Region = "us-east" },
            ],
        };
        await _client.SealAsync(_cluster, record, near, far);
        return (near.Digest, far.Digest);
    }

    private static Parsed<Slice> SliceIn(string region, string address) => Document.Make(
        TestLeaves.Slice("checkout.shop.svc", 18080, address).Value with { Region = region });

    private async Task<IReadOnlyList<Digest>> AskAsync(
        Resolver.Anchors.AnchorClient client, Naming.Subject subject, string name, params IEnumerable<Digest> digests)
    {
        var query = Document.Make(ClusterClient.Ask(_cluster, name).Value with
        {
            Subject = Hashes.Subject(_cluster.Segment.Genesis, subject),
        });
        var response = await client.SlicesAsync(
            new SlicesRequest
            {
                Digests = { digests.Select(digest => WireWriter.ToBytes(digest)) },
                Question = new ResolveRequest { Query = UnsafeByteOperations.UnsafeWrap(query.Payload) },
            },
            Stop);
        return [.. response.Slices.Select(slice =>
            Document.TryParse<Slice>(slice.Memory, out var parsed, out _) ? parsed.Digest : default)];
    }

    private static async Task<Refusal> RefusedAsync<T>(Task<T> call) =>
        RpcFailures.Read(await Assert.ThrowsAsync<RpcException>(() => call))!;

    private static RuleSubject In(string ns) => new() { Segment = "*", Namespace = ns };
}
