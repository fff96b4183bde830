using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;

namespace Fairlead.Resolver.Tests.Home;

/// <summary>V38 at a pod: what its answers prove it tells, and what it is told it checks.</summary>
public sealed class EvidenceTests : IAsyncLifetime
{
    private const string Web = ScriptedHome.Web;

    private ScriptedHome _home = null!;

    public async ValueTask InitializeAsync()
    {
        _home = await ScriptedHome.StartAsync(TestContext.Current.CancellationToken);
        _home.StartResolver();
        _home.Resolver.Want(Web);
        await _home.UntilFreshAsync(Web);
    }

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Fact]
    public async Task Answer_ThatProvesAMisuse_IsToldToMoreAnchorsThanMayLie()
    {
        _home.Segment.Seq--;
        _home.Segment.SealAt(ScriptedHome.Now - 400);
        _home.Anchors[0].Push(Web);

        await _home.UntilTroubleAsync(VerificationFailure.SealEquivocation);
        await _home.UntilAsync(
            () => _home.Anchors.Count(anchor => anchor.Reported.Count == 1) == _home.Segment.Faults + 1 ? this : null,
            "reports");
        var told = _home.Anchors.SelectMany(anchor => anchor.Reported).First();
        Assert.Equal((ContradictionKind.Certificates, _home.Segment.Genesis), (told.Kind, told.Segment));
        await _home.UntilAsync(Web, held => !held.IsServed);

        // Whatever comes in the quarantine proves nothing more.
        _home.Anchors[1].Push(Web);
        await _home.UntilTroubleAsync(VerificationFailure.SegmentQuarantined);
        Assert.All(_home.Anchors, anchor => Assert.True(anchor.Reported.Count <= 1));
    }

    [Fact]
    public async Task Evidence_ToldByAnAnchor_EndsWhatIsHeldAndIsNotToldAgain()
    {
        _home.Anchors[0].Flood(Told(Pair()), times: 2);

        await _home.UntilAsync(Web, held => !held.IsServed);
        Assert.True(_home.Resolver.Memory.State.HomeState!.IsQuarantined);
        Assert.Empty(_home.Anchors.SelectMany(anchor => anchor.Reported));
    }

    [Fact]
    public async Task Evidence_ThatIsNone_CostsTheAnchorItsStreamAndChangesNothing()
    {
        var (first, second) = Pair();
        _home.Anchors[0].Flood(Told((first, second with { Signatures = first.Signatures })), times: 1);

        await _home.UntilTroubleAsync(VerificationFailure.BadSignature);
        await _home.UntilAsync(() => _home.Anchors[1].Open == 1 ? this : null, "the second anchor");
        Assert.Empty(_home.Resolver.Memory.State.HomeState!.Evidence);
        Assert.Equal(NameState.Fresh, Assert.Single(_home.Resolver.Names).State);
    }

    /// <summary>An anchor tells of it right behind the answer that brings its epoch, and only once.</summary>
    [Fact]
    public async Task Evidence_RightBehindTheAnswerThatBringsItsEpoch_Counts()
    {
        using var busy = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        _home.OnChanged = changed =>
        {
            if (changed.Name == ScriptedHome.Cart && !go.IsSet)
            {
                busy.Set();
                go.Wait(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
            }
        };
        var anchor = _home.Anchors[0];
        anchor.Failing = name => name == ScriptedHome.Cart ? VerificationFailure.NotSealed : null;
        _home.Resolver.Want(ScriptedHome.Cart);
        busy.Wait(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

        // The answer with the epochs, the evidence, and an answer for which what reads the stream asks for epochs: when
        // it does, both before it wait for the resolver.
        var now = ScriptedHome.Now;
        _home.Segment.Next(now - 900).SealAt(now - 800);
        _home.Segment.Next(now - 700).SealAt(now - 600);
        var pair = Pair();
        anchor.Push(Web);
        anchor.Flood(Told(pair), times: 1);
        var asked = anchor.EpochsAsked;
        anchor.Say = ask =>
        {
            var answer = ScriptedHome.Honest(ask);
            return answer with { Hops = [answer.Hops[0] with { Epochs = [ask.Home.Documents[^1]] }] };
        };
        anchor.Push(Web);
        await _home.UntilAsync(() => anchor.EpochsAsked > asked ? this : null, "the gap");
        go.Set();

        await _home.UntilAsync(
            () => _home.Resolver.Memory.State.HomeState is { IsQuarantined: true, NewestNumber: 2 } ? this : null,
            "the quarantine");
    }

    [Fact]
    public async Task Evidence_WithoutEnd_CostsTheAnchorItsStream()
    {
        _home.Anchors[0].Flood(Told(Pair()), times: Limits.EvidencePieces);
        await _home.UntilAsync(Web, held => !held.IsServed);
        Assert.DoesNotContain(VerificationFailure.RateLimited, _home.Failures());
        _home.Anchors[0].Flood(Told(Pair()), times: Limits.EvidencePieces);
        await _home.UntilTroubleAsync(VerificationFailure.RateLimited);
    }

    private static SubscribeResponse Told((Envelope First, Envelope Second) pair) => new()
    {
        Evidence = new Evidence
        {
            Kind = EvidenceKind.Certificates,
            A = WireWriter.ToMessage(pair.First),
            B = WireWriter.ToMessage(pair.Second),
        },
    };

    // Two certified seals of one slot; the anchors go on with the next one.
    private (Envelope First, Envelope Second) Pair()
    {
        var first = _home.Segment.SealEnvelope;
        _home.Segment.Seq--;
        _home.Segment.SealAt(ScriptedHome.Now - 400);
        var second = _home.Segment.SealEnvelope;
        _home.Reseal();
        return (first, second);
    }
}
