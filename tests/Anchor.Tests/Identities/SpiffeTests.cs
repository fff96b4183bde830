using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Fairlead.Anchor.Identities;
using Fairlead.Naming;
using Fairlead.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Anchor.Tests.Identities;

/// <summary>V50 by X.509 SVIDs: whose they are, and what every other certificate is refused as.</summary>
public sealed class SpiffeTests : IDisposable
{
    private const string Domain = "eu1.internal";
    private const string Frontend = "spiffe://eu1.internal/ns/shop/sa/frontend";

    private readonly ManualTimeProvider _time = new();
    private readonly CertificateAuthority _authority;
    private readonly string _file = Path.GetTempFileName();

    public SpiffeTests()
    {
        _authority = new CertificateAuthority(Domain, _time.GetUtcNow());
        Trust(_authority);
    }

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData(Frontend, "shop", "frontend")]
    [InlineData("spiffe://eu1.internal/batch/nightly", "jobs", "nightly")]
    public void Svid_OfTheTrustDomain_IsTheSubjectThatItIsMappedTo(string id, string space, string account)
    {
        var (refusal, found) = Ask(Book(), _authority.Sign([id]));
        Assert.Null(refusal);
        Assert.Equal(new Subject { Namespace = space, Account = account }, found!.Subject);
    }

    public static TheoryData<string> Strangers() =>
    [
        "self-made", "another trust domain", "another domain's authority", "a stranger of the authority's name",
        "an id that is nobody's", "a path of another form", "two ids", "an authority itself", "over", "not yet",
        "over within the tolerance", "for servers only", "signed by an SVID", "nothing",
    ];

    [Theory]
    [MemberData(nameof(Strangers))]
    public void Certificate_OfAStranger_SubjectUnknown(string stranger)
    {
        using var book = Book();
        var shown = Stranger(stranger);
        var refusal = book.Identify(
            new Caller(TestKeys.Key(1).Kid, [.. shown.Select(one => (ReadOnlyMemory<byte>)one.RawData)], null),
            Now, 5_000, out var found);
        Assert.Equal(VerificationFailure.SubjectUnknown, refusal?.Failure);
        Assert.Null(found);
    }

    [Fact]
    public void Svid_ByAnAuthorityBetween_IsTakenWithItAndRefusedWithout()
    {
        var between = new CertificateAuthority(Domain, _time.GetUtcNow(), parent: _authority);
        var svid = between.Sign([Frontend]);
        Assert.Null(Ask(Book(), svid, between.Certificate).Refusal);
        Assert.Equal(VerificationFailure.SubjectUnknown, Ask(Book(), svid).Refusal?.Failure);
    }

    [Fact]
    public void Bundle_Rotated_TakesEffectAndWhatCannotBeReadDoesNot()
    {
        using var book = Book();
        var next = new CertificateAuthority(Domain, _time.GetUtcNow());
        var (old, renewed) = (_authority.Sign([Frontend]), next.Sign([Frontend]));
        Assert.Null(Ask(book, old).Refusal);
        Assert.NotNull(Ask(book, renewed).Refusal);
        Trust(_authority, next);
        Assert.Null(Ask(book, old).Refusal);
        Assert.Null(Ask(book, renewed).Refusal);
        Trust(next);
        Assert.Equal(VerificationFailure.SubjectUnknown, Ask(book, old).Refusal?.Failure);
        Assert.Null(Ask(book, renewed).Refusal);
        File.WriteAllText(_file, "no certificate");
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(Ask(book, renewed).Refusal);
        Assert.NotNull(Ask(book, old).Refusal);
    }

    [Fact]
    public void Svid_KeptFromBefore_EndsAtItsTime()
    {
        using var book = Book();
        var svid = _authority.Sign([Frontend], until: TimeSpan.FromSeconds(60));
        Assert.Null(Ask(book, svid).Refusal);
        _time.Advance(TimeSpan.FromSeconds(50));
        Assert.Null(Ask(book, svid).Refusal);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(VerificationFailure.SubjectUnknown, Ask(book, svid).Refusal?.Failure);
    }

    /// <summary>Self-made ones that name an authority here cost work to refuse (V52).</summary>
    [Fact]
    public void Strangers_WithoutEnd_AreLookedAtOnlySoOften_AndWhoWasKnownGoesOn()
    {
        using var book = Book();
        var known = _authority.Sign([Frontend], until: TimeSpan.FromHours(1));
        Assert.Null(Ask(book, known).Refusal);
        var looks = 0u;
        while (Look().Failure == VerificationFailure.SubjectUnknown)
        {
            Assert.InRange(looks++, 0u, 10_000u);
        }

        Assert.Null(Ask(book, known).Refusal);
        _time.Advance(TimeSpan.FromMinutes(2));
        while (Look().Failure == VerificationFailure.SubjectUnknown)
        {
            looks++;
        }

        Assert.Null(Ask(book, known).Refusal);

        Refusal Look() => book.Identify(
            new Caller(TestKeys.Key(1).Kid, [BitConverter.GetBytes(looks)], null), Now, 5_000, out _)!;
    }

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private X509Certificate2[] Stranger(string stranger) => stranger switch
    {
        "self-made" => [new CertificateAuthority(Domain, _time.GetUtcNow(), isAuthority: false).Certificate],
        "another trust domain" =>
            [new CertificateAuthority("us1.internal", _time.GetUtcNow()).Sign(["spiffe://us1.internal/ns/shop/sa/x"])],
        "another domain's authority" => [new CertificateAuthority("us1.internal", _time.GetUtcNow()).Sign([Frontend])],
        "a stranger of the authority's name" =>
            [new CertificateAuthority(Domain, _time.GetUtcNow(), _authority.Certificate.GetSerialNumber())
                .Sign([Frontend])],
        "an id that is nobody's" => [_authority.Sign(["spiffe://eu1.internal/other"])],
        "a path of another form" => [_authority.Sign(["spiffe://eu1.internal/ns/shop/sa/frontend/more"])],
        "two ids" => [_authority.Sign([Frontend, "spiffe://eu1.internal/batch/nightly"])],
        "an authority itself" => [_authority.Sign([Frontend], isAuthority: true)],
        "over" => [_authority.Sign([Frontend], from: TimeSpan.FromHours(-2), until: TimeSpan.FromHours(-1))],
        "not yet" => [_authority.Sign([Frontend], from: TimeSpan.FromMinutes(30))],
        "over within the tolerance" => [_authority.Sign([Frontend], until: TimeSpan.FromSeconds(4))],
        "for servers only" => [_authority.Sign([Frontend], uses: [CertificateAuthority.ServerUse])],
        "signed by an SVID" => SignedByAnSvid(),
        _ => [],
    };

    private X509Certificate2[] SignedByAnSvid()
    {
        var pod = new CertificateAuthority(Domain, _time.GetUtcNow(), parent: _authority, isAuthority: false);
        return [pod.Sign([Frontend]), pod.Certificate];
    }

    private void Trust(params IEnumerable<CertificateAuthority> authorities)
    {
        File.WriteAllText(
            _file, string.Join('\n', authorities.Select(one => one.Certificate.ExportCertificatePem())));
        _time.Advance(TimeSpan.FromSeconds(2));
    }

    private SubjectBook Book() => new(
        new Dictionary<Digest, Subject>(),
        new IdentityOptions(
            [
                new SpiffeDomain(Domain, _file, true, ImmutableDictionary<string, Subject>.Empty.Add(
                    "spiffe://eu1.internal/batch/nightly", new Subject { Namespace = "jobs", Account = "nightly" })),
            ],
            []),
        _time,
        NullLogger.Instance);

    private (Refusal? Refusal, Identified? Found) Ask(SubjectBook book, params X509Certificate2[] shown)
    {
        var refusal = book.Identify(
            new Caller(TestKeys.Key(1).Kid, [.. shown.Select(one => (ReadOnlyMemory<byte>)one.RawData)], null),
            Now, 5_000, out var found);
        return (refusal, found);
    }
}
