using Fairlead.Naming;
using Fairlead.Resolver;
using Fairlead.Sidecar.Hosting;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>
/// A pod that proves itself to real anchors by an SVID or a token (V50), through the rotation of both ends: while the
/// old authority or key goes, its names stay fresh, and nothing of the proof is in a log.
/// </summary>
public sealed class IdentityTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const string Frontend = "spiffe://eu1.internal/ns/shop/sa/frontend";

    // Longer than an anchor's look at a proof holds, and than a seal: what is fresh then was proven anew.
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(17);

    /// <summary>Both wait for the same clocks of the same anchors, so they wait together.</summary>
    [Fact]
    public Task Proofs_RotatedWithWhoIssuesThem_KeepNamesFresh() => Task.WhenAll(RotateTokenAsync(), RotateSvidAsync());

    private async Task RotateTokenAsync()
    {
        var file = Path.Combine(clusters.Folder, "pod-token");
        await WriteAsync(file, clusters.Issuer.Sign(TokenMaker.Claims(Now)));
        await using var host = await TwoClusters.StartAsync(
            clusters.Configure("token", "key:", $"token: {file}", "state: kept"));
        await FreshAsync(host);

        using var next = new TokenMaker("key-2");
        clusters.Trust(clusters.Issuer, next);
        await Task.Delay(TimeSpan.FromSeconds(6), Stop);
        await WriteAsync(file, next.Sign(TokenMaker.Claims(Now)));
        await RenewedAsync(host);
        clusters.Trust(next);
        await StaysFreshAsync(host);

        // What is no token does not replace one: it is read every two seconds.
        await WriteAsync(file, "nonsense");
        await Task.Delay(TimeSpan.FromSeconds(5), Stop);
        await FreshAsync(host);
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
        await Task.Delay(TimeSpan.FromSeconds(6), Stop);
        svid.Write(next.Sign([Frontend]), next);
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

    private static async Task StaysFreshAsync(SidecarHost host)
    {
        await Task.Delay(Long, Stop);
        await FreshAsync(host);
        Assert.DoesNotContain(
            host.Resolver.Troubles.Newest, one => one.Refusal.Failure == VerificationFailure.SubjectUnknown);
    }

    private static NameState? StateOf(SidecarHost host) =>
        host.Resolver.Names.FirstOrDefault(name => name.Name == TwoClusters.Checkout)?.State;
}
