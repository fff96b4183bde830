using Fairlead.Anchor.Home.Reports;
using Fairlead.Anchor.Identities;
using Fairlead.Naming;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Home.Reports;

/// <summary>How often evidence is heard, by whom it is that brings it (V52).</summary>
public sealed class ReportServiceTests : IAsyncDisposable
{
    private static readonly Subject OnFile = new() { Namespace = "shop", Account = "on-file" };

    private readonly TokenMaker _issuer = new();
    private readonly string _keys = Path.GetTempFileName();
    private readonly EvidenceWorld _world;
    private readonly ReportService _service;

    public ReportServiceTests()
    {
        File.WriteAllText(_keys, TokenMaker.KeySet(_issuer));
        _world = new EvidenceWorld(
            new IdentityOptions([], [new TokenIssuer(TokenMaker.Issuer, TokenMaker.Audience, _keys)]),
            new Dictionary<Digest, Subject> { [Key(-1)] = OnFile });
        _service = new ReportService(_world.Context, _world.Book);
        _world.Serve();
    }

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        _issuer.Dispose();
        File.Delete(_keys);
    }

    /// <summary>One token, and another key with each call; another pod is heard all the same.</summary>
    [Fact]
    public void Pod_WithAKeyForEachCall_IsOnePod()
    {
        var (greedy, other) = (Token("frontend"), Token("cart"));
        var heard = Enumerable.Range(0, 60).Count(i => _service.Often(new Caller(Key(i), [], greedy)) is null);
        Assert.InRange(heard, 1, 40);
        Assert.Null(_service.Often(new Caller(Key(60), [], other)));
    }

    [Fact]
    public void Home_WithSeveralAnchors_IsOneHome()
    {
        Assert.Null(_world.Ask());
        var heard = Enumerable.Range(0, 100).Count(
            i => _service.Often(new Caller(_world.Home.Tls(i % 4).Key.Kid, [], null)) is null);
        Assert.InRange(heard, 1, 40);
    }

    /// <summary>What it costs to look at tokens is bounded, and who is known at sight is not affected.</summary>
    [Fact]
    public void Strangers_WithTokensWithoutEnd_AreLookedAtOnlySoOften()
    {
        var heard = Enumerable.Range(0, 10_000).Count(
            i => _service.Often(new Caller(Key(i), [], "a.b." + i)) is null);
        Assert.InRange(heard, 1, 10);
        Assert.Equal(
            VerificationFailure.RateLimited, _service.Often(new Caller(Key(300), [], Token("frontend")))?.Failure);

        // A pod that is at home somewhere else is heard, and so is one that calls from there as well.
        var elsewhere = CallOrigin.Of("ipv4:10.1.2.3:4567");
        Assert.Null(_service.Often(new Caller(Key(300), [], Token("frontend")) { From = elsewhere }));
        Assert.Equal(elsewhere, CallOrigin.Of("ipv4:10.1.2.3:1"));
        Assert.NotEqual(elsewhere, CallOrigin.Of("ipv4:10.1.2.4:4567"));
        Assert.Equal(CallOrigin.Of("ipv6:[2001:db8::1]:1"), CallOrigin.Of("ipv6:[2001:db8::2:3]:2"));
        Assert.NotEqual(CallOrigin.Of("ipv6:[2001:db8::1]:1"), CallOrigin.Of("ipv6:[2001:db8:0:1::1]:1"));
        Assert.Equal(default, CallOrigin.Of("unix:/run/x"));
        Assert.Null(_service.Often(new Caller(Key(-1), [], null)));
        Assert.Null(_service.Often(new Caller(_world.Own.Tls(1).Key.Kid, [], null)));
    }

    private string Token(string account) =>
        _issuer.Sign(TokenMaker.Claims(_world.Time.GetUtcNow(), account: account));

    private static Digest Key(int number) => Digest.Sha256(BitConverter.GetBytes(number));
}
