using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.TestKit.Answers;

/// <summary>A name that the two clusters serve together: us1 first, eu1, which is the home, second; with real verified
/// answers for the set and for each member.</summary>
public sealed class SetWorld
{
    public const string Name = "checkout.shop.svc.clusterset.local";
    public const string First = "checkout.shop.svc.us1.internal";
    public const string Second = "checkout.shop.svc.eu1.internal";

    public SetWorld(Func<Set, Set>? change = null, Func<Record, Record>? second = null)
    {
        Local = AnswerLeaves.SliceOf(PeerWorld.Checkout, "eu-central", "10.9.0.1");
        var record = AnswerLeaves.RecordOf(PeerWorld.Checkout, World.Now - 40_000, World.Eu1.Publisher, Local);
        World.Eu1.Put(second?.Invoke(record) ?? record);
        var set = AnswerLeaves.SetOf(
            PeerWorld.Checkout, World.Now - 40_000, World.Eu1.Publisher,
            AnswerLeaves.MemberOf(World.Us1, PeerWorld.Checkout, priority: 0, weight: 3),
            AnswerLeaves.MemberOf(World.Eu1, PeerWorld.Checkout, priority: 1, weight: 1));
        World.Eu1.Put(change?.Invoke(set) ?? set);
        World.Eu1.SealAt(World.Now - 500);
    }

    public PeerWorld World { get; } = new();

    public Slice Local { get; }

    public VerifiedAnswer SetAnswer(string name = Name)
    {
        var ask = new TestAnswers(World.Eu1, name, World.Now);
        return Verify(ask, ask.Set());
    }

    public VerifiedAnswer FirstAnswer() => Verify(World.Ask(), World.Answer());

    public VerifiedAnswer FirstDenied() => Verify(World.Ask(), World.Ask().Denied());

    public VerifiedAnswer SecondAnswer()
    {
        var ask = new TestAnswers(World.Eu1, Second, World.Now);
        return Verify(ask, ask.Record(Local));
    }

    /// <summary>A name of us1 that does not exist.</summary>
    public VerifiedAnswer NoAnswer()
    {
        var ask = World.Ask("gone.shop.svc");
        return Verify(ask, ask.Negative());
    }

    private VerifiedAnswer Verify(TestAnswers ask, UnverifiedAnswer answer) =>
        AnswerVerifier.Verify(World.State, ask.Query, answer, World.Now) switch
        {
            Verdict.Accepted accepted => accepted.Answer,
            Verdict.Refused refused => throw new InvalidOperationException(refused.Refusal.ToString()),
            _ => throw new InvalidOperationException(),
        };
}
