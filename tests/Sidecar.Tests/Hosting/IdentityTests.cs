using System.Net.Security;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using Fairlead.Sidecar.Hosting;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Google.Protobuf;
using Query = Fairlead.Naming.Query;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>
/// A pod that proves itself to real anchors by an SVID or a token (V50), through the rotation of both ends: while the
/// old authority or key goes, its names stay fresh, and nothing of the proof is in a log.
/// </summary>
public sealed class IdentityTests(IdentityTests.Clusters clusters) : IClassFixture<IdentityTests.Clusters>
{
    private const int StrangerKey = 905;
    private const string Frontend = "spiffe://eu1.internal/ns/shop/sa/frontend";

    // Longer than an anchor's look at a proof holds: what was verified that much later was proven anew.
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Of strict names: a machine that stops for as long as a seal commonly lives ends none of them.</summary>
    public sealed class Clusters : TwoClusters
    {
        /// <summary>Not started.</summary>
        public Clusters() => SealValidity = 120_000;
    }

    /// <summary>Both wait for the same clocks of the same anchors, so they wait together.</summary>
    [Fact]
    public Task Proofs_RotatedWithWhoIssuesThem_KeepNamesFresh() => Task.WhenAll(RotateTokenAsync(), RotateSvidAsync());

    private async Task RotateTokenAsync()
    {
        var file = Path.Combine(clusters.Folder, "pod-token");
        await WriteAsync(file, clusters.Issuer.Sign(TokenMaker.Claims(Now)));
        using var log = new KeptLog();
        await using var host = await TwoClusters.StartAsync(
            clusters.Configure("token", "key:", $"token: {file}", "state: kept"), log);
        await FreshAsync(host);

        using var next = new TokenMaker("key-2");
        clusters.Trust(clusters.Issuer, next);
        var renewed = next.Sign(TokenMaker.Claims(Now));
        using (var stranger = new TlsIdentity(TestKeys.Ecdsa(StrangerKey), TimeProvider.System))
        {
            await TakenAsync(stranger, renewed);
        }

        await WriteAsync(file, renewed);
        await RenewedAsync(host);
        clusters.Trust(next);
        await StaysFreshAsync(host);

        // What is no token does not replace one.
        await WriteAsync(file, "nonsense");
        await Eventually.HoldsAsync(
            () => Task.FromResult(log.Said), said => said.Any(line => line.Contains(file, StringComparison.Ordinal)),
            Patience, Stop);
        await StaysFreshAsync(host);
    }

    private async Task RotateSvidAsync()
    {
        using var svid = new SvidFolder();
        svid.Write(clusters.Authority.Sign([Frontend]), clusters.Authority);
        await using var host = await TwoClusters.StartAsync(clusters.Configure(
            "svid", "key:", $"spiffe: {{certificate: {svid.Paths.Certificate}, key: {svid.Paths.Key}}}",
            "state: kept"));
        await FreshAsync(host);

        var next = new CertificateAuthority("eu1.internal", Now);
        clusters.Trust(clusters.Authority, next);
        var renewed = next.Sign([Frontend]);
        using (var pod = new TlsIdentity(
            renewed, SslStreamCertificateContext.Create(renewed, null, offline: true)))
        {
            await TakenAsync(pod, null);
        }

        svid.Write(renewed, next);
        await RenewedAsync(host);
        clusters.Trust(next);
        await StaysFreshAsync(host);
    }

