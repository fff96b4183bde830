using Fairlead.Hosting;
using Fairlead.Naming;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Counts answers for metering: a question counts once, however often its answer is pushed anew. Thread-safe.
/// </summary>
internal sealed class AnswerMeter
{
    // The own segment, and each home that is remembered.
    private readonly CounterFamily _byConsumer = new(1 + HomeBook.HomesMax);
    private readonly CounterFamily _byScope = new();
    private readonly CounterFamily _failed = new();

    /// <summary>Questions answered, by the genesis of the segment whose pods asked.</summary>
    internal IReadOnlyList<(string Label, double Value)> ByConsumer => _byConsumer.Values;

    /// <summary>
    /// Questions answered, by the scopes between which they went: <c>within</c> this segment, <c>out</c> of it to
    /// another, or <c>in</c> from another.
    /// </summary>
    internal IReadOnlyList<(string Label, double Value)> ByScope => _byScope.Values;

    /// <summary>Questions that got no answer, by the error's name.</summary>
    internal IReadOnlyList<(string Label, double Value)> Failures => _failed.Values;

    /// <summary>Counts a question's first answer.</summary>
    internal void Answered(AskedQuestion question, SegmentView view)
    {
        _byConsumer.With(question.Consumer.Home.ToString()).Add();
        _byScope.With(!question.IsHome ? "in" : Answerer.PointsOut(question, view) ? "out" : "within").Add();
    }

    /// <summary>A home is remembered no longer: another one can be counted in its place.</summary>
    internal void Forget(Digest home) => _byConsumer.Remove(home.ToString());

    /// <summary>Counts a question that got no answer.</summary>
    internal void Failed(VerificationFailure failure) => _failed.With(failure.ToString()).Add();
}
