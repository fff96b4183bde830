using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Fairlead.Anchor.Identities;
using Fairlead.Naming;
using Fairlead.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Anchor.Tests.Identities;

/// <summary>V50 by service-account tokens: what counts, and what every forgery is refused as.</summary>
public sealed class TokenTests : IDisposable
{
    private const long Delta = 5_000;

    private readonly ManualTimeProvider _time = new();
    private readonly TokenMaker _issuer = new();
    private readonly TokenMaker _stranger = new();
    private readonly string _file = Path.GetTempFileName();

    public TokenTests() => File.WriteAllText(_file, TokenMaker.KeySet(_issuer));

    public void Dispose()
    {
        _issuer.Dispose();
        _stranger.Dispose();
        File.Delete(_file);
    }

    [Fact]
    public void Token_OfTheIssuerForTheseAnchors_IsItsServiceAccount()
    {
        var (refusal, found) = Ask(Book(), _issuer.Sign(Claims()));
        Assert.Null(refusal);
        Assert.Equal(new Subject { Namespace = "shop", Account = "frontend" }, found!.Subject);
    }

    [Fact]
    public void Token_OfSeveralAudiences_IsTakenForOneOfThem()
    {
        var claims = Claims();
        claims["aud"] = new JsonArray("https://kubernetes.default.svc", TokenMaker.Audience);
        Assert.Null(Ask(Book(), _issuer.Sign(claims)).Refusal);
    }

    [Theory]
    [InlineData("https://kubernetes.default.svc")]
    [InlineData("eu1.interna")]
    [InlineData("EU1.internal")]
    [MaliciousInput(76, "token for the API server: TokenAudience")]
    public void Token_ForAnotherAudience_TokenAudience(string audience)
    {
        var claims = Claims();
        claims["aud"] = new JsonArray(audience);
        Assert.Equal(VerificationFailure.TokenAudience, Ask(Book(), _issuer.Sign(claims)).Refusal?.Failure);
    }

    [Theory]
    [InlineData("aud")]
    [InlineData("exp")]
    [InlineData("iss")]
    [InlineData("sub")]
    [InlineData("kubernetes.io")]
    public void Token_WithoutAClaim_IsRefused(string claim)
    {
        var claims = Claims();
        claims.Remove(claim);
        var refusal = Ask(Book(), _issuer.Sign(claims)).Refusal;
        var expected = claim == "aud" ? VerificationFailure.TokenAudience : VerificationFailure.SubjectUnknown;
        Assert.Equal(expected, refusal?.Failure);
    }

    public static TheoryData<string> Forgeries() =>
    [
        "another issuer", "not yet", "over", "over within the tolerance", "subject of another account",
        "account of another form", "an extension that must be understood", "none", "none without the dot", "NONE",
        "no signature", "HS256 with the public key", "another key of the same id", "an id that is not listed", "no id",
        "its own key in the header", "changed claims", "two parts", "empty", "too long", "encrypted",
    ];

