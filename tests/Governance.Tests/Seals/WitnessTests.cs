using System.Collections.Immutable;
using Fairlead.Naming;
using Xunit;

namespace Fairlead.Governance.Tests.Seals;

/// <summary>Witnesses of other segments' seals in the engine (V42, 4.3.2): which are signed, kept and left.</summary>
public sealed class WitnessTests
{
    private readonly Neighbours _port = new();
    private readonly EngineBench _bench;

    public WitnessTests() => _bench = new EngineBench(options => options with { Witnesses = _port });

    [Fact]
    public void Propose_CertifiedSealOfAnother_IsSignedAndStandsInTheTree()
    {
        var source = Put(3);
        _bench.Seal(0, source);
        var held = Assert.Single(_bench.Engine.Newest!.State.Witnesses);
        Assert.Equal((3L, _bench.Now - 1_000), (held.Witness!.Seq, held.Witness.SeenAt));
        Assert.Same(held, _bench.Engine.Newest.State.Find(Name));
    }

    [Fact]
    public void Propose_WitnessOfAnUnknownEpoch_IsEpochUnknownAndNamed()
    {
        var source = Put(3, segment: Digest.Sha256("nobody heard of it"u8));
        var refuse = _bench.Refused(VerificationFailure.EpochUnknown, Propose(0, Put(4), source));
        Assert.Equal(source.Document.Payload.ToArray(), Assert.Single(refuse.Missing).Document.Payload.ToArray());
    }

    [Fact]
    public void Propose_BadWitness_IsRefusedByName()
    {
        _bench.Seal(0, Put(3));
        var late = Put(9, issued: _bench.Now + 1_500);
        var cases = new (VerificationFailure Failure, SignedEntry Source)[]
        {
            (VerificationFailure.SealRollback, Put(3)),
            (VerificationFailure.SealRollback, Put(2)),
            (VerificationFailure.BadSignature, Put(4) with { Document = Signed(Put(4), Put(5).Document.Signatures) }),
            (VerificationFailure.FromFuture, late),
            (VerificationFailure.FromFuture, Put(4, seenAt: _bench.Now + 1_001)),
            (VerificationFailure.TimeRegression, Put(4, seenAt: _bench.Now - 3_001)),
            (VerificationFailure.SealExpired, Put(4, issued: _bench.Now - 20_000, seenAt: _bench.Now)),
            (VerificationFailure.WrongSegment, Put(4, segment: _bench.Options.Genesis)),
            (VerificationFailure.BadEnvelope, Put(4) with { Slices = Put(5).Slices }),
            (VerificationFailure.BadEnvelope, Put(4) with { Slices = [] }),
            (VerificationFailure.BadEnvelope, Extended(Put(4))),
        };
        foreach (var (failure, source) in cases)
        {
            _bench.Refused(failure, Propose(1, source));
        }
    }

    [Fact]
    public void Propose_MoreThanASealTakes_IsTooLarge()
    {
        var many = Enumerable.Range(0, SealLimits.WitnessesPerSeal + 1)
            .Select(i => Put(1, segment: Digest.Sha256([(byte)i]))).ToArray();
        _port.KnowsAll = true;
        _bench.Refused(VerificationFailure.TooLarge, Propose(0, many));
        _bench.Refused(VerificationFailure.TooLarge, Propose(0, Put(4), Put(5)));
    }

    [Fact]
    public void Propose_ThatLeavesASignedWitnessOut_Dominates()
    {
        _bench.Receive("a0", Propose(0, Put(3)));
        Assert.Equal(0, _bench.Engine.LastSigned);
        _bench.Seal(1);
        Assert.Empty(_bench.Engine.Newest!.State.Witnesses);
    }

    [Fact]
    public void Propose_OverAPrevBeforeTheCertifiedWitness_Dominates()
    {
        _bench.Seal(0);
        var other = Propose(5);
        _bench.Seal(1, Put(3));
        Assert.Contains(_bench.Receive("a0", other), o => o is SealOutput.Journal);
    }

