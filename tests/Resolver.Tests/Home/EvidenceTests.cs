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
