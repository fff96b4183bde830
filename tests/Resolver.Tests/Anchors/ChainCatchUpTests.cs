using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.TestKit.Answers;

namespace Fairlead.Resolver.Tests.Anchors;

/// <summary>An answer stands on a hundred epochs of its target and brings the newest alone (V36).</summary>
public sealed class ChainCatchUpTests : IAsyncLifetime
{
    private readonly PeerWorld _world = new(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
    private readonly List<EpochsRequest> _asked = [];
    private EpochsServer? _server;
    private Func<EpochsRequest, IEnumerable<EpochDocument>> _pages;

    public ChainCatchUpTests()
    {
        for (var i = 0; i < 98; i++)
        {
            _world.Us1.Next(_world.Now - 5000);
        }

        _world.Us1.SealAt(_world.Now - 500);
        _pages = request => _world.Us1.Documents.Skip((int)request.From).Take((int)request.Limit);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await EpochsServer.StartAsync(
        request =>
        {
            _asked.Add(request);
            return _pages(request);
        },
        Token);

    public ValueTask DisposeAsync() => _server!.DisposeAsync();

    [Fact]
    public async Task Gap_OfManyPages_IsFilledAndCountsOnlyWithTheAnswer()
    {
        var answer = Answer();
        Answers(VerificationFailure.EpochGap, Verify(_world.State, answer));

        var (chains, refusal) = await RunAsync(answer);

        Assert.Null(refusal);
        Assert.Equal([0, 32, 64, 96], _asked.Select(request => (int)request.From));
        Assert.Equal(3u, _asked[^1].Limit);
        var accepted = Assert.IsType<Verdict.Accepted>(Verify(_world.State.With(Assert.Single(chains)), answer));
        Assert.Equal(99, accepted.Next.Segments[_world.Us1.Genesis].NewestNumber);

        // Who holds the chain asks for nothing.
        _asked.Clear();
        Assert.Empty((await RunAsync(answer, accepted.Next)).Chains);
        Assert.Empty(_asked);
    }

    [Fact]
    public async Task Anchor_ThatShowsTheSameAgain_IsNotAskedWithoutEnd()
    {
        _pages = request => request.From == 0 ? _world.Us1.Documents.Take(32) : [_world.Us1.Documents[31]];
        Answers(VerificationFailure.EpochGap, (await RunAsync(Answer())).Refusal);
        Assert.Equal(2, _asked.Count);
    }

    [Fact]
    public async Task Anchor_ThatEndsBeforeTheGapDoes_EpochGap()
    {
        _pages = request => request.From == 0 ? _world.Us1.Documents.Take(32) : [];
        Answers(VerificationFailure.EpochGap, (await RunAsync(Answer())).Refusal);
    }

    [Fact]
    public async Task Page_OfAnotherChain_IsRefused()
    {
        var other = AnswerSegment.Create("us1.internal", _world.Now - 60_000);
        _pages = _ => other.Documents;
        Answers(VerificationFailure.GenesisMismatch, (await RunAsync(Answer())).Refusal);
    }

    [Fact]
    public async Task Segment_ToWhichThePathDoesNotLead_IsNotAskedFor()
    {
        var stranger = AnswerSegment.Create("us1.internal", _world.Now - 60_000);
        for (var i = 0; i < 40; i++)
        {
            stranger.Next(_world.Now - 5000);
        }

        stranger.Put(_world.Record).SealAt(_world.Now - 500);
        var ask = new TestAnswers(_world.Eu1, $"{PeerWorld.Checkout}.us1.internal", _world.Now)
            .Via(stranger, HopKind.Peer);
        ask.Epochs = (hop, segment) => hop == 0 ? segment.Documents : [segment.Documents[^1]];
        var lie = ask.Record(_world.East, _world.West);
        var (chains, refusal) = await RunAsync(lie);
        Assert.Empty(chains);
        Assert.Null(refusal);
        Assert.Empty(_asked);
        Answers(VerificationFailure.AttestationMismatch, Verify(_world.State, lie));
    }

    private UnverifiedAnswer Answer()
    {
        var ask = _world.Ask();
        ask.Epochs = (hop, segment) => hop == 0 ? segment.Documents : [segment.Documents[^1]];
        return ask.Record(_world.East, _world.West);
    }

    private Verdict Verify(VerifierState state, UnverifiedAnswer answer) =>
        AnswerVerifier.Verify(state, _world.Ask().Query, answer, _world.Now);

    private static void Answers(VerificationFailure expected, Verdict verdict) =>
        Answers(expected, Assert.IsType<Verdict.Refused>(verdict).Refusal);

    private static void Answers(VerificationFailure expected, Refusal? refusal) =>
        Assert.True(refusal?.Failure == expected, refusal?.ToString() ?? "no refusal");

    private async Task<(ImmutableArray<SegmentState> Chains, Refusal? Refusal)> RunAsync(
        UnverifiedAnswer answer, VerifierState? state = null)
    {
        var client = _server!.Client();
        await using (client)
        {
            return await ChainCatchUp.RunAsync(
                client, state ?? _world.State, answer, VerifierOptions.Default, new VerifiedCache(),
                TimeProvider.System, Token);
        }
    }
}
