using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Google.Protobuf;
using Query = Fairlead.Naming.Query;

namespace Fairlead.Anchor.Tests.Cluster;

public sealed class AnchorClusterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Publish_ToOneAnchor_IsSealedByAllAndResolvesFromTheNeighbour()
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(Patience);
        var podKey = TestKeys.Signer(900);
        var subject = new Naming.Subject { Namespace = "shop", Account = "frontend" };
        await using var home = new AnchorCluster("eu1.internal", 100, [(podKey.Key, subject)]);
        var asked = new HeardQuestions();
        await using var target = new AnchorCluster("us1.internal", 200)
        {
            Decorate = service => service.Intercept(asked),
        };
        home.Segment.PeerWith(target.Segment);
        target.Segment.PeerWith(home.Segment);
        await Task.WhenAll(home.StartAllAsync(), target.StartAllAsync());

        using var publisher = new TlsIdentity(TestKeys.Ecdsa(290), TimeProvider.System);
        await PublishAsync(target, publisher, bounded.Token);

        using var pod = new TlsIdentity(TestKeys.Ecdsa(900), TimeProvider.System);
        await using var anchor =
            new AnchorClient(home.Segment.Newest.Value.Anchors[1].Endpoints[0], pod, TimeProvider.System);
        var query = Document.Make(new Query
        {
            Home = home.Segment.Genesis,
            Name = FullName.Parse("checkout.shop.svc.us1.internal"),
            Subject = Hashes.Subject(home.Segment.Genesis, subject),
        });
        var verdict = await ResolveAsync(anchor, home, query, subject, bounded.Token);

        var accepted = Assert.IsType<Verdict.Accepted>(verdict);
        Assert.Equal(Outcome.Record, accepted.Answer.Outcome);
        Assert.Equal(2, accepted.Answer.Hops.Length);
        Assert.Equal(3, accepted.Answer.Target.Seal!.Signers.Length);

        var unknown = Document.Make(query.Value with { Name = FullName.Parse("nobody.shop.svc.us1.internal") });
        accepted = Assert.IsType<Verdict.Accepted>(await ResolveAsync(anchor, home, unknown, subject, bounded.Token));
        Assert.Equal(Outcome.Absent, accepted.Answer.Outcome);

        using var http = new HttpClient();
        var metrics = await http.GetStringAsync($"http://{home[1].Metrics}/metrics", bounded.Token);
        Assert.Contains("fairlead_anchor_answers_scope_total{scope=\"out\"} 2\n", metrics, StringComparison.Ordinal);
        Assert.Contains(
            $"fairlead_anchor_answers_total{{consumer=\"{home.Segment.Genesis}\"}} 2\n", metrics,
            StringComparison.Ordinal);

        // At the target's anchors, whichever of them were asked, and as often as they were.
        var heard = await Task.WhenAll(target.Running.Select(
            host => http.GetStringAsync($"http://{host.Metrics}/metrics", bounded.Token)));
        Assert.InRange(
            heard.Sum(page => ValueOf(page, "fairlead_anchor_answers_scope_total{scope=\"in\"} ")), 2,
            asked.Names.Count);
        Assert.All(heard, page => Assert.DoesNotContain("scope=\"out\"", page, StringComparison.Ordinal));
    }

    [Fact]
    [MaliciousInput(142, "pod without a known identity: SubjectUnknown")]
    public async Task Resolve_ByAPodWithoutAKnownIdentity_SubjectUnknown()
    {
        await using var home = await StartHomeAsync();
        var other = Hashes.Subject(home.Segment.Genesis, Frontend with { Account = "admin" });

        Assert.Equal(VerificationFailure.SubjectUnknown, (await AskAsync(home, Stranger))?.Failure);
        Assert.Equal(VerificationFailure.SubjectUnknown, (await AskAsync(home, Pod, subject: other))?.Failure);
        Assert.Null(await AskAsync(home, Pod));
    }

    /// <summary>V64: what the asker holds is the least that it takes, and an anchor that has not got there says
    /// so.</summary>
    [Fact]
    public async Task Resolve_KnowingALaterSealThanTheAnchor_Behind()
    {
        await using var home = await StartHomeAsync();
        Assert.Null(await AskAsync(home, Pod));

        var known = new Known { Genesis = WireWriter.ToBytes(home.Segment.Genesis), SealSeq = 1_000_000_000 };
        Assert.Equal(VerificationFailure.Behind, (await AskAsync(home, Pod, known))?.Failure);
        Assert.True(RpcFailures.IsRetriable(VerificationFailure.Behind));
    }

    private static int ValueOf(string page, string line)
    {
        var at = page.IndexOf(line, StringComparison.Ordinal);
        return at < 0 ? 0 : int.Parse(page.AsSpan(at + line.Length, page.IndexOf('\n', at) - at - line.Length));
    }

    private const int Pod = 910;
    private const int Stranger = 911;

    private static readonly Naming.Subject Frontend = new() { Namespace = "shop", Account = "frontend" };

    private static async Task<AnchorCluster> StartHomeAsync()
    {
        var home = new AnchorCluster("eu1.internal", 100, [(TestKeys.Signer(Pod).Key, Frontend)]);
        await home.StartAllAsync();
        return home;
    }

    /// <summary>Asks the first anchor for a name of its own segment, until it holds a seal.</summary>
    /// <returns>Why it refused, or null where it answered.</returns>
    private static async Task<Refusal?> AskAsync(
        AnchorCluster home, int key, Known? known = null, Digest? subject = null)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(Patience);
        using var identity = new TlsIdentity(TestKeys.Ecdsa(key), TimeProvider.System);
        await using var anchor = new AnchorClient(
            home.Segment.Newest.Value.Anchors[0].Endpoints[0], identity, TimeProvider.System);
        var query = Document.Make(new Query
        {
            Home = home.Segment.Genesis,
            Name = FullName.Parse("nobody.shop.svc.eu1.internal"),
            Subject = subject ?? Hashes.Subject(home.Segment.Genesis, Frontend),
        });
        var request = new ResolveRequest { Query = UnsafeByteOperations.UnsafeWrap(query.Payload) };
        request.Known.AddRange(known is null ? [] : [known]);
        while (true)
        {
            try
            {
                await anchor.ResolveAsync(request, bounded.Token);
                return null;
            }
            catch (RpcException e) when (RpcFailures.Read(e) is { } refusal)
            {
                if (refusal.Failure != VerificationFailure.NotSealed)
                {
                    return refusal;
                }
            }
        }
    }

    private static async Task PublishAsync(
        AnchorCluster target, TlsIdentity publisher, CancellationToken cancellationToken)
    {
        var slice = TestLeaves.Slice("checkout.shop.svc", 18080, "127.0.2.1", "127.0.2.2");
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        var record = Document.Make(TestLeaves.Record(target.Segment, "checkout.shop.svc", now) with
        {
            Issued = now,
            Expires = now + 3_600_000,
            Slices = [new SliceReference { Count = 2, Digest = slice.Digest }],
        });
        await using var anchor =
            new AnchorClient(target.Segment.Newest.Value.Anchors[2].Endpoints[0], publisher, TimeProvider.System);
        var request = new PublishRequest
        {
            Genesis = WireWriter.ToBytes(target.Segment.Genesis),
            Entries =
            {
                new Entry
                {
                    Type = "record",
                    Document = WireWriter.ToMessage(Envelope.Sign(record, target.Segment.Publisher)),
                    Slices = { UnsafeByteOperations.UnsafeWrap(slice.Payload) },
                },
            },
        };
        using var call = anchor.Publish(request, cancellationToken);
        var events = new List<PublishEvent>();
        while (await call.ResponseStream.MoveNext(cancellationToken))
        {
            events.Add(call.ResponseStream.Current);
        }

        Assert.Equal(PublishEvent.KindOneofCase.Accepted, events[0].KindCase);
        Assert.True(events[^1].KindCase == PublishEvent.KindOneofCase.Sealed, events[^1].ToString());
    }

    private static async Task<Verdict> ResolveAsync(
        AnchorClient anchor, AnchorCluster home, Parsed<Query> query, Naming.Subject subject,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                var response = await anchor.ResolveAsync(
                    new ResolveRequest { Query = UnsafeByteOperations.UnsafeWrap(query.Payload) }, cancellationToken);
                Assert.True(
                    WireReader.TryRead(response.Answer, out var answer, out var malformed), malformed?.ToString());
                var state = VerifierState.Start(new HomePin(home.Segment.Genesis, home.Segment.Name));
                return AnswerVerifier.Verify(
                    state, query, answer, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(),
                    new VerifierOptions { UnsafeAllowLoopbackEndpoints = true, Subject = subject });
            }
            catch (RpcException e) when (RpcFailures.Read(e) is { } refusal && RpcFailures.IsRetriable(refusal.Failure))
            {
                TestContext.Current.TestOutputHelper?.WriteLine(refusal.ToString());
            }
        }
    }
}
