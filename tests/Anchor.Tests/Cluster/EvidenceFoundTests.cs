using Fairlead.Anchor.Peers;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Microsoft.Extensions.Logging.Abstractions;
using EpochMessage = Fairlead.Governance.EpochMessage;
using EpochVote = Fairlead.Governance.EpochVote;
using Verdict = Fairlead.Naming.Traversal.Verdict;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>V38 from where it is found: by an anchor's engine, and on a stream that tells too much.</summary>
public sealed class EvidenceFoundTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    /// <summary>An anchor that votes for two values of one round: what the others' engines see of it excludes it, at
    /// whoever saw it and at those whom that one tells.</summary>
    [Fact]
    public async Task Votes_OfAnAnchorThatContradictsItself_ExcludeItAtTheOthers()
    {
        var token = TestContext.Current.CancellationToken;
        await using var cluster = new AnchorCluster("us1.internal", 200);
        cluster.WriteFiles();
        await Task.WhenAll(Enumerable.Range(0, 3).Select(cluster.StartAsync));
        var (segment, liar) = (cluster.Segment, cluster.Segment.Newest.Value.Anchors[3].Id);
        await Eventually.HoldsAsync(
            () => Task.FromResult(cluster.Running.All(host => host.Views.Current is not null)), isSealed => isSealed,
            Patience, token);
        using var identity = new TlsIdentity(TestKeys.Ecdsa(200 + (3 * 3) + 2), TimeProvider.System);
        await using var link = new PeerLink(
            segment.Newest.Value.Anchors[0], identity, TimeProvider.System, NullLogger.Instance, static _ => { });
        await Eventually.HoldsAsync(
            () => Task.FromResult(link.IsConnected), isConnected => isConnected, Patience, token);

        link.Send(Vote("a"));
        link.Send(Vote("a"));
        link.Send(Vote("b"));
        await Task.WhenAll(Enumerable.Range(0, 3).Select(i => Eventually.HoldsAsync(
            () => Task.FromResult(cluster[i].Evidence.ToList()),
            held => held is [{ Kind: ContradictionKind.EpochVotes }], Patience, token)));

        // It is that anchor's, by the rules that everybody else goes by.
        var chain = EpochChain.Extend(null, segment.Genesis, null, [.. segment.Chain], ClusterClient.Now).Segment!;
        Assert.True(EvidenceCheck.Check(chain, cluster[0].Evidence.Single()).Next!.IsExcluded(liar));

        SegmentMessage Vote(string epoch)
        {
            var vote = Document.Make(new Vote
            {
                Digest = Digest.Sha256(System.Text.Encoding.UTF8.GetBytes(epoch)),
                Epoch = segment.Newest.Value.Number + 1,
                Phase = VotePhase.Prepare,
                Round = 0,
                Segment = segment.Genesis,
            });
            var signed = Envelope.Sign(vote, segment.Gov(3)).Signatures[0];
            return new SegmentMessage.Governing(new EpochMessage.Vote(
                vote.Value.Epoch, new EpochVote(VotePhase.Prepare, 0, vote.Value.Digest, signed)));
        }
    }

    /// <summary>A target's anchor that tells of evidence without end costs a home one stream, which ends, and no
    /// name.</summary>
    [Theory]
    [InlineData(Limits.EvidencePieces, false)]
    [InlineData(Limits.EvidencePieces + 1, true)]
    public async Task Stream_WithTooMuchEvidence_IsGivenUp(int pieces, bool isGivenUp)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(TimeSpan.FromMinutes(4));
        var moves = new Moves();
        var flood = new Flood(
            pieces, isGivenUp ? () => moves.Failures.Contains(VerificationFailure.RateLimited) : null);
        await using var home = new AnchorCluster("eu1.internal", 100, ClusterClient.Subjects, anchors: 1)
        {
            Loggers = moves,
        };
        await using var target = new AnchorCluster("us1.internal", 200, anchors: 1)
        {
            Decorate = service => service.Intercept(flood),
        };
        await using var client = new ClusterClient();
        home.Segment.PeerWith(target.Segment);
        target.Segment.PeerWith(home.Segment);
        await Task.WhenAll(home.StartAllAsync(), target.StartAllAsync());
        await client.SealAsync(target, 0, "checkout.shop.svc", bounded.Token);
        Assert.IsType<Verdict.Accepted>(
            await client.ResolveAsync(home, 0, "checkout.shop.svc.us1.internal", bounded.Token));
        if (isGivenUp)
        {
            await flood.Ended.WaitAsync(bounded.Token);
        }

        // Where it was not given up for that, the name came over it, or after it was given up for its silence.
        Assert.Equal(isGivenUp, moves.Failures.Contains(VerificationFailure.RateLimited));
        Assert.InRange(flood.Streams, isGivenUp ? 2 : 1, 1 + moves.Failures.Count());
    }

    // On the first stream, and on each one after it until one was given up for that: a stream may be left for its
    // silence before all were read. The pieces are of a segment that nobody knows, and nothing of them is verified.
    private sealed class Flood(int pieces, Func<bool>? isOver) : ServerInterceptor
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _streams;

        internal int Streams => Volatile.Read(ref _streams);

        internal Task Ended => _ended.Task;

        public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            DuplexStreamingServerMethod<TRequest, TResponse> continuation)
        {
            var isFirst = Interlocked.Increment(ref _streams) == 1;
            var isFlooded = isFirst || isOver?.Invoke() == false;
            try
            {
                if (isFlooded && responseStream is IServerStreamWriter<SubscribeResponse> told)
                {
                    var evidence = WireWriter.ToMessage(OfNobody());
                    for (var i = 0; i < pieces; i++)
                    {
                        await told.WriteAsync(new SubscribeResponse { Evidence = evidence });
                    }
                }

                await continuation(requestStream, responseStream, context);
            }
            finally
            {
                if (isFirst)
                {
                    _ended.TrySetResult();
                }
            }
        }

        private static Contradiction OfNobody()
        {
            var segment = new TestSegment(new TestSegmentOptions { Name = "nobody.internal", FirstKey = 1000 });
            var seal = segment.Certify(segment.SealOf(Digest.Sha256("a"u8), 1, 1, ClusterClient.Now));
            return new Contradiction(ContradictionKind.Certificates, segment.Genesis, seal, seal);
        }
    }
}
