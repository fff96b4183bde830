using Fairlead.Naming.Traversal;

namespace Fairlead.TestKit.Answers;

/// <summary>A parent with two children: acme.internal, eu1.acme.internal (the home) and us1.acme.internal.</summary>
public sealed class TreeWorld
{
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="faults">How many of the parent's anchors may lie: where none may, it is tagged crash.</param>
    public TreeWorld(long now = PeerWorld.Start, int faults = 1)
    {
        Now = now;
        Acme = AnswerSegment.Create("acme.internal", now - 60_000, faults: faults);
        Eu1 = Child("eu1");
        Us1 = Child("us1");
        Acme.Put(AnswerLeaves.LinkOf(Eu1)).Put(AnswerLeaves.LinkOf(Us1)).SealAt(now - 1000);
        Us1.Put(AnswerLeaves.RecordOf(PeerWorld.Checkout, now - 40_000, Us1.Publisher));
        Eu1.SealAt(now - 1000);
        Us1.SealAt(now - 1000);
    }

    public long Now { get; }

    public AnswerSegment Acme { get; }

    public AnswerSegment Eu1 { get; }

    public AnswerSegment Us1 { get; }

    public TestAnswers Ask(string name) => new(Eu1, name, Now);

    /// <summary>The path eu1 -> acme -> us1.</summary>
    public TestAnswers ToUs1(string service = PeerWorld.Checkout) =>
        Ask($"{service}.us1.acme.internal").Via(Acme, HopKind.Up).Via(Us1, HopKind.Down);

    private AnswerSegment Child(string label) => AnswerSegment.Create(
        $"{label}.acme.internal",
        Now - 60_000,
        change: epoch => epoch with { Uplinks = [AnswerLeaves.UplinkTo(Acme, label)] });
}
