using System.Collections.Immutable;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using Xunit;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Tests.Traversal;

/// <summary>What a verifier remembers: files, clocks, heads, and who may change what.</summary>
public sealed class StateTests
{
    private readonly PeerWorld _world = new();

    [Fact]
    public void File_WrittenAndRead_IsTheSameState()
    {
        var state = Learned();
        var file = StateFile.Write(state, "node-1");

        Assert.True(StateFile.TryRead(file, state.Home, "node-1", out var read, out var error), error);
        Assert.Equal(file, StateFile.Write(read, "node-1"));
        Assert.Equal(state.TimeFloor, read.TimeFloor);
        Assert.Equal(state.Segments[_world.Us1.Genesis].Seal, read.Segments[_world.Us1.Genesis].Seal);
        Assert.Equal(state.Segments[_world.Us1.Genesis].Floors, read.Segments[_world.Us1.Genesis].Floors);
        Assert.Equal(_world.Us1.Genesis, read.Pins[_world.Us1.Name].Genesis);
    }

    [Fact]
    public void File_ReadAgain_StillRefusesOldSeals()
    {
        var old = _world.Answer();
        _world.Us1.SealAt(_world.Now - 500);
        StateFile.TryRead(StateFile.Write(Learned(), "n"), _world.State.Home, "n", out var state, out _);

        Answers.Refused(SealRollback, AnswerVerifier.Verify(state!, _world.Ask().Query, old, _world.Now));
        Answers.Accepted(AnswerVerifier.Verify(state!, _world.Ask().Query, _world.Answer(), _world.Now));
    }

    /// <summary>While a chain was fetched upon an older view of the state, an answer was verified: its seal and its
    /// floors of leaves stay, and the chain grows.</summary>
    [Fact]
    public void Chain_AdoptedUponAnOlderView_LeavesSealAndFloorsAsTheyAre()
    {
        var before = _world.State.With(ChainOf(null));
        var learned = Answers.Accepted(
            AnswerVerifier.Verify(before, _world.Ask().Query, _world.Answer(), _world.Now)).Next;
        var held = learned.Segments[_world.Us1.Genesis];
        _world.Us1.Next(_world.Now - 400);

        var after = learned.With(ChainOf(before.Segments[_world.Us1.Genesis])).Segments[_world.Us1.Genesis];

        Assert.NotNull(held.Seal);
        Assert.NotEmpty(held.Floors);
        Assert.Equal((held.Seal, held.Floors), (after.Seal, after.Floors));
        Assert.Equal(held.NewestNumber + 1, after.NewestNumber);
        Assert.Equal(_world.Us1.Newest.Digest, after.Newest.Digest);

        // What is no longer changes nothing.
        Assert.Same(learned, learned.With(held));
    }

    /// <summary>One answer brings many floors: beyond the bound as many go, those that end first.</summary>
    [Fact]
    public void Floors_BeyondTheMost_AreDroppedHoweverManyAnAnswerBrings()
    {
        var learned = Learned();
        var held = learned.Segments[_world.Us1.Genesis];
        var full = held with
        {
            Floors = Enumerable.Range(0, SegmentState.MaxFloors).ToImmutableSortedDictionary(
                i => new LeafName(LeafClass.Record, $"f{i}.shop.svc"),
                i => new LeafFloor(1, Digest.Sha256("f"u8), null, _world.Now + 60_000 + i)),
        };
        var ask = _world.Ask();
        for (var i = 0; i < 50; i++)
        {
            var name = $"s{i}.shop.svc";
            _world.Us1.Put(AnswerLeaves.RecordOf(name, _world.Now, _world.Us1.Publisher));
            ask.Extra.Add((1, LeafClass.Record, name));
        }

        _world.Us1.SealAt(_world.Now - 500);
        var before = learned with { Segments = learned.Segments.SetItem(full.Genesis, full) };
        var after = Answers.Accepted(AnswerVerifier.Verify(
            before, ask.Query, ask.Record(_world.East, _world.West), _world.Now)).Next.Segments[full.Genesis].Floors;

        Assert.Equal(SegmentState.MaxFloors, after.Count);
        Assert.Contains(new LeafName(LeafClass.Record, "s49.shop.svc"), after.Keys);
        Assert.DoesNotContain(new LeafName(LeafClass.Record, "f40.shop.svc"), after.Keys);
        Assert.Contains(new LeafName(LeafClass.Record, "f60.shop.svc"), after.Keys);
    }

    /// <summary>V26: an epoch with a base clears the floors of leaves, whenever the chain is adopted.</summary>
    [Fact]
    public void Chain_AdoptedWithABase_ClearsTheFloors()
    {
        var learned = Learned();
        var held = learned.Segments[_world.Us1.Genesis];
        _world.Us1.Next(_world.Now - 400, epoch => epoch with
        {
            Op = new EpochOp { Type = OpType.Rotate, Reason = "compromise", Base = held.Seal!.Digest },
        });

        var longer = EpochChain.Extend(
            held with { Seal = null }, _world.Us1.Genesis, null, [.. _world.Us1.Documents], _world.Now);
        var after = learned.With(longer.Segment!).Segments[_world.Us1.Genesis];

        Assert.Equal(held.Seal, after.Seal);
        Assert.NotEmpty(held.Floors);
        Assert.Empty(after.Floors);
    }

