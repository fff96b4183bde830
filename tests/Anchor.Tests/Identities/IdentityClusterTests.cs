using System.Collections.Immutable;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Fairlead.Anchor.Identities;
using Fairlead.Anchor.Tests.Cluster;
using Fairlead.Anchor.Tests.Home.Reports;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Google.Protobuf;

namespace Fairlead.Anchor.Tests.Identities;

/// <summary>
/// V50 over real sockets: pods of eu1 show SVIDs and tokens to its real anchors, which answer for themselves and for
/// us1, and no other segment ever sees what they were shown.
/// </summary>
public sealed class IdentityClusterTests : IAsyncLifetime
{
    private const string Checkout = "checkout.shop.svc.us1.internal";
    private const string Frontend = "spiffe://eu1.internal/ns/shop/sa/frontend";

    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-identity-").FullName;
    private readonly TokenMaker _issuer = new();
    private readonly CertificateAuthority _authority =
        new("eu1.internal", TimeProvider.System.GetUtcNow());

    private readonly Headers _homeHeard = new();
    private readonly Headers _targetHeard = new();
    private readonly ClusterClient _client = new();
    private readonly TlsIdentity _stranger = new(TestKeys.Ecdsa(901), TimeProvider.System);
    private AnchorCluster _home = null!;
    private AnchorCluster _target = null!;

    private string Bundle => Path.Combine(_folder, "bundle.pem");

