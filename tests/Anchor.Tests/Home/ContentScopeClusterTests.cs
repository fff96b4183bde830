using Fairlead.Anchor.Tests.Cluster;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Anchor.Tests.Home;

/// <summary>
/// V53 to V55 over real sockets: eight real anchors. us1 seals whatever its publisher signs; eu1's anchors relay what
/// their own segment admits, and refuse the rest by name.
/// </summary>
public sealed class ContentScopeClusterTests : IAsyncLifetime
{
    private const string Service = "checkout.shop.svc";
    private const string Server = "spiffe://us1.example/ns/shop/sa/checkout";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly ClusterClient _client = new();
    private readonly CancellationTokenSource _bounded =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    private readonly AnchorCluster _home = new(
        "eu1.internal", 100, ClusterClient.Subjects, genesis: epoch => epoch with { Domains = ["eu1.example"] },
        leaves:
        [
            ParsedLeaf.Of(Document.Make(AnswerLeaves.ScopeOf(Digest.Sha256("a third one"u8)) with
            {
                Domains = ["given.example"], Made = 0,
            })),
        ]);

    private readonly AnchorCluster _target = new(
        "us1.internal", 200, genesis: epoch => epoch with { Domains = ["eu1.example", "given.example", "us1.example"] });

    public async ValueTask InitializeAsync()
    {
        _bounded.CancelAfter(Patience);
        _home.Segment.PeerWith(_target.Segment);
        _target.Segment.PeerWith(_home.Segment);
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
    public async Task Answer_CarriesTheBundlesAndGatewaysThatItsRecordNeeds()
    {
        await PublishAsync(Service, new SliceEndpoint { Address = "10.1.0.1", Network = "vpc-2" }, Server);
        await _client.SealAsync(
            _target, AnswerLeaves.GatewayOf("vpc-2", ClusterClient.Now, Publisher, "10.9.9.9:15443"));
        await _client.SealAsync(_target, AnswerLeaves.GatewayOf("vpc-3", ClusterClient.Now, Publisher, "10.9.9.8:1"));
        await _client.SealAsync(_target, AnswerLeaves.BundleOf("us1.example", ClusterClient.Now, Publisher, "AQID"));

        var verdict = await _client.ResolveAsync(_home, 0, $"{Service}.us1.internal", _bounded.Token);
        var answer = Assert.IsType<Verdict.Accepted>(verdict, exactMatch: false).Answer;
        Assert.Equal("us1.example", Assert.Single(answer.Bundles).Domain);
        Assert.Equal("10.9.9.9:15443", Assert.Single(Assert.Single(answer.Gateways).Addresses).ToString());
    }

    [Fact]
    public async Task ForeignContent_ThatTheHomeDoesNotAdmit_IsRefusedByName()
    {
        await PublishAsync("metadata.shop.svc", new SliceEndpoint { Address = "169.254.169.254" });
        await PublishAsync("gateway.shop.svc", new SliceEndpoint { Address = "10.1.0.1", Network = "trap" });
        await _client.SealAsync(
            _target, AnswerLeaves.GatewayOf("trap", ClusterClient.Now, Publisher, "169.254.169.254:80"));
        await PublishAsync(
            "pod.shop.svc", new SliceEndpoint { Address = "10.1.0.1" }, "spiffe://eu1.example/ns/shop/sa/frontend");
        await PublishAsync(
            "stray.shop.svc", new SliceEndpoint { Address = "10.1.0.1", Identity = "spiffe://third.example/a" });
        await PublishAsync("taken.shop.svc", new SliceEndpoint { Address = "10.1.0.1" }, "spiffe://given.example/a");
        await PublishAsync(Service, new SliceEndpoint { Address = "10.1.0.1" }, Server);

        Assert.Equal(AddressOutOfScope, await RefusedAsync("metadata.shop.svc"));
        Assert.Equal(AddressOutOfScope, await RefusedAsync("gateway.shop.svc"));
        Assert.Equal(IdentityOutOfScope, await RefusedAsync("pod.shop.svc"));
        Assert.Equal(IdentityOutOfScope, await RefusedAsync("stray.shop.svc"));

        // A Scope of the home gives it to a third segment, of which nobody used it yet.
        Assert.Equal(IdentityOutOfScope, await RefusedAsync("taken.shop.svc"));

        // What the home admits of the same segment goes on.
        var verdict = await _client.ResolveAsync(_home, 0, $"{Service}.us1.internal", _bounded.Token);
        Assert.IsType<Verdict.Accepted>(verdict, exactMatch: false);
    }

    private ISigner Publisher => _target.Segment.Publisher;

    private async Task PublishAsync(string service, SliceEndpoint endpoint, params string[] identities)
    {
        var slice = Document.Make(TestLeaves.Slice(service, 8080, endpoint.Address).Value with
        {
            Endpoints = [endpoint],
        });
        await _client.SealAsync(
            _target,
            TestLeaves.Record(_target.Segment, service, ClusterClient.Now) with
            {
                Identities = [.. identities],
                Slices = [new SliceReference { Count = 1, Digest = slice.Digest }],
            },
            slice);
    }

    private async Task<VerificationFailure> RefusedAsync(string service)
    {
        try
        {
            var verdict = await _client.ResolveAsync(_home, 0, $"{service}.us1.internal", _bounded.Token);
            return Assert.IsType<Verdict.Refused>(verdict, exactMatch: false).Refusal.Failure;
        }
        catch (RpcException e) when (RpcFailures.Read(e) is { } refusal)
        {
            return refusal.Failure;
        }
    }
}
