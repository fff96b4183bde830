using Fairlead.EnvoyApi.Endpoints;
using Fairlead.Naming;
using Fairlead.Resolver;
using Fairlead.Sidecar.Hosting;
using Fairlead.Sidecar.Tests.Translation;
using Fairlead.TestKit.Answers;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>
/// V53 to V55 from end to end: eight real anchors and a whole sidecar. A foreign segment's quorum seals what it likes;
/// what the home does not admit is refused by name, and nothing of it reaches a client.
/// </summary>
public sealed class ContentScopeTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const string Trap = "169.254.169.254";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Segment_ThatPublishesTheMetadataAddressOrTheHomesIdentity_IsRefusedByName()
    {
        using var bounded = Bounded();
        await clusters.PublishAsync("metadata.shop.svc", Trap);
        await clusters.PublishAsync("behind.shop.svc", [], [new() { Address = "10.1.0.1", Network = "trap" }]);
        await clusters.PublishAsync(AnswerLeaves.GatewayOf(
            "trap", TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), clusters.Target.Segment.Publisher,
            $"{Trap}:80"));
        await clusters.PublishAsync(
            "frontend.shop.svc", ["spiffe://eu1.example/ns/shop/sa/frontend"], [new() { Address = "127.0.5.1" }]);
        await using var host = await TwoClusters.StartAsync(clusters.Configure("scope", "imports: ["
            + "metadata.shop.svc.us1.internal, behind.shop.svc.us1.internal, frontend.shop.svc.us1.internal, "
            + $"{TwoClusters.Checkout}]"));

        await FailsAsync(host, "metadata", VerificationFailure.AddressOutOfScope, bounded.Token);
        await FailsAsync(host, "behind", VerificationFailure.AddressOutOfScope, bounded.Token);
        await FailsAsync(host, "frontend", VerificationFailure.IdentityOutOfScope, bounded.Token);

        // The segment's other names are none the worse.
        await UntilAsync(
            () => EndpointsOf(host, "checkout").Contains("127.0.2.1", StringComparison.Ordinal)
                && NameOf(host, "checkout")!.State == NameState.Fresh, bounded.Token);
        foreach (var name in new[] { "metadata", "behind", "frontend" })
        {
            Assert.Null(NameOf(host, name)!.Answer);
            Assert.Equal("", EndpointsOf(host, name));
        }
    }

    [Fact]
    public async Task Name_ThatTurnsBad_EndsWithItsLastGoodAnswerAndIsBackWithTheNext()
    {
        using var bounded = Bounded();
        await clusters.PublishAsync("turns.shop.svc", "127.0.6.1");
        await using var host = await TwoClusters.StartAsync(
            clusters.Configure("turns", "imports: [turns.shop.svc.us1.internal]"));
        await UntilAsync(
            () => EndpointsOf(host, "turns").Contains("127.0.6.1", StringComparison.Ordinal), bounded.Token);

        await clusters.PublishAsync("turns.shop.svc", Trap);
        await FailsAsync(host, "turns", VerificationFailure.AddressOutOfScope, bounded.Token);
        await UntilAsync(
            () => NameOf(host, "turns")!.State == NameState.Expired, bounded.Token, () => NoTrap(host));
        Assert.Equal("", EndpointsOf(host, "turns"));

        await clusters.PublishAsync("turns.shop.svc", "127.0.6.2");
        await UntilAsync(
            () => EndpointsOf(host, "turns").Contains("127.0.6.2", StringComparison.Ordinal), bounded.Token);
    }

    private static CancellationTokenSource Bounded()
    {
        var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(Patience);
        return bounded;
    }

    private static CachedName? NameOf(SidecarHost host, string service) =>
        host.Resolver.Names.SingleOrDefault(name => name.Name == $"{service}.shop.svc.us1.internal");

    private static Task FailsAsync(
        SidecarHost host, string service, VerificationFailure failure, CancellationToken cancellationToken) =>
        UntilAsync(
            () => NameOf(host, service)?.Failure?.Failure == failure, cancellationToken, () => NoTrap(host));

    // The assignment as clients get it; empty where there is none or it has no endpoint.
    private static string EndpointsOf(SidecarHost host, string service)
    {
        var cluster = $"{service}.shop.svc.us1.internal:80";
        var found = host.Views.Open(ClientNode.Anonymous, null).Current.Find(ResourceType.Endpoints, cluster);
        return found is null
            ? ""
            : string.Join(",", Golden.Read(found).Unpack<ClusterLoadAssignment>().Endpoints
                .SelectMany(locality => locality.LbEndpoints)
                .Select(endpoint => endpoint.Endpoint.Address.SocketAddress.Address));
    }

    private static async Task UntilAsync(
        Func<bool> condition, CancellationToken cancellationToken, Action? always = null)
    {
        while (!condition())
        {
            always?.Invoke();
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellationToken);
        }
    }

    private static void NoTrap(SidecarHost host)
    {
        foreach (var name in host.Resolver.Names)
        {
            Assert.DoesNotContain(
                Trap, EndpointsOf(host, FullName.Parse(name.Name).Service!.Text.Split('.')[0]),
                StringComparison.Ordinal);
        }
    }
}
