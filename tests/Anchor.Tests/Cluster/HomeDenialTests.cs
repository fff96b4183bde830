using System.Text.Json;
using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Google.Protobuf;
using Query = Fairlead.Naming.Query;
using Rule = Fairlead.Naming.Rule;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>
/// What a home's own Rules deny (4.1, V33): its pods hear so from the home alone, the other segment hears neither of
/// the pod nor of what it asked for, and the home's other pods have no part in it.
/// </summary>
public sealed class HomeDenialTests : IAsyncLifetime
{
    private static readonly Naming.Subject Dev = new() { Namespace = "dev", Account = "shell" };
    private static readonly Naming.Subject Late = new() { Namespace = "late", Account = "shell" };

    private readonly HeardQuestions _heard = new();
    private readonly ClusterClient _client = new();
    private readonly TlsIdentity _dev = new(TestKeys.Ecdsa(901), TimeProvider.System);
    private readonly TlsIdentity _late = new(TestKeys.Ecdsa(902), TimeProvider.System);
    private readonly AnchorCluster _home;
    private readonly AnchorCluster _target;
    private readonly CancellationTokenSource _bounded =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    public HomeDenialTests()
    {
        _home = new AnchorCluster(
            "eu1.internal", 100,
            [.. ClusterClient.Subjects, (TestKeys.Signer(901).Key, Dev), (TestKeys.Signer(902).Key, Late)], anchors: 1,
            leaves: [TestLeaves.Rule("no-dev", RuleEffect.Deny, ["us1.internal"], [In("dev")])]);
        _target = new AnchorCluster("us1.internal", 200, anchors: 1)
        {
            Decorate = service => service.Intercept(_heard),
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
        _dev.Dispose();
        _late.Dispose();
        _bounded.Dispose();
    }

    [Fact]
    public async Task Denial_OfOnePod_StaysAtHomeAndEndsNothingOfOthers()
    {
        await _client.SealAsync(_target, 0, "checkout.shop.svc", Token);
        await using var devAnchor = ClusterClient.Client(_home, 0, _dev);
        using var dev = await SubscribeAsync(devAnchor, Dev, "checkout", "made-up");
        Assert.Equal(Result.Denied, (await NextAsync(dev)).Result);
        Assert.Equal(Result.Denied, (await NextAsync(dev)).Result);

        await using var shopAnchor = _client.AsPod(_home, 0);
        using var shop = await SubscribeAsync(shopAnchor, ClusterClient.Pod, "checkout");
        Assert.Equal(Result.Record, (await NextAsync(shop)).Result);
        await using var lateAnchor = ClusterClient.Client(_home, 0, _late);
        using var late = await SubscribeAsync(lateAnchor, Late, "checkout");
        Assert.Equal(Result.Record, (await NextAsync(late)).Result);
        await UpdatedAsync(shop);

        // An epoch that begins to deny one who is subscribed, while the subscription is open there.
        await using var proposer = new OperatorClient(_home, 0);
        var before = _home[0].Views.Current!.Epoch.Value.Number;
        await proposer.ProposeAsync(Deny(await proposer.GroundAsync(), "late"));
        await proposer.SealedAsync(before + 1);
        await UntilAsync(late, Result.Denied);
        await UpdatedAsync(shop);
        await UpdatedAsync(shop);
        await SeenAsync("dev", "late");

        Assert.DoesNotContain(_heard.Subjects, subject => subject == Hashes.Subject(_home.Segment.Genesis, Dev));
        Assert.DoesNotContain(_heard.Names, name => name.Contains("made-up", StringComparison.Ordinal));
    }

    /// <summary>The home's operators see whom it denied what, and by which Rule.</summary>
    private async Task SeenAsync(params IEnumerable<string> namespaces)
    {
        using var client = new HttpClient();
        var page = JsonDocument.Parse(await client.GetStringAsync($"http://{_home[0].Admin}/denials", Token));
        var denials = page.RootElement.GetProperty("denials").EnumerateArray().ToDictionary(
            denial => denial.GetProperty("rule").GetProperty("id").GetString()!, StringComparer.Ordinal);
        Assert.Equal(namespaces.Select(ns => $"no-{ns}").Order(), denials.Keys.Order());
        Assert.All(namespaces, ns =>
        {
            var denial = denials[$"no-{ns}"];
            Assert.Equal(
                ["home", _home.Segment.Genesis.ToString(), ns, "shell", "us1.internal", "Deny"],
                new[] { "role", "home", "namespace", "account", "name", "cause" }
                    .Select(member => denial.GetProperty(member).GetString()));
            Assert.Equal("us1.internal", denial.GetProperty("rule").GetProperty("names").GetString());
            Assert.Equal(ns, denial.GetProperty("rule").GetProperty("subject").GetProperty("namespace").GetString());
        });
    }

    private async Task UpdatedAsync(AsyncDuplexStreamingCall<SubscribeRequest, SubscribeResponse> stream)
    {
        var (record, slice) = ClusterClient.Make(_target, "checkout.shop.svc");
        await _client.PublishAsync(_target, 0, record, slice, cancellationToken: Token);
        while (!(await NextAsync(stream)).Hops[^1].Proofs.Any(
            leaf => leaf.Leaf.Span.SequenceEqual(record.Payload.Span)))
        {
            // What was on its way before.
        }
    }

    private async Task<AsyncDuplexStreamingCall<SubscribeRequest, SubscribeResponse>> SubscribeAsync(
        AnchorClient anchor, Naming.Subject subject, params IEnumerable<string> names)
    {
        var call = anchor.Subscribe(Token);
        foreach (var (i, name) in names.Index())
        {
            var query = Document.Make(new Query
            {
                Home = _home.Segment.Genesis,
                Name = FullName.Parse($"{name}.shop.svc.us1.internal"),
                Subject = Hashes.Subject(_home.Segment.Genesis, subject),
            });
            var request = new ResolveRequest { Query = UnsafeByteOperations.UnsafeWrap(query.Payload) };
            await call.RequestStream.WriteAsync(
                new SubscribeRequest { Open = new Open { Id = (ulong)i + 1, Request = request } }, Token);
        }

        return call;
    }

    /// <summary>The next answer; no failure comes before it but those that only say "later".</summary>
    private async Task<Answer> NextAsync(AsyncDuplexStreamingCall<SubscribeRequest, SubscribeResponse> call)
    {
        while (await call.ResponseStream.MoveNext(Token))
        {
            var response = call.ResponseStream.Current;
            if (response.Update is { } update)
            {
                return update.Answer;
            }

            Assert.True(
                RpcFailures.TryParse(response.Failed?.Failure ?? "", out var failure)
                && RpcFailures.IsRetriable(failure), response.ToString());
        }

        throw new InvalidOperationException("the stream ended");
    }

    private async Task UntilAsync(AsyncDuplexStreamingCall<SubscribeRequest, SubscribeResponse> call, Result result)
    {
        while ((await NextAsync(call)).Result != result)
        {
            // What was on its way before.
        }
    }

    private static RuleSubject In(string ns) => new() { Segment = "*", Namespace = ns };

    private static Naming.Operations.EpochProposal Deny(EpochGround ground, string ns)
    {
        var rule = new Rule
        {
            Effect = RuleEffect.Deny,
            Id = $"no-{ns}",
            Made = 0,
            Names = [NamePattern.Parse("us1.internal")],
            Opening = default,
            Subjects = [In(ns)],
        };
        return PolicyOperation.Build(
            ground, new PolicyRequest { Rules = [rule] }, ClusterClient.Now, () => TestSegment.Bytes16(ns),
            out var refusal) ?? throw new InvalidOperationException(refusal!.ToString());
    }
}
