using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Google.Protobuf;
using Grant = Fairlead.Naming.Grant;
using Query = Fairlead.Naming.Query;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>Grants behind the first one (V48, V52): a stream lives as long as they say, and anybody may send some.
/// </summary>
public sealed class GrantRenewalTests : IAsyncLifetime
{
    private const int Burst = 100;

    private static readonly Naming.Subject Pod = new() { Namespace = "shop", Account = "frontend" };

    private readonly AnchorCluster _target = new("us1.internal", 200, anchors: 1)
    {
        Rates = RateOptions.Default with
        {
            SubjectPerSecond = 1, SubjectBurst = Burst, SegmentPerSecond = 1, SegmentBurst = 900,
        },
    };

    private readonly TestSegment _home =
        new(new TestSegmentOptions { Name = "eu1.internal", Issued = ClusterClient.Now - 60_000 });

    private readonly TlsIdentity _homeAnchor = new(TestKeys.Ecdsa(102), TimeProvider.System);
    private readonly ClusterClient _client = new();
    private readonly CancellationTokenSource _bounded =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    public async ValueTask InitializeAsync()
    {
        _bounded.CancelAfter(TimeSpan.FromMinutes(4));
        _home.PeerWith(_target.Segment);
        _target.Segment.PeerWith(_home);
        await _target.StartAllAsync();
        await _client.SealAsync(_target, 0, "checkout.shop.svc", TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _target.DisposeAsync();
        await _client.DisposeAsync();
        _homeAnchor.Dispose();
        _bounded.Dispose();
    }

    [Fact]
    public async Task Subscription_EndsWithItsGrant_WhereThatIsBehindMoreOfNobodysThanMayBeSent()
    {
        await using var client = ClusterClient.Client(_target, 0, _homeAnchor);
        using var stream = client.Subscribe(_bounded.Token);
        await stream.RequestStream.WriteAsync(Open(1, life: 8_000), _bounded.Token);
        Assert.Equal(SubscribeResponse.KindOneofCase.Update, (await NextAsync(stream)).KindCase);
        await stream.RequestStream.WriteAsync(Forged(Pod with { Account = "nobody" }, 1_000), _bounded.Token);
        var renewed = ClusterClient.Now + 55_000;
        await stream.RequestStream.WriteAsync(Renewed(Pod, life: 55_000), _bounded.Token);
        Assert.Equal(1UL, (await UntilAsync(stream, SubscribeResponse.KindOneofCase.Lapsed)).Lapsed.Id);
        Assert.InRange(ClusterClient.Now, 0, renewed - _target.Segment.Newest.Value.Policy.ClockDelta - 1);
    }

    /// <summary>A renewed Grant is one for all names that its subject has open, and for none that it has no more.
    /// </summary>
    [Fact]
    public async Task Subscription_OfASubjectWhoseGrantIsRenewed_OutlivesItsFirst()
    {
        var other = Pod with { Account = "other" };
        await using var client = ClusterClient.Client(_target, 0, _homeAnchor);
        using var stream = client.Subscribe(_bounded.Token);
        foreach (var (id, subject) in new[] { (1UL, Pod), (2UL, other), (3UL, Pod), (4UL, Pod) })
        {
            await stream.RequestStream.WriteAsync(Open(id, life: 8_000, subject), _bounded.Token);
        }

        await stream.RequestStream.WriteAsync(
            new SubscribeRequest { Close = new Close { Id = 3 } }, _bounded.Token);
        await stream.RequestStream.WriteAsync(Renewed(Pod, life: 20_000), _bounded.Token);
        var lapsed = new List<ulong>();
        while (lapsed.Count < 3)
        {
            lapsed.Add((await UntilAsync(stream, SubscribeResponse.KindOneofCase.Lapsed)).Lapsed.Id);
        }

        Assert.Equal(2UL, lapsed[0]);
        Assert.Equal([1, 4], lapsed[1..].Order().ToList());
    }

    /// <summary>Grants that nobody signed cost as much as questions do, and those of subjects that have nothing open
    /// here cost no look at their signature.</summary>
    [Fact]
    public async Task Renewals_ThatNobodySigned_CountAsQuestions()
    {
        await using var client = ClusterClient.Client(_target, 0, _homeAnchor);
        using var stream = client.Subscribe(_bounded.Token);
        await stream.RequestStream.WriteAsync(Open(1, life: 30_000), _bounded.Token);
        Assert.Equal(SubscribeResponse.KindOneofCase.Update, (await NextAsync(stream)).KindCase);

        await stream.RequestStream.WriteAsync(Forged(Pod with { Account = "nobody" }, 200), _bounded.Token);
        await stream.RequestStream.WriteAsync(Open(2, life: 30_000), _bounded.Token);
        await UntilAsync(stream, SubscribeResponse.KindOneofCase.Update);

        // By themselves half as many questions as may be asked at once are all answered, also where some time brought
        // room for more.
        await stream.RequestStream.WriteAsync(Forged(Pod, 2 * Burst), _bounded.Token);
        for (var id = 3UL; id < 3 + (Burst / 2); id++)
        {
            await stream.RequestStream.WriteAsync(Open(id, life: 30_000), _bounded.Token);
        }

        var failed = (await UntilAsync(stream, SubscribeResponse.KindOneofCase.Failed)).Failed;
        Assert.Equal(nameof(VerificationFailure.RateLimited), failed.Failure);
    }

    private async Task<SubscribeResponse> NextAsync(
        AsyncDuplexStreamingCall<SubscribeRequest, SubscribeResponse> stream)
    {
        Assert.True(await stream.ResponseStream.MoveNext(_bounded.Token));
        return stream.ResponseStream.Current;
    }

    private async Task<SubscribeResponse> UntilAsync(
        AsyncDuplexStreamingCall<SubscribeRequest, SubscribeResponse> stream, SubscribeResponse.KindOneofCase kind)
    {
        while (true)
        {
            if (await NextAsync(stream) is { } next && next.KindCase == kind)
            {
                return next;
            }
        }
    }

    private Grant Of(Naming.Subject subject, long life) => new()
    {
        Audience = _target.Segment.Genesis,
        Expires = ClusterClient.Now + life,
        Home = _home.Genesis,
        HomeEpoch = 1,
        Issued = ClusterClient.Now,
        Subject = subject,
        Tls = TestKeys.Signer(102).Key.Kid,
    };

    private SubscribeRequest Forged(Naming.Subject subject, int count)
    {
        var grants = new Grants();
        var signed = Envelope.Sign(Document.Make(Of(subject, 30_000)), _home.Seal(0));
        var forged = new Envelope(signed.Payload, [signed.Signatures[0] with { Value = new byte[64] }]);
        grants.Grants_.AddRange(Enumerable.Repeat(WireWriter.ToMessage(forged), count));
        return new SubscribeRequest { Grants = grants };
    }

    private SubscribeRequest Renewed(Naming.Subject subject, long life) => new()
    {
        Grants = new Grants
        {
            Grants_ =
            {
                WireWriter.ToMessage(Envelope.Sign(Document.Make(Of(subject, life)), _home.Seal(0))),
            },
        },
    };

    private SubscribeRequest Open(ulong id, long life, Naming.Subject? subject = null)
    {
        subject ??= Pod;
        var query = Document.Make(new Query
        {
            Home = _home.Genesis,
            Name = FullName.Parse("checkout.shop.svc.us1.internal"),
            Subject = Hashes.Subject(_home.Genesis, subject),
        });
        var request = new ResolveRequest
        {
            Query = ByteString.CopyFrom(query.Payload.Span),
            Grant = WireWriter.ToMessage(Envelope.Sign(Document.Make(Of(subject, life)), _home.Seal(0))),
        };
        request.HomeEpochs.AddRange(_home.Chain.Select(WireWriter.ToMessage));
        return new SubscribeRequest { Open = new Open { Id = id, Request = request } };
    }
}