    [Fact]
    public void File_EveryTornPrefixAndFlippedByte_IsNotRead()
    {
        var file = StateFile.Write(Learned(), "node-1");
        for (var i = 0; i < file.Length; i++)
        {
            Assert.False(StateFile.TryRead(file.AsMemory(0, i), _world.State.Home, "node-1", out _, out _));
            var flipped = (byte[])file.Clone();
            flipped[i] ^= 1;
            Assert.False(StateFile.TryRead(flipped, _world.State.Home, "node-1", out _, out _));
        }
    }

    [Fact]
    public void File_OfAnotherHomeOrNode_IsNotRead()
    {
        var file = StateFile.Write(Learned(), "node-1");
        Assert.False(StateFile.TryRead(file, _world.State.Home, "node-2", out _, out var node));
        Assert.Equal("the state of another node", node);
        Assert.False(
            StateFile.TryRead(file, new HomePin(_world.Us1.Genesis, _world.Us1.Name), "node-1", out _, out var home));
        Assert.Equal("the state of another home", home);
    }

    [Fact]
    [MaliciousInput(71, "wall clock below floor: ClockRollback")]
    public void Clock_BelowTheFloor_ClockRollback()
    {
        var state = Learned();
        Assert.Equal(_world.Eu1.Seal.Value.Issued, state.TimeFloor);
        Answers.Refused(
            ClockRollback, AnswerVerifier.Verify(state, _world.Ask().Query, _world.Answer(), state.TimeFloor - 1001));
        Assert.Null(ClockRules.CheckFloor(state, state.TimeFloor - 1000));
    }

    [Fact]
    [MaliciousInput(92, "clock off the median of 2F+1 heads: ClockSkew")]
    public void Clock_OffTheMedianOfHeads_ClockSkew()
    {
        Assert.Equal(ClockSkew, ClockRules.CheckSkew(
            _world.Now, 1000, 1, [_world.Now, _world.Now + 2000, _world.Now + 2000])!.Failure);
        Assert.Null(ClockRules.CheckSkew(_world.Now, 1000, 1, [_world.Now - 99_000, _world.Now, _world.Now + 2000]));
        Assert.Null(ClockRules.CheckSkew(_world.Now, 1000, 1, [_world.Now + 9000, _world.Now + 9000]));
    }

    [Fact]
    public void Heads_FromMoreThanF_GiveTheHighestSealAsFloor()
    {
        var old = Offer(0, Nonce);
        _world.Eu1.SealAt(_world.Now - 500);
        var verdict = HeadCheck.Check(Chain(), Nonce, [old, Offer(1, Nonce)], _world.Now);

        Assert.True(verdict.IsAccepted, verdict.Refusal?.ToString());
        Assert.Equal(_world.Eu1.Seal.Digest, verdict.Next!.HomeState!.Seal!.Digest);
        Assert.Equal(_world.Now - 500, verdict.Next.TimeFloor);
    }

    [Fact]
    [MaliciousInput(72, "head with old nonce, or only F heads: NoFreshHead")]
    public void Heads_OldNonceOrOnlyF_NoFreshHead()
    {
        NoHead(Offer(0, Nonce));
        NoHead(Offer(0, Nonce), Offer(0, Nonce));
        NoHead(Offer(0, Nonce), Offer(1, AnswerLeaves.Opening("old nonce")));
    }

    [Fact]
    [MaliciousInput(129, "head without the certified seal it claims: NoFreshHead")]
    public void Head_WithoutTheSealItClaims_NoFreshHead()
    {
        var claimed = Offer(1, Nonce);
        _world.Eu1.SealAt(_world.Now - 500);
        NoHead(Offer(0, Nonce), claimed with { Seal = _world.Eu1.SealEnvelope });
        NoHead(
            Offer(0, Nonce), claimed with { Seal = claimed.Seal with { Signatures = claimed.Seal.Signatures[1..] } });
    }

