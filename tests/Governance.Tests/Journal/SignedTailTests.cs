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

    [Fact]
    public void Add_WhatNoSignerWrote_Throws() =>
        Assert.Throws<InvalidDataException>(() => new SignedTail().Add(new byte[] { 1, 2 }));

    private static IEnumerable<long> Above(SignedTail tail, long seq) => tail.Above(0, seq).Select(body =>
    {
        Assert.True(Document.TryParse<Seal>(JournalBody.Decode(body)!.Seal, out var seal, out _));
        return seal.Value.Seq;
    });

    private byte[] Body(long seq) =>
        new JournalBody(0, _segment.SealOf(default, 0, seq, TestSegmentOptions.Start).Payload, [], []).Encode();
}
