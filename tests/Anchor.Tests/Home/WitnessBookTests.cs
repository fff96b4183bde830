using Fairlead.Anchor.Home;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Home;

/// <summary>What an anchor saw of other segments' seals, and what it makes of those that other anchors saw.</summary>
public sealed class WitnessBookTests : IAsyncDisposable
{
    private const long Start = TestSegmentOptions.Start + 10_000;

    private readonly TestSegment _own = new();
    private readonly TestSegment _other = new(new TestSegmentOptions { Name = "eu1.internal", FirstKey = 300 });
    private readonly StateKeeper _keeper;
    private readonly WitnessBook _book;
    private byte _drawn = 1;

    public WitnessBookTests()
    {
        _keeper = new StateKeeper(new HomePin(_own.Genesis, _own.Name), null, "us1-a");
        _book = new WitnessBook(_keeper, new VerifiedCache(), () => Opening(_drawn++));
    }

    public ValueTask DisposeAsync() => _keeper.DisposeAsync();

    [Fact]
    public void Seen_IsTheNewestOfEachSegment()
    {
        Note(5, Start);
        Note(4, Start + 1);
        Note(5, Start + 2);
        Assert.Equal(Start, Assert.Single(_book.Seen).At);
        Note(6, Start + 3);
        var seen = Assert.Single(_book.Seen);
        Assert.Equal((Start + 3, 6L), (seen.At, SeqOf(seen)));

        // One opening for each that is kept, of those that the book is given.
        Assert.Equal(Opening(2), seen.Opening);
    }

    [Fact]
    public void Seen_OfMoreThanAStateHolds_LeavesOutWhatIsOldest()
    {
        for (var i = 0; i <= SealLimits.Witnesses; i++)
        {
            var segment = Digest.Sha256([(byte)i]);
            _book.Note(segment, _other.Certify(Seal(i)), new SealPosition(0, i, segment), Start + i);
        }

        Assert.Equal(SealLimits.Witnesses, _book.Seen.Count);
        Assert.Equal(Start + 1, _book.Seen[0].At);
    }

    [Fact]
    public async Task Check_JudgesByTheChainThatIsKnown()
    {
        var seal = Seal(5);
        Assert.Equal(VerificationFailure.EpochUnknown, Check(seal)?.Failure);
        var learned = new TaskCompletionSource<Refusal?>();
        var chain = EpochChain.Extend(null, _other.Genesis, null, [.. _other.Chain], Start, 1_000, [], null).Segment!;
        _keeper.Step(state => state.With(chain), learned.SetResult);
        Assert.Null(await learned.Task.WaitAsync(TestContext.Current.CancellationToken));
        Assert.Null(Check(seal));
        Assert.Equal(
            VerificationFailure.EpochUnknown,
            Check(Document.Make(seal.Value with { Epoch = 1 }))?.Failure);
        Assert.Equal(
            VerificationFailure.EpochDigestMismatch,
            Check(Document.Make(seal.Value with { EpochDigest = _own.Genesis }))?.Failure);
        Assert.Equal(
            VerificationFailure.SealValidityTooLong,
            Check(Document.Make(seal.Value with { Expires = seal.Value.Expires + 1 }))?.Failure);
        Assert.Equal(
            VerificationFailure.BadSignature, _book.Check(_other.Certify(Seal(6)) with { Payload = seal.Payload }, seal)
                ?.Failure);
        var few = _other.Certify(seal);
        Assert.Equal(
            VerificationFailure.ThresholdNotMet,
            _book.Check(few with { Signatures = few.Signatures[1..] }, seal)?.Failure);
    }

    private static Hex16 Opening(byte number) => Hex16.FromBytes([.. Enumerable.Repeat(number, Hex16.Size)]);

    private static long SeqOf(SeenSeal seen) =>
        Document.TryParse<Seal>(seen.Certificate.Payload, out var seal, out _) ? seal.Value.Seq : -1;

    private Refusal? Check(Parsed<Seal> seal) => _book.Check(_other.Certify(seal), seal);

    private Parsed<Seal> Seal(long seq) => _other.SealOf(_other.Genesis, 1, seq, Start);

    private void Note(long seq, long now)
    {
        var seal = Seal(seq);
        _book.Note(_other.Genesis, _other.Certify(seal), new SealPosition(0, seq, seal.Digest), now);
    }
}