    [Fact]
    public void Propose_HandoverWithAWitness_IsRootMismatch_WithoutItIsSigned()
    {
        _bench.Seal(0, Put(3));
        var newest = _bench.Engine.Newest!;
        _bench.Step(new SealInput.Succeed(Digest.Sha256("the next epoch"u8)));
        _bench.Refused(VerificationFailure.RootMismatch, HandOver(1, newest.State, []));
        _bench.Refused(VerificationFailure.RootMismatch, HandOver(1, newest.State, [], Put(4)));
        var name = Assert.Single(newest.State.Witnesses).Name;
        var whole = HandOver(1, newest.State.Apply([], [name]), [name]);
        Assert.Contains(_bench.Receive("a0", whole), o => o is SealOutput.Journal);
    }

    [Fact]
    public void Propose_DropOfALiveWitness_IsUnjustifiedRemoval_OfAnExpiredOneNot()
    {
        var source = Put(3);
        _bench.Seal(0, source);
        _bench.Refused(VerificationFailure.UnjustifiedRemoval, Propose(1, [Name]));
        _bench.Now += 15_000;
        Assert.Contains(
            _bench.Receive(_bench.Engine.Leader, Propose(1, [Name])), o => o is SealOutput.Journal);
    }

    [Fact]
    public void Publish_OrGossip_OfAWitness_IsRefused()
    {
        _bench.Refused(VerificationFailure.WrongPayloadType, Put(3));
        var outputs = _bench.Receive("a0", new SealMessage.Entries(0, [Put(3)]));
        Assert.Equal(
            VerificationFailure.WrongPayloadType,
            Assert.Single(outputs.OfType<SealOutput.Ignored>()).Refusal.Failure);
        Assert.Equal(0, _bench.Engine.Pending);
    }

    [Fact]
    public void Restart_FromArchiveAndJournal_HoldsTheWitness()
    {
        var bodies = new List<ReadOnlyMemory<byte>>();
        foreach (var output in _bench.Receive("a0", Propose(0, Put(3))))
        {
            if (output is SealOutput.Journal journal)
            {
                bodies.Add(journal.Body);
            }
        }

        _bench.Seal(1, Put(4));
        var newest = _bench.Engine.Newest!;
        var again = new EngineBench(options => options with
        {
            Journal = bodies,
            Archived = newest.Certificate,
            ArchivedEntries = [.. newest.State.Entries.Select(entry => entry.Source)],
        });
        Assert.Equal(newest.Digest, again.Engine.Newest?.Digest);
        Assert.Equal(4, Assert.Single(again.Engine.Newest!.State.Witnesses).Witness!.Seq);
        Assert.Equal(0, again.Engine.Pending);
    }

    private static EntryName Name => new(LeafClass.Witness, Neighbours.Segment.ToString());

    private SealMessage.Propose Propose(long seq, params IReadOnlyList<SignedEntry> puts) => _bench.Propose(seq, puts);

    private SealMessage.Propose Propose(long seq, IReadOnlyList<EntryName> drops) => _bench.Propose(seq, [], drops);

    private SealMessage.Propose HandOver(
        long seq, LeafState state, IReadOnlyList<EntryName> drops, params IReadOnlyList<SignedEntry> puts)
    {
        var handover = Document.Make(new Handover
        {
            Count = state.Tree.Count,
            Epoch = 1,
            Issued = _bench.Now,
            Next = Digest.Sha256("the next epoch"u8),
            Prev = _bench.Engine.Newest!.Digest,
            Root = state.Tree.Root,
            Segment = _bench.Options.Genesis,
            Seq = seq,
        });
        return new SealMessage.Propose(
            _bench.Engine.Term, handover.Payload, _bench.Engine.Newest.Certificate, puts, drops);
    }

    private SignedEntry Put(
        long seq, long? issued = null, long? seenAt = null, Digest? segment = null) =>
        WitnessReader.Make(Neighbours.Saw(
            seq, issued ?? _bench.Now - 2_000, seenAt ?? issued ?? _bench.Now - 1_000, segment))!;

    private static Envelope Signed(SignedEntry source, ImmutableArray<SignatureEntry> signatures) =>
        new(source.Document.Payload, signatures);

    private static SignedEntry Extended(SignedEntry source)
    {
        Assert.True(Document.TryParse<Witness>(source.Document.Payload, out var witness, out _));
        var extended = witness.Value with { Ext = witness.Value.Ext.Add("weight", "1") };
        return source with { Document = new Envelope(Document.Make(extended).Payload, source.Document.Signatures) };
    }
}