    /// <summary>V38: the head of an anchor that signed two seals of one slot counts as none.</summary>
    [Fact]
    public void Head_OfAnAnchorThatContradictedItself_AnchorExcluded()
    {
        var first = _world.Eu1.Seal;
        _world.Eu1.Seq--;
        _world.Eu1.SealAt(_world.Now - 500);
        var liar = _world.Eu1.Anchors[0].Seal;
        var (state, unproven) = EvidenceCheck.Check(Chain(), new Contradiction(
            ContradictionKind.SealVotes, _world.Eu1.Genesis, Envelope.Sign(first, liar),
            Envelope.Sign(_world.Eu1.Seal, liar)));
        Assert.True(state is not null, unproven?.ToString());

        var (own, other) = (Offer(0, Nonce), Offer(1, Nonce));
        Assert.True(HeadCheck.Check(Chain(), Nonce, [own, other], _world.Now).IsAccepted);
        var refusal = HeadCheck.Check(state, Nonce, [other, own], _world.Now).Refusal;
        Assert.Equal(NoFreshHead, refusal?.Failure);
        Assert.Contains(nameof(AnchorExcluded), refusal!.Detail, StringComparison.Ordinal);
        Assert.True(HeadCheck.Check(state, Nonce, [own, other, Offer(2, Nonce)], _world.Now).IsAccepted);
    }

    [Fact]
    [MaliciousInput(84, "floor about Y applied off-path: CrossSegmentWrite")]
    public void Statement_AboutAnotherSegment_CrossSegmentWrite()
    {
        var state = Learned();
        var draft = new StateDraft(state);

        Assert.Equal(CrossSegmentWrite, draft.Write(_world.Eu1.Genesis, state.Segments[_world.Us1.Genesis])!.Failure);
        Assert.Same(state, draft.State);
    }

    [Fact]
    public void Refusal_OfAnyKind_LeavesTheStateUntouched()
    {
        var state = Learned();
        var (query, honest) = (_world.Ask().Query, _world.Answer());
        _world.Us1.Next(_world.Now - 400).SealAt(_world.Now - 300);
        var later = _world.Answer();
        var expected = StateFile.Write(Answers.Accepted(
            AnswerVerifier.Verify(state, query, later, _world.Now)).Next, "n");
        var before = StateFile.Write(state, "n");

        // Each fails at another step, the last ones after chain, seal, proofs and attests of every hop were good.
        var cache = new VerifiedCache();
        var refusals = new HashSet<VerificationFailure>();
        foreach (var lie in Lies(later))
        {
            var refused = Assert.IsType<Verdict.Refused>(
                AnswerVerifier.Verify(state, query, lie, _world.Now, null, cache));
            refusals.Add(refused.Refusal.Failure);
            Assert.Equal(before, StateFile.Write(state, "n"));

            // What was learned on the way to the refusal changes neither the next verdict nor what it leads to.
            Assert.IsType<Verdict.Refused>(AnswerVerifier.Verify(state, query, lie, _world.Now, null, cache));
            var next = Answers.Accepted(AnswerVerifier.Verify(state, query, later, _world.Now, null, cache)).Next;
            Assert.Equal(expected, StateFile.Write(next, "n"));
            Answers.Accepted(AnswerVerifier.Verify(state, query, honest, _world.Now, null, cache));
        }

        Assert.True(refusals.Count >= 5, string.Join(", ", refusals));
    }

    private static IEnumerable<UnverifiedAnswer> Lies(UnverifiedAnswer answer)
    {
        var last = answer.Hops[^1];
        yield return answer with { Query = default };
        yield return WithLast(last with { Epochs = [] });
        yield return WithLast(last with { Seal = last.Seal! with { Signatures = answer.Hops[0].Seal!.Signatures } });
        yield return WithLast(last with { Nodes = [.. last.Nodes.Select(_ => Digest.Sha256("other"u8))] });
        yield return WithLast(last with { Attests = [] });
        yield return WithLast(last with { Attests = answer.Hops[0].Attests });
        yield return answer with { Slices = [] };

        UnverifiedAnswer WithLast(UnverifiedHop hop) => answer with { Hops = [.. answer.Hops.SkipLast(1), hop] };
    }

    private static Hex16 Nonce { get; } = AnswerLeaves.Opening("nonce");

    private OfferedHead Offer(int anchor, Hex16 nonce)
    {
        var seal = _world.Eu1.Seal;
        var head = Document.Make(new Head
        {
            Epoch = seal.Value.Epoch,
            Nonce = nonce,
            Seal = seal.Digest,
            Segment = _world.Eu1.Genesis,
            Seq = seal.Value.Seq,
            Time = _world.Now,
        });
        return new OfferedHead(Envelope.Sign(head, _world.Eu1.Anchors[anchor].Seal), _world.Eu1.SealEnvelope);
    }

    private void NoHead(params OfferedHead[] heads) =>
        Assert.Equal(NoFreshHead, HeadCheck.Check(Chain(), Nonce, [.. heads], _world.Now).Refusal!.Failure);

    private VerifierState Chain() => _world.State.With(
        EpochChain.Extend(null, _world.Eu1.Genesis, null, [.. _world.Eu1.Documents], _world.Now).Segment!);

    private SegmentState ChainOf(SegmentState? held) =>
        EpochChain.Extend(held, _world.Us1.Genesis, null, [.. _world.Us1.Documents], _world.Now).Segment!;

    private VerifierState Learned() =>
        Answers.Accepted(AnswerVerifier.Verify(_world.State, _world.Ask().Query, _world.Answer(), _world.Now)).Next;
}
