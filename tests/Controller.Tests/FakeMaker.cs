using Fairlead.Controller.Publishing;
using Fairlead.Naming;

namespace Fairlead.Controller.Tests;

/// <summary>A content that is its text.</summary>
internal sealed record TextContent(string Name, string Text)
    : Content(Name, Digest.Sha256(System.Text.Encoding.UTF8.GetBytes(Text)));

/// <summary>Signs nothing; counts what it was asked for.</summary>
internal sealed class FakeMaker(int entrySize = 100) : IDocumentMaker
{
    private byte _uids;

    public List<Plan> Signed { get; } = [];

    public Hex16 DrawUid() => Uid(++_uids);

    public static Hex16 Uid(byte number)
    {
        var bytes = new byte[16];
        bytes[15] = number;
        return Hex16.FromBytes(bytes);
    }

    public SignedEntry Sign(Plan plan)
    {
        Signed.Add(plan);
        return new(plan.Content is null ? "withdraw" : "record", new(new byte[entrySize], []), []);
    }
}
