using Fairlead.Anchor.Home;
using Fairlead.Anchor.Serving;
using Fairlead.Anchor.Tests.Home.Reports;
using Fairlead.Anchor.Tests.Serving;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Anchor.Tests.Home;

/// <summary>
/// V42 and V38: the own segment witnessed one certified seal, a target's anchor shows another one in its place. The
/// anchor of the home has both, and what they prove.
/// </summary>
public sealed class WitnessEvidenceTests : IAsyncDisposable
{
    private const long Seq = 7;
    private static readonly Subject Pod = new() { Namespace = "shop", Account = "frontend" };

    private readonly EvidenceWorld _world = new();
    private readonly AttestBook _own;
    private readonly AttestBook _target;

    public WitnessEvidenceTests()
    {
        _world.Home.PeerWith(_world.Own);
        _own = Book(_world.Own);
        _target = Book(_world.Home);
    }

    public async ValueTask DisposeAsync()
    {
        await _own.DisposeAsync();
        await _target.DisposeAsync();
        await _world.DisposeAsync();
    }

    [Fact]
    public void SealBesideTheWitnessedOne_IsRefusedAndEvidence()
    {
        var target = _world.Home;
        var now = _world.Context.Now();
        var other = target.SealOf(Digest.Sha256("another state"u8), 1, Seq, now);
        var view = Witnessing(new SeenSeal(target.Certify(other), now, default));
        _world.Context.Views.Publish(view);
        var consumer = new Consumer(_world.Own.Genesis, Pod);
        var query = Document.Make(new Query
        {
            Home = _world.Own.Genesis,
            Name = FullName.Parse($"cart.shop.svc.{target.Name}"),
            Subject = consumer.Digest,
        });
        var own = HomeAnswers.Build(
            view, _own, consumer, target.Name, target.Genesis, null, now, out _, target.Genesis)!;
        var said = TargetAnswers.Build(
            TestView.Of(target, now, Seq), _target, consumer, ServicePart.Parse("cart.shop.svc"), null, HopKind.Peer,
            null, now, out _)!;
        Contradiction? found = null;
        _world.Verifier.Found += evidence => found = evidence;

        var refusal = _world.Verifier.Check(
            own.Hop, [], new RelayedName(1, query, consumer),
            new UnverifiedAnswer(query.Payload, [said.Hop], said.Result, said.Slices),
            static _ => { }, static () => { }, static () => { });
        Assert.Equal(VerificationFailure.SealEquivocation, refusal?.Failure);

        // It proves itself to whoever holds the segment's chain.
        Assert.Equal((ContradictionKind.Certificates, target.Genesis), (found!.Kind, found.Segment));
        var chain = EpochChain.Extend(null, target.Genesis, null, [.. target.Chain], now, 1_000, [], null).Segment!;
        var (next, bad) = EvidenceCheck.Check(chain, found);
        Assert.True(next is { IsQuarantined: true }, bad?.ToString());
    }

    private SegmentView Witnessing(SeenSeal seen)
    {
        Assert.Null(WitnessReader.Read(WitnessReader.Make(seen)!, _world.Own.KeyOf, out var entry, out _));
        var state = TestView.Of(_world.Own, seen.At).Certified.State.Apply([entry!], []);
        return TestView.Of(_world.Own, seen.At, 2, state);
    }

    private AttestBook Book(TestSegment segment) => new(
        new AttestMint(segment.Seal(0)), (_, _, _, _) => throw new NotSupportedException("nobody"),
        static (_, _) => false, _world.Time, NullLogger<AttestBook>.Instance);
}
