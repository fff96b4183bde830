using Fairlead.Governance.Tests.Seals;
using Fairlead.Naming;
using Xunit;

namespace Fairlead.Governance.Tests.Journal;

/// <summary>The journal's bodies: one form, total on any bytes.</summary>
public sealed class JournalBodyTests
{
    [Fact]
    public void Decode_Encoded_IsTheSameAndEveryTornPrefixIsNone()
    {
        var bench = new EngineBench();
        var slice = new byte[] { 1, 2, 3 };
        var body = new JournalBody(
            300,
            bench.Propose(5, []).Seal,
            [bench.Sign(bench.Record()) with { Slices = [slice] }, bench.Sign(bench.Record("n2.shop.svc"))],
            [new EntryName(LeafClass.Record, "gone.shop.svc")]);
        var bytes = body.Encode();
        var read = JournalBody.Decode(bytes);
        Assert.Equal(bytes, read!.Encode());
        Assert.Equal((300L, 2, 1), (read.Term, read.Puts.Count, read.Drops.Count));
        Assert.Equal(slice, read.Puts[0].Slices[0].ToArray());
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Null(JournalBody.Decode(bytes.AsMemory(0, length)));
        }

        Assert.Null(JournalBody.Decode((byte[])[.. bytes, 0]));
    }

    [Fact]
    public void Decode_WhatRefers_FindsTheEntryOrIsNone()
    {
        var bench = new EngineBench();
        var (old, made) = (bench.Sign(bench.Record()), bench.Sign(bench.Record("n2.shop.svc")));
        var body = new JournalBody(300, bench.Propose(5, []).Seal, [old, made], []);
        var bytes = body.Encode([JournalBody.DigestOf(old), null]);
        Assert.InRange(bytes.Length, 1, body.Encode().Length - old.Document.Payload.Length);
        Assert.Equal(body.Encode(), body.Encode([null, null]));
        Assert.Equal(body.Seal.ToArray(), JournalBody.SealOf(bytes).ToArray());

        var entries = new JournalEntries();
        Assert.Null(JournalBody.Decode(bytes));
        Assert.Null(JournalBody.Decode(bytes, entries.Find));
        entries.Add((body with { Puts = [made] }).Encode());
        Assert.Null(JournalBody.Decode(bytes, entries.Find));
        entries.Add((body with { Puts = [made, old] }).Encode());
        Assert.Equal(body.Encode(), JournalBody.Decode(bytes, entries.Find)!.Encode());
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Null(JournalBody.Decode(bytes.AsMemory(0, length), entries.Find));
        }

        // Only where it says that it refers.
        bytes[0] = 1;
        Assert.Null(JournalBody.Decode(bytes, entries.Find));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Decode_RandomBytes_NeverThrows(byte version)
    {
        var random = new Random(20260101);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = new byte[random.Next(80)];
            random.NextBytes(bytes);
            if (bytes.Length > 0)
            {
                bytes[0] = version;
            }

            _ = JournalBody.Decode(bytes, _ => null);
        }
    }
}