    [Fact]
    public async Task Token_OfAnotherAudience_IsNamedAndNotShown()
    {
        var file = Path.Combine(clusters.Folder, "foreign-token");
        var claims = TokenMaker.Claims(Now);
        claims["aud"] = new System.Text.Json.Nodes.JsonArray("https://kubernetes.default.svc");
        var token = clusters.Issuer.Sign(claims);
        await WriteAsync(file, token);
        await using var host = await TwoClusters.StartAsync(
            clusters.Configure("foreign", "key:", $"token: {file}"));
        await Eventually.HoldsAsync(
            () => Task.FromResult(host.Resolver.Troubles.Newest),
            troubles => troubles.Any(one => one.Refusal.Failure == VerificationFailure.TokenAudience),
            TimeSpan.FromMinutes(2), Stop);
        Assert.All(host.Resolver.Troubles.Newest, one =>
            Assert.DoesNotContain(token[^40..], one.Refusal.ToString(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("token: {0}/none", "token file")]
    [InlineData("spiffe: {{certificate: {0}/none, key: {0}/none}}", "spiffe")]
    public async Task Proof_ThatIsNotThere_EndsTheStart(string line, string part)
    {
        var file = clusters.Configure("none", "key:", string.Format(null, line, clusters.Folder));
        var error = await Assert.ThrowsAsync<Fairlead.Hosting.StartException>(() => TwoClusters.StartAsync(file));
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Proofs_MoreThanOne_AreRefused()
    {
        var file = clusters.Configure("two", "token: /t");
        var error = Assert.Throws<Configuration.ConfigurationException>(() =>
            SidecarOptions.Load(file, new Dictionary<string, string>()));
        Assert.Contains("more than one proof", error.Message, StringComparison.Ordinal);
    }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static Task WriteAsync(string file, string token) => File.WriteAllTextAsync(file, token + "\n", Stop);

    private static Task FreshAsync(SidecarHost host) => Eventually.HoldsAsync(
        () => Task.FromResult(StateOf(host)), state => state == NameState.Fresh, TimeSpan.FromMinutes(2), Stop);

    private static Task RenewedAsync(SidecarHost host) => Eventually.HoldsAsync(
        () => Task.FromResult(host.Resolver.Troubles.Newest),
        troubles => troubles.Any(one => one.Refusal.Detail.Contains("newer proof", StringComparison.Ordinal)),
        TimeSpan.FromMinutes(2), Stop);

    // Fresh all the while, and in the end by an answer that no look of before can stand behind.
    private static async Task StaysFreshAsync(SidecarHost host)
    {
        var until = (Now + Long).ToUnixTimeMilliseconds();
        await Eventually.HoldsAsync(
            () =>
            {
                Assert.Equal(NameState.Fresh, StateOf(host));
                return Task.FromResult(Checkout(host)?.Answer?.VerifiedAt);
            },
            verified => verified > until, Patience, Stop);
        Assert.DoesNotContain(
            host.Resolver.Troubles.Newest, one => one.Refusal.Failure == VerificationFailure.SubjectUnknown);
    }

    /// <summary>Returns when each of the home's anchors takes a proof, as the sidecar will show it.</summary>
    private async Task TakenAsync(TlsIdentity identity, string? token)
    {
        var home = clusters.Home.Segment;
        var query = Document.Make(new Query
        {
            Home = home.Genesis,
            Name = FullName.Parse(TwoClusters.Checkout),
            Subject = Hashes.Subject(home.Genesis, new Subject { Namespace = "shop", Account = "frontend" }),
        });
        foreach (var anchor in home.Newest.Value.Anchors)
        {
            await Eventually.HoldsAsync(
                () => IsTakenAsync(anchor.Endpoints[0], identity, token, query), isTaken => isTaken, Patience, Stop);
        }
    }

    private async Task<bool> IsTakenAsync(
        IpEndpoint anchor, TlsIdentity identity, string? token, Parsed<Query> query)
    {
        var home = clusters.Home.Segment;
        var chain = EpochChain.Extend(
            null, home.Genesis, null, [.. home.Chain], Now.ToUnixTimeMilliseconds(), 5_000);
        await using var client = new AnchorClient(anchor, identity, TimeProvider.System, chain.Segment)
        {
            Token = token,
        };
        try
        {
            await client.ResolveAsync(
                new ResolveRequest { Query = UnsafeByteOperations.UnsafeWrap(query.Payload) }, Stop);
            return true;
        }
        catch (RpcException e)
        {
            return RpcFailures.Read(e)?.Failure is { } failure && failure != VerificationFailure.SubjectUnknown;
        }
    }

    private static NameState? StateOf(SidecarHost host) => Checkout(host)?.State;

    private static CachedName? Checkout(SidecarHost host) =>
        host.Resolver.Names.FirstOrDefault(name => name.Name == TwoClusters.Checkout);
}
