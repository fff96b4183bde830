using Fairlead.Naming;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Governance.Tests.Journal;

/// <summary>What a new journal must take over: nothing that still binds is left behind (V43).</summary>
public sealed class SignedTailTests
{
    private readonly TestSegment _segment = new();

    [Fact]
    public void Above_ASeal_IsWhatWasSignedAfterItAndAlwaysTheNewest()
    {
        var tail = new SignedTail();
        foreach (var seq in new[] { 1, 4, 5, 9 })
        {
            tail.Add(Body(seq));
        }

        Assert.Equal([5, 9], Above(tail, 4));
        Assert.Equal([9], Above(tail, 9));
        Assert.Equal([9], Above(tail, 12));
        tail.Settle(0, 5);
        Assert.Equal([9], Above(tail, 4));
        tail.Settle(0, 9);
        Assert.Equal((1, 9L), (tail.Count, Above(tail, 9).Single()));
    }

    [Theory]
    [InlineData(-1, new long[] { 1, 4, 5, 9 })]
    [InlineData(4, new long[] { 5, 9 })]
    [InlineData(20, new long[] { 9 })]
    public void Start_FromAJournal_KeepsItsEnd(long certified, long[] kept)
    {
        var tail = new SignedTail();
        tail.Start([Body(1), Body(4), Body(5), Body(9)], 0, certified);
        Assert.Equal(kept, Above(tail, certified));
        var empty = new SignedTail();
        empty.Start([], 0, certified);
        Assert.Empty(empty.Above(0, certified));
    }

    /// <summary>What one of the bodies that are kept holds is journaled once; what a seal covered is in no new file,
    /// and comes again.</summary>
    [Fact]
    public void Add_WhatABodyHolds_RefersToItAsLongAsItIsKept()
    {
        var (a, b, c) = (Put("a.shop.svc"), Put("b.shop.svc"), Put("c.shop.svc"));
        var tail = new SignedTail();
        var file = new List<ReadOnlyMemory<byte>>();
        Sign(1, [a, b], [a, b]);
        Sign(2, [a, b, c], [c]);
        Sign(4, [b, c], []);
        tail.Settle(0, 1);
        Sign(5, [a], []);

        // A new file holds a and b with the first body that has them, for the one that had them before is not in it.
        file = [.. tail.Above(0, 1)];
        Assert.Equal([[a, b, c], [], []], file.Select(Whole));
        Reads([[a, b, c], [b, c], [a]]);
        Sign(6, [a, c], []);
        tail.Settle(0, 5);
        Sign(7, [b, c], [b]);
        file = [.. tail.Above(0, 6)];
        Assert.Equal([[b, c]], file.Select(Whole));

        // So does one that goes on after a restart.
        Sign(8, [b, c, a], [a]);
        tail = new SignedTail();
        tail.Start(file, 0, 7);
        file = [.. tail.Above(0, 7)];
        Reads([[b, c, a]]);
        Sign(9, [a, b, c], []);
        Reads([[b, c, a], [a, b, c]]);

        void Sign(long seq, SignedEntry[] puts, SignedEntry[] journaled)
        {
            file.Add(tail.Add(new JournalBody(0, SealOf(seq), puts, []).Encode()));
            Assert.Equal(journaled, Whole(file[^1]));
        }

        SignedEntry[] Whole(ReadOnlyMemory<byte> body) =>
            [.. new[] { a, b, c }.Where(put => body.Span.IndexOf(put.Document.Payload.Span) >= 0)];

        void Reads(SignedEntry[][] puts)
        {
            var entries = new JournalEntries();
            foreach (var (body, expected) in file.Zip(puts))
            {
                Assert.Equal(
                    expected.Select(JournalBody.DigestOf),
                    JournalBody.Decode(body, entries.Find)!.Puts.Select(JournalBody.DigestOf));
                entries.Add(body);
            }

            Assert.Equal(puts.Length, file.Count);
        }
    }

    [Fact]
    public void Add_WhatNoSignerWrote_Throws() =>
        Assert.Throws<InvalidDataException>(() => new SignedTail().Add(new byte[] { 1, 2 }));

    private static IEnumerable<long> Above(SignedTail tail, long seq) => tail.Above(0, seq).Select(body =>
    {
        Assert.True(Document.TryParse<Seal>(JournalBody.Decode(body)!.Seal, out var seal, out _));
        return seal.Value.Seq;
    });

    private byte[] Body(long seq) => new JournalBody(0, SealOf(seq), [], []).Encode();

    private ReadOnlyMemory<byte> SealOf(long seq) =>
        _segment.SealOf(default, 0, seq, TestSegmentOptions.Start).Payload;

    private SignedEntry Put(string name) => new(
        "record",
        Envelope.Sign(
            Document.Make(TestLeaves.Record(_segment, name, TestSegmentOptions.Start)), _segment.Publisher), []);
}
