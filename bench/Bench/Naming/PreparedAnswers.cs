using System.Globalization;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Answers;

namespace Fairlead.Bench;

/// <summary>
/// Honest answers over three hops, eu1 -> acme -> us1, each under fresh seals and attests, with the segments' chains
/// verified before: what a sidecar gets while it runs.
/// </summary>
internal sealed class PreparedAnswers
{
    private const int Neighbours = 200;

    public PreparedAnswers(int count)
    {
        var world = new TreeWorld();
        for (var i = 0; i < Neighbours; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"svc-{i:d4}.shop.svc");
            world.Us1.Put(AnswerLeaves.RecordOf(name, world.Now - 40_000, world.Us1.Publisher));
        }

        string[] addresses = [.. Enumerable.Range(1, 10).Select(i => $"10.1.0.{i}")];
        var slice = AnswerLeaves.SliceOf(PeerWorld.Checkout, "us-east", addresses);
        world.Us1.Put(AnswerLeaves.RecordOf(PeerWorld.Checkout, world.Now - 40_000, world.Us1.Publisher, slice));
        world.Us1.SealAt(world.Now - 1000);
        Now = world.Now;
        Query = world.ToUs1().Query;
        First = (world.ToUs1().State, world.ToUs1().Record(slice));
        State = Accepted(AnswerVerifier.Verify(First.Root, Query, First.Answer, Now)).Next;
        Answers = [.. Enumerable.Range(0, count).Select(i => Fresh(world, slice, i))];
        Signed = [.. Answers.Select(answer => SignedParts.Of(answer, world.Eu1, world.Acme, world.Us1))];
    }

    public long Now { get; }

    public Parsed<Query> Query { get; }

    /// <summary>The trust root alone, and an answer with the chains of all three segments.</summary>
    public (VerifierState Root, UnverifiedAnswer Answer) First { get; }

    /// <summary>What the verifier remembers after the first answer.</summary>
    public VerifierState State { get; }

    public IReadOnlyList<UnverifiedAnswer> Answers { get; }

    /// <summary>The signatures and hashes in each of <see cref="Answers"/>.</summary>
    public IReadOnlyList<SignedParts> Signed { get; }

    /// <summary>The verdict, if it is the one that honest answers must get.</summary>
    public static Verdict.Accepted Accepted(Verdict verdict) => verdict as Verdict.Accepted
        ?? throw new InvalidOperationException($"an honest answer is refused: {(verdict as Verdict.Refused)?.Refusal}");

    private static UnverifiedAnswer Fresh(TreeWorld world, Slice slice, int number)
    {
        foreach (var segment in new[] { world.Eu1, world.Acme, world.Us1 })
        {
            segment.SealAt(world.Now - 900 + number);
        }

        var ask = world.ToUs1();
        ask.Epochs = static (_, _) => [];
        return ask.Record(slice);
    }
}