    private string Keys => Path.Combine(_folder, "jwks.json");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(Bundle, _authority.Certificate.ExportCertificatePem(), Stop);
        await File.WriteAllTextAsync(Keys, TokenMaker.KeySet(_issuer), Stop);
        var identities = new IdentityOptions(
            [new SpiffeDomain("eu1.internal", Bundle, true, ImmutableDictionary<string, Naming.Subject>.Empty)],
            [new TokenIssuer(TokenMaker.Issuer, TokenMaker.Audience, Keys)]);
        _home = new AnchorCluster("eu1.internal", 100)
        {
            Identities = identities,
            Decorate = service => service.Intercept(_homeHeard),
        };
        _target = new AnchorCluster(
            "us1.internal", 200, leaves: [TestLeaves.Rule("hidden", RuleEffect.Deny, ["*.hidden.svc"])])
        {
            Decorate = service => service.Intercept(_targetHeard),
        };
        _home.Segment.PeerWith(_target.Segment);
        _target.Segment.PeerWith(_home.Segment);
        await Task.WhenAll(_home.StartAllAsync(), _target.StartAllAsync());
        await _client.SealAsync(_target, 0, "checkout.shop.svc", Stop);
    }

    public async ValueTask DisposeAsync()
    {
        await _home.DisposeAsync();
        await _target.DisposeAsync();
        await _client.DisposeAsync();
        _stranger.Dispose();
        _issuer.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Svid_OfThePod_ResolvesAndAnotherSubjectsDoesNot()
    {
        await AnsweredAsync(Shown(_authority.Sign([Frontend])), null);
        var between = new CertificateAuthority("eu1.internal", TimeProvider.System.GetUtcNow(), parent: _authority);
        await AnsweredAsync(Shown(between.Sign([Frontend]), between.Certificate), null);

        await RefusedAsync(Shown(_authority.Sign(["spiffe://eu1.internal/ns/shop/sa/other"])), null);
        await RefusedAsync(Shown(between.Sign([Frontend])), null);
        var wrong = new CertificateAuthority("eu1.internal", TimeProvider.System.GetUtcNow());
        await RefusedAsync(Shown(wrong.Sign([Frontend])), null);
        await RefusedAsync(Shown(_authority.Sign(["spiffe://us1.internal/ns/shop/sa/frontend"])), null);
        await RefusedAsync(_stranger, null);

        // The authority is replaced on disk: the old one's SVIDs end, the new one's begin.
        await File.WriteAllTextAsync(Bundle, wrong.Certificate.ExportCertificatePem(), Stop);
        await AnsweredAsync(Shown(wrong.Sign([Frontend])), null);
        await RefusedAsync(Shown(_authority.Sign([Frontend])), null);
    }

    [Fact]
    [MaliciousInput(76, "token for the API server: TokenAudience")]
    public async Task Token_OfThePod_ResolvesAndStopsAtTheHome()
    {
        var token = _issuer.Sign(Claims());
        await AnsweredAsync(_stranger, token);
        Assert.Contains($"Bearer {token}", _homeHeard.Authorization);
        Assert.NotEqual(0, _targetHeard.Calls);
        Assert.Empty(_targetHeard.Authorization);

        await RefusedAsync(_stranger, _issuer.Sign(TokenMaker.Claims(TimeProvider.System.GetUtcNow(), account: "no")));
        var claims = Claims();
        claims["aud"] = new System.Text.Json.Nodes.JsonArray("https://kubernetes.default.svc");
        await RefusedAsync(_stranger, _issuer.Sign(claims), VerificationFailure.TokenAudience);
        await RefusedAsync(_stranger, TokenMaker.Join(_issuer.Header("none"), Claims(), _ => []));
        await RefusedAsync(_stranger, _issuer.Sign(
            TokenMaker.Claims(TimeProvider.System.GetUtcNow() - TimeSpan.FromHours(2))));

        using var next = new TokenMaker("key-2");
        await RefusedAsync(_stranger, next.Sign(Claims()));
        await File.WriteAllTextAsync(Keys, TokenMaker.KeySet(next), Stop);
        await AnsweredAsync(_stranger, next.Sign(Claims()));
        await RefusedAsync(_stranger, token);
    }

    /// <summary>A denial is no oracle, whatever the pod proves itself by: all but the name is the same.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Denial_OfAnExistingName_IsThatOfAMissingOne(bool isSvid)
    {
        await _client.SealAsync(_target, 0, "vault.hidden.svc", Stop);
        var (identity, token) = isSvid
            ? (Shown(_authority.Sign([Frontend])), (string?)null)
            : (_stranger, _issuer.Sign(Claims()));
        var existing = await DenialAsync(identity, token, "vault.hidden.svc.us1.internal");
        var missing = await DenialAsync(identity, token, "ghost.hidden.svc.us1.internal");
        Assert.Equal(existing, missing);
    }

    [Fact]
    public async Task Stream_OfATokenWhoseKeyIsWithdrawn_Lapses()
    {
        await using var client = Client(_stranger, _issuer.Sign(Claims()));
        using var call = client.Subscribe(Stop);
        await call.RequestStream.WriteAsync(
            new SubscribeRequest { Open = new Open { Id = 7, Request = Request() } }, Stop);
        do
        {
            Assert.True(await call.ResponseStream.MoveNext(Stop));
        }
        while (call.ResponseStream.Current.Failed is { } failed
            && RpcFailures.TryParse(failed.Failure, out var failure) && RpcFailures.IsRetriable(failure));

        Assert.NotNull(call.ResponseStream.Current.Update);
        using var next = new TokenMaker("key-2");
        await File.WriteAllTextAsync(Keys, TokenMaker.KeySet(next), Stop);
        do
        {
            Assert.True(await call.ResponseStream.MoveNext(Stop));
        }
        while (call.ResponseStream.Current.KindCase != SubscribeResponse.KindOneofCase.Lapsed);

        Assert.Equal(7ul, call.ResponseStream.Current.Lapsed.Id);
    }

    [Fact]
    public async Task Token_IsNotSentBeforeTheAnchorsKeyIsVerified()
    {
        var token = _issuer.Sign(Claims());
        await using var client = new AnchorClient(
            _home.Segment.Newest.Value.Anchors[0].Endpoints[0], _stranger, TimeProvider.System) { Token = token };
        var refused = await Assert.ThrowsAsync<RpcException>(() => client.ResolveAsync(Request(), Stop));
        Assert.Equal(VerificationFailure.SubjectUnknown, RpcFailures.Read(refused)?.Failure);
        Assert.Empty(_homeHeard.Authorization);

        // One that stands in an anchor's place is another segment's anchor, say: its key is in no epoch of the home.
        await using var wrong = new AnchorClient(
            _target.Segment.Newest.Value.Anchors[0].Endpoints[0], _stranger, TimeProvider.System) { Token = token };
        await Assert.ThrowsAsync<RpcException>(() => wrong.ResolveAsync(Request(), Stop));
        Assert.NotNull(wrong.Require(HomeState()));
        await Assert.ThrowsAsync<RpcException>(() => wrong.ResolveAsync(Request(), Stop));
        Assert.Empty(_targetHeard.Authorization);
    }

    /// <summary>Whoever is known is no stranger, by whichever call that shows: one that reads another segment's chain,
    /// and one that tells of evidence, say who asks by token or certificate alone.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Pod_ByWhatItProvesItselfBy_IsNoStrangerOnceItReadsOrReports(bool isSvid)
    {
        var (identity, token) = isSvid
            ? (Shown(_authority.Sign([Frontend])), (string?)null)
            : (_stranger, _issuer.Sign(Claims()));
        await AnsweredAsync(identity, token); // From now on us1's chain is relayed.
        await KnownAsync(client => client.EpochsAsync(
            new EpochsRequest { Genesis = WireWriter.ToBytes(_target.Segment.Genesis), Limit = 1 }, Stop));
        var ofNobody = EvidenceWorld.Votes(new TestSegment(new TestSegmentOptions { FirstKey = 700 }), 0);
        await KnownAsync(async client =>
        {
            var refused = await Assert.ThrowsAsync<RpcException>(() => client.ReportAsync(ofNobody, Stop));
            Assert.Equal(VerificationFailure.EpochUnknown, RpcFailures.Read(refused)?.Failure);
        });

        async Task KnownAsync(Func<AnchorClient, Task> say)
        {
            await StrangersAsync(0);
            await using var client = Client(identity, token);
            using var open = client.Subscribe(Stop); // Without a call a stranger would be closed some time.
            await client.HeadAsync(
                new HeadRequest
                {
                    Genesis = WireWriter.ToBytes(_home.Segment.Genesis), Nonce = ByteString.CopyFrom(new byte[16]),
                },
                Stop);
            await StrangersAsync(1);
            await say(client);
            await StrangersAsync(0);
        }
    }

    private Task StrangersAsync(int count) => Eventually.HoldsAsync(
        () => Task.FromResult(_home[0].Status("a").Strangers.Connections), held => held == count,
        TimeSpan.FromMinutes(2), Stop);

    private static System.Text.Json.Nodes.JsonObject Claims() => TokenMaker.Claims(TimeProvider.System.GetUtcNow());

    private static TlsIdentity Shown(X509Certificate2 svid, params X509Certificate2[] between) =>
        new(svid, SslStreamCertificateContext.Create(svid, [.. between], offline: true));

    private SegmentState HomeState()
    {
        var verdict = EpochChain.Extend(
            null, _home.Segment.Genesis, null, [.. _home.Segment.Chain], ClusterClient.Now, 5_000);
        return verdict.IsAccepted ? verdict.Segment : throw new InvalidOperationException();
    }

    private AnchorClient Client(TlsIdentity identity, string? token) => new(
        _home.Segment.Newest.Value.Anchors[0].Endpoints[0], identity, TimeProvider.System, HomeState())
    {
        Patience = TimeSpan.FromMinutes(2),
        Token = token,
    };

    private ResolveRequest Request() => new()
    {
        Query = UnsafeByteOperations.UnsafeWrap(ClusterClient.Ask(_home, Checkout).Payload),
    };

    /// <summary>What a denial shows besides the name that was asked for and the moment: its form, part by part, and who
    /// decided by what.</summary>
    private async Task<string> DenialAsync(TlsIdentity identity, string? token, string name)
    {
        var (query, answer) = await AskAsync(identity, token, name);
        var accepted = Assert.IsType<Verdict.Accepted>(ClusterClient.Verify(_home, query, answer));
        Assert.Equal(Outcome.Denied, accepted.Answer.Outcome);
        return string.Join('\n', answer.Hops.Zip(accepted.Answer.Hops, (raw, hop) => string.Join(
            ' ', raw.Kind, raw.Nodes.Length,
            string.Join(',', raw.Proofs.Select(proof => $"{proof.Class}{proof.Proof.End}")),
            string.Join(',', raw.Attests.Select(attest => attest.Payload.Length)),
            string.Join(',', hop.Attests.Select(one => $"{one.Allowed} {one.Rule} {one.RuleId} {one.Subject}")))))
            + $"\n{answer.Result} {answer.Slices.Length}";
    }

    private async Task AnsweredAsync(TlsIdentity identity, string? token)
    {
        var (query, answer) = await AskAsync(identity, token, Checkout);
        Assert.IsType<Verdict.Accepted>(ClusterClient.Verify(_home, query, answer));
    }

    private async Task<(Parsed<Naming.Query> Query, UnverifiedAnswer Answer)> AskAsync(
        TlsIdentity identity, string? token, string name)
    {
        for (var left = 2_000; ; left--)
        {
            await using var client = Client(identity, token);
            try
            {
                var query = ClusterClient.Ask(_home, name);
                return (query, await ClusterClient.ResolveOnceAsync(client, query, Stop));
            }
            catch (RpcException e) when (left > 0 && RpcFailures.Read(e) is { } refusal
                && (RpcFailures.IsRetriable(refusal.Failure) || IsNotLookedAtYet(refusal)))
            {
                await Task.Delay(100, Stop);
            }
        }
    }

    // Files are looked at once a second: until then the ones before count.
    private static bool IsNotLookedAtYet(Refusal refusal) => refusal.Failure == VerificationFailure.SubjectUnknown;

    private async Task RefusedAsync(
        TlsIdentity identity, string? token, VerificationFailure failure = VerificationFailure.SubjectUnknown)
    {
        await using var client = Client(identity, token);
        var refused = await Assert.ThrowsAsync<RpcException>(() => client.ResolveAsync(Request(), Stop));
        var refusal = RpcFailures.Read(refused);
        Assert.Equal(failure, refusal?.Failure);
        Assert.True(token is null || !refused.ToString().Contains(token[^40..], StringComparison.Ordinal));
    }

    /// <summary>What anchors hear in the header that carries tokens. Thread-safe.</summary>
    private sealed class Headers : ServerInterceptor
    {
        private readonly Lock _gate = new();
        private readonly List<string> _heard = [];
        private int _calls;

        internal int Calls => Volatile.Read(ref _calls);

        internal IReadOnlyList<string> Authorization
        {
            get
            {
                lock (_gate)
                {
                    return [.. _heard];
                }
            }
        }

        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            Note(context);
            return continuation(request, context);
        }

        public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            DuplexStreamingServerMethod<TRequest, TResponse> continuation)
        {
            Note(context);
            return continuation(requestStream, responseStream, context);
        }

        private void Note(ServerCallContext context)
        {
            Interlocked.Increment(ref _calls);
            if (context.RequestHeaders.GetValue("authorization") is { } value)
            {
                lock (_gate)
                {
                    _heard.Add(value);
                }
            }
        }
    }
}
