using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.TestKit.Answers;

/// <summary>The demo's two clusters: eu1.internal and us1.internal, peers without a parent, four anchors
/// each.</summary>
public sealed class PeerWorld
{
    public const long Start = 1_800_000_000_000;

    public const string Checkout = "checkout.shop.svc";

    public PeerWorld(long now = Start)
    {
        Now = now;
        Eu1 = AnswerSegment.Create("eu1.internal", now - 60_000);
        Us1 = AnswerSegment.Create("us1.internal", now - 60_000);
        Eu1.Next(now - 50_000, epoch => epoch with { Op = new EpochOp { Type = OpType.Peer }, Peers = [Us1.Genesis] });
        Us1.Next(now - 50_000, epoch => epoch with { Op = new EpochOp { Type = OpType.Peer }, Peers = [Eu1.Genesis] });
        Eu1.Put(AnswerLeaves.PeerOf(Us1)).Put(AnswerLeaves.OpenRule());
        Us1.Put(AnswerLeaves.PeerOf(Eu1)).Put(AnswerLeaves.OpenRule());
        East = AnswerLeaves.SliceOf(Checkout, "us-east", "10.1.0.1", "10.1.0.2");
        West = AnswerLeaves.SliceOf(Checkout, "us-west", "10.2.0.1");
        Record = AnswerLeaves.RecordOf(Checkout, now - 40_000, Us1.Publisher, East, West);
        Us1.Put(Record);
        Eu1.SealAt(now - 1000);
        Us1.SealAt(now - 1000);
    }

    public long Now { get; }

    public AnswerSegment Eu1 { get; }

    public AnswerSegment Us1 { get; }

    public Slice East { get; }

    public Slice West { get; }

    public Record Record { get; }

    public VerifierState State => VerifierState.Start(new HomePin(Eu1.Genesis, Eu1.Name));

    /// <summary>The path eu1 -> us1 for a service of us1.</summary>
    public TestAnswers Ask(string service = Checkout) =>
        new TestAnswers(Eu1, $"{service}.us1.internal", Now).Via(Us1, HopKind.Peer);

    /// <summary>The honest answer for checkout.</summary>
    public UnverifiedAnswer Answer() => Ask().Record(East, West);
}