    [Theory]
    [MemberData(nameof(Forgeries))]
    public void Token_Forged_SubjectUnknown(string forgery)
    {
        var token = Forge(forgery);
        var (refusal, found) = Ask(Book(), token);
        Assert.Equal(VerificationFailure.SubjectUnknown, refusal?.Failure);
        Assert.Null(found);
        if (token.Length > 40)
        {
            Assert.DoesNotContain(token[^40..], refusal!.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Token_KeptFromBefore_EndsAtItsTime()
    {
        using var book = Book();
        var token = _issuer.Sign(Claims(life: TimeSpan.FromSeconds(60)));
        Assert.Null(Ask(book, token).Refusal);
        _time.Advance(TimeSpan.FromSeconds(54));
        Assert.Null(Ask(book, token).Refusal);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(VerificationFailure.SubjectUnknown, Ask(book, token).Refusal?.Failure);
    }

    [Fact]
    public void Keys_Rotated_TakeEffectAndWhatCannotBeReadDoesNot()
    {
        using var next = new TokenMaker("key-2");
        using var book = Book();
        var (old, renewed) = (_issuer.Sign(Claims()), next.Sign(Claims()));
        Assert.Null(Ask(book, old).Refusal);
        Assert.NotNull(Ask(book, renewed).Refusal);

        // Both overlap, as an API server publishes them; then the old one is gone, also for what was looked at before.
        Rotate(TokenMaker.KeySet(_issuer, next));
        Assert.Null(Ask(book, old).Refusal);
        Assert.Null(Ask(book, renewed).Refusal);
        Rotate(TokenMaker.KeySet(next));
        Assert.Equal(VerificationFailure.SubjectUnknown, Ask(book, old).Refusal?.Failure);
        Assert.Null(Ask(book, renewed).Refusal);

        Rotate("{\"keys\":");
        Assert.Null(Ask(book, renewed).Refusal);
    }

    [Fact]
    public void Keys_TornAtTheFirstQuestion_AreThoseOfTheStart()
    {
        using var book = Book();
        Rotate("{\"keys\":");
        Assert.Null(Ask(book, _issuer.Sign(Claims())).Refusal);
    }

    /// <summary>An anchor that nobody asks sees a rotation too, so that a torn file does not throw it back.</summary>
    [Fact]
    public void Keys_TornAfterARotationThatNobodyAskedIn_AreTheRotatedOnes()
    {
        using var next = new TokenMaker("key-2");
        using var book = Book();
        Rotate(TokenMaker.KeySet(next));
        File.WriteAllText(_file, "");
        Assert.Null(Ask(book, next.Sign(Claims())).Refusal);
    }

    [Theory]
    [InlineData("""{"keys":[]}""")]
    [InlineData("""{"keys":[{"kty":"oct","kid":"key-1","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}]}""")]
    [InlineData("[]")]
    [InlineData("")]
    public void Keys_ThatAreNone_KnowNobody(string content)
    {
        File.WriteAllText(_file, content);
        Assert.Equal(VerificationFailure.SubjectUnknown, Ask(Book(), _issuer.Sign(Claims())).Refusal?.Failure);
    }

    private string Forge(string forgery)
    {
        var claims = Claims();
        switch (forgery)
        {
            case "another issuer":
                claims["iss"] = "https://elsewhere.example";
                break;
            case "not yet":
                claims["nbf"] = (_time.GetUtcNow() + TimeSpan.FromMinutes(1)).ToUnixTimeSeconds();
                break;
            case "over":
                claims = Claims(life: TimeSpan.FromHours(-1));
                claims["nbf"] = (_time.GetUtcNow() - TimeSpan.FromHours(2)).ToUnixTimeSeconds();
                break;
            case "over within the tolerance":
                claims = Claims(life: TimeSpan.FromSeconds(5));
                break;
            case "subject of another account":
                claims["sub"] = "system:serviceaccount:shop:admin";
                break;
            case "account of another form":
                claims = TokenMaker.Claims(_time.GetUtcNow(), "shop", "Front/End");
                break;
            case "an extension that must be understood":
                var header = _issuer.Header("RS256");
                header["crit"] = new JsonArray("exp");
                return _issuer.Sign(claims, header);
            case "encrypted":
                return string.Join('.', Enumerable.Repeat("e30", 5));
            default:
                return Unsigned(forgery, claims);
        }

        return _issuer.Sign(claims);
    }

    private string Unsigned(string forgery, JsonObject claims)
    {
        var good = _issuer.Sign(claims);
        switch (forgery)
        {
            case "none" or "NONE":
                return TokenMaker.Join(_issuer.Header(forgery), claims, _ => []);
            case "none without the dot":
                return TokenMaker.Join(_issuer.Header("none"), claims, _ => []).TrimEnd('.');
            case "no signature":
                return good[..(good.LastIndexOf('.') + 1)];
            case "HS256 with the public key":
                return TokenMaker.Join(_issuer.Header("HS256"), claims, input =>
                    HMACSHA256.HashData(Encoding.ASCII.GetBytes(_issuer.PublicPem), input));
            case "another key of the same id":
                return _stranger.Sign(claims);
            case "an id that is not listed":
                return _issuer.Sign(claims, new JsonObject { ["alg"] = "RS256", ["kid"] = "key-9" });
            case "no id":
                return _issuer.Sign(claims, new JsonObject { ["alg"] = "RS256" });
            case "its own key in the header":
                var header = _stranger.Header("RS256");
                header["jwk"] = _stranger.PublicKey;
                header["jku"] = "http://127.0.0.1:1/keys";
                return _stranger.Sign(claims, header);
            case "changed claims":
                var parts = good.Split('.');
                var other = _stranger.Sign(TokenMaker.Claims(_time.GetUtcNow(), "shop", "admin")).Split('.');
                return $"{parts[0]}.{other[1]}.{parts[2]}";
            case "two parts":
                return good[..good.LastIndexOf('.')];
            case "empty":
                return "";
            case "too long":
                claims["pad"] = new string('x', 8 * 1024);
                return _issuer.Sign(claims);
            default:
                throw new ArgumentOutOfRangeException(nameof(forgery), forgery, null);
        }
    }

    /// <summary>What it costs to look at tokens is bounded; who was known is looked at all the same (V52).</summary>
    [Fact]
    public void Forgeries_WithoutEnd_AreLookedAtOnlySoOften_AndWhoWasKnownGoesOn()
    {
        using var book = Book();
        var (known, added) = (_issuer.Sign(Claims()), _issuer.Sign(Claims(TimeSpan.FromHours(2))));
        Assert.Null(Ask(book, known).Refusal);
        var looks = 0;
        while (Ask(book, "a.b." + looks).Refusal!.Failure == VerificationFailure.SubjectUnknown)
        {
            Assert.InRange(looks++, 0, 10_000);
        }

        Assert.Equal(VerificationFailure.RateLimited, Ask(book, added).Refusal?.Failure);
        Assert.Null(Ask(book, added, CallOrigin.Of("ipv4:10.0.0.1:1")).Refusal);
        Rotate(TokenMaker.KeySet(_issuer));
        while (Ask(book, "a.b." + looks).Refusal!.Failure == VerificationFailure.SubjectUnknown)
        {
            Assert.InRange(looks++, 0, 20_000);
        }

        Assert.Null(Ask(book, known).Refusal);
    }

    /// <summary>One that did not hold costs one look, however often it is shown, and is looked at again soon.</summary>
    [Fact]
    public void Token_ThatDidNotHold_IsNotLookedAtAgainForAMoment()
    {
        using var other = new TokenMaker();
        using var book = Book();
        var (early, known) = (other.Sign(Claims()), _issuer.Sign(Claims()));
        for (var i = 0; i < 10_000; i++)
        {
            Assert.Equal(VerificationFailure.SubjectUnknown, Ask(book, early).Refusal?.Failure);
        }

        Assert.Null(Ask(book, known).Refusal);
        Rotate(TokenMaker.KeySet(other));
        Assert.Null(Ask(book, early).Refusal);
    }

    private JsonObject Claims(TimeSpan? life = null) => TokenMaker.Claims(_time.GetUtcNow(), life: life);

    private void Rotate(string content)
    {
        File.WriteAllText(_file, content);
        _time.Advance(TimeSpan.FromSeconds(2));
    }

    private SubjectBook Book() => new(
        new Dictionary<Digest, Subject>(),
        new IdentityOptions([], [new TokenIssuer(TokenMaker.Issuer, TokenMaker.Audience, _file)]),
        _time,
        NullLogger.Instance);

    private (Refusal? Refusal, Identified? Found) Ask(SubjectBook book, string token, CallOrigin from = default)
    {
        var refusal = book.Identify(
            new Caller(TestKeys.Key(900).Kid, [], token) { From = from },
            _time.GetUtcNow().ToUnixTimeMilliseconds(),
            Delta,
            out var found);
        return (refusal, found);
    }
}
