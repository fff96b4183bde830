using Fairlead.Anchor.Serving;
using Fairlead.Anchor.Tests.Hierarchy;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Google.Protobuf;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>V52 as real anchors keep it: of their own pods, and of another segment's anchors.</summary>
public sealed class RateClusterTests
{
    [Fact]
    [MaliciousInput(94, "over the subject's rate: RateLimited")]
    public async Task Subject_OverItsRate_IsRefusedByNameAndOthersAreNot()
    {
        using var bounded = Bounded();
        var other = new Naming.Subject { Namespace = "shop", Account = "other" };
        await using var home = new AnchorCluster(
            "eu1.internal", 100, [.. ClusterClient.Subjects, (TestKeys.Signer(901).Key, other)], anchors: 1)
        {
            Rates = RateOptions.Default with { SubjectPerSecond = 1, SubjectBurst = 400 },
        };
        await home.StartAllAsync();
        await using var client = new ClusterClient();
        var query = ClusterClient.Ask(home, "nobody.shop.svc.eu1.internal");
        await using var pod = client.AsPod(home, 0);
        var refused = 0;
        for (var i = 0; i < 10_000 && refused == 0; i++)
        {
            try
            {
                await ClusterClient.ResolveOnceAsync(pod, query, bounded.Token);
            }
            catch (RpcException e) when (RpcFailures.Read(e)?.Failure == VerificationFailure.RateLimited)
            {
                refused = i;
            }
        }

        Assert.True(refused >= 400, $"refused at {refused}");
        Assert.Contains(
            (nameof(VerificationFailure.RateLimited), 1), home[0].Status("a").Answers.Failures);
        using var stream = pod.Subscribe(bounded.Token);
        var request = new ResolveRequest { Query = UnsafeByteOperations.UnsafeWrap(query.Payload) };
        for (var id = 1u; id <= 400; id++)
        {
            await stream.RequestStream.WriteAsync(
                new SubscribeRequest { Open = new Open { Id = id, Request = request } }, bounded.Token);
        }

        do
        {
            Assert.True(await stream.ResponseStream.MoveNext(bounded.Token));
        }
        while (stream.ResponseStream.Current.Failed is not { Failure: nameof(VerificationFailure.RateLimited) });

        using var identity = new TlsIdentity(TestKeys.Ecdsa(901), TimeProvider.System);
        await using var another = ClusterClient.Client(home, 0, identity);
        var asked = Document.Make(query.Value with { Subject = Hashes.Subject(home.Segment.Genesis, other) });
        await ClusterClient.ResolveOnceAsync(another, asked, bounded.Token);
    }

    /// <summary>A target that hears too much of a home is asked again for the rest, and answers it in time.</summary>
    [Fact]
    public async Task Segment_OverItsRate_HearsOfAllItsNamesLater()
    {
        using var bounded = Bounded();
        await using var home = new AnchorCluster("eu1.internal", 100, ClusterClient.Subjects, anchors: 1);
        await using var target = new AnchorCluster("us1.internal", 200, anchors: 1)
        {
            Rates = RateOptions.Default with { SegmentPerSecond = 1, SegmentBurst = 2 },
        };
        home.Segment.PeerWith(target.Segment);
        target.Segment.PeerWith(home.Segment);
        await Task.WhenAll(home.StartAllAsync(), target.StartAllAsync());
        await using var client = new ClusterClient();
        await client.SealAsync(target, 0, "checkout.shop.svc", bounded.Token);
        var verdicts = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => client.ResolveAsync(
            home, 0, (i == 0 ? "checkout" : $"n{i}") + ".shop.svc.us1.internal", bounded.Token)));
        Assert.Equal(
            [Outcome.Record, Outcome.Absent, Outcome.Absent, Outcome.Absent, Outcome.Absent],
            verdicts.Select(verdict => Assert.IsType<Verdict.Accepted>(verdict).Answer.Outcome));
    }

    /// <summary>An anchor that calls every question one too many is left for another one, and what it says of questions
    /// that were not asked is not remembered.</summary>
    [Fact]
    public async Task Anchor_ThatCallsEveryQuestionOneTooMany_IsLeftForAnother()
    {
        using var bounded = Bounded();
        var (liar, others) = (new Withholding(), new Overheard());
        await using var home = new AnchorCluster("eu1.internal", 100, ClusterClient.Subjects, anchors: 1);
        await using var target = new AnchorCluster("us1.internal", 200)
        {
            DecorateOne = (index, service) => index == 0 ? service.Intercept(liar) : service.Intercept(others),
        };
        home.Segment.PeerWith(target.Segment);
        target.Segment.PeerWith(home.Segment);
        await Task.WhenAll(home.StartAllAsync(), target.StartAllAsync());
        await using var client = new ClusterClient();
        await client.SealAsync(target, 1, "checkout.shop.svc", bounded.Token);

        var verdict = await client.ResolveAsync(home, 0, "checkout.shop.svc.us1.internal", bounded.Token);
        Assert.Equal(Outcome.Record, Assert.IsType<Verdict.Accepted>(verdict).Answer.Outcome);

        // Where it was slow as well, another one was asked beside it, before it had said so twice and was left.
        await Eventually.HoldsAsync(
            () => Task.FromResult((liar.Refused, Left: others.CountOf(nameof(SubscribeRequest)))),
            seen => seen is { Refused: > 1, Left: > 0 }, TimeSpan.FromMinutes(2), bounded.Token);
    }

    /// <summary>Answers each question of a stream with <c>RateLimited</c>, and adds one about another that was never
    /// asked.</summary>
    private sealed class Withholding : ServerInterceptor
    {
        private int _refused;

        internal int Refused => Volatile.Read(ref _refused);

        public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            DuplexStreamingServerMethod<TRequest, TResponse> continuation)
        {
            if (typeof(TRequest) != typeof(SubscribeRequest))
            {
                await continuation(requestStream, responseStream, context);
                return;
            }

            while (await requestStream.MoveNext(context.CancellationToken))
            {
                if (((SubscribeRequest)(object)requestStream.Current).Open is not { } open)
                {
                    continue;
                }

                Interlocked.Increment(ref _refused);
                foreach (var id in new[] { open.Id, open.Id + 1000 })
                {
                    await responseStream.WriteAsync((TResponse)(object)new SubscribeResponse
                    {
                        Failed = new Failed { Id = id, Failure = nameof(VerificationFailure.RateLimited) },
                    });
                }
            }
        }
    }

    private static CancellationTokenSource Bounded()
    {
        var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(TimeSpan.FromMinutes(4));
        return bounded;
    }
}
