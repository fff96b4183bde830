using System.Collections.Immutable;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Home;

/// <summary>
/// A home anchor is a verifier before it is a relay: what a target says is checked behind the own hop 0 exactly as the
/// sidecar will check it. Holds the state that answers of this anchor's process are checked against. Thread-safe.
/// </summary>
internal sealed class HomeVerifier(ServingContext context, AttestMint mint)
{
    private readonly Lock _gate = new();
    private readonly VerifiedCache _cache = new();
    private VerifierState? _state;

    /// <summary>The chain of a segment as far as it was verified; null for none.</summary>
    internal SegmentState? Chain(Digest genesis)
    {
        lock (_gate)
        {
            return _state?.Segments.GetValueOrDefault(genesis);
        }
    }

    /// <summary>Takes over a chain that was fetched and verified.</summary>
    internal void Adopt(SegmentView view, SegmentState segment)
    {
        lock (_gate)
        {
            _state = State(view).With(segment);
        }
    }

    /// <summary>Checks the target's hop behind a fresh hop 0.</summary>
    /// <returns>Null where every check passed.</returns>
    internal Refusal? Check(SegmentView view, RelayedName name, UnverifiedAnswer fromTarget)
    {
        lock (_gate)
        {
            var state = State(view);
            var segment = name.Query.Value.Name.Segment!;
            var own = HomeAnswers.Build(view, mint, name.Consumer, segment, state.HomeState?.NewestNumber, context.Now());
            var whole = fromTarget with { Hops = [own.Hop, .. fromTarget.Hops] };
            var options = new VerifierOptions
            {
                UnsafeAllowLoopbackEndpoints = context.UnsafeAllowLoopbackEndpoints,
                Subject = name.Consumer.Subject,
            };
            switch (AnswerVerifier.Verify(state, name.Query, whole, context.Now(), options, _cache))
            {
                case Verdict.Accepted accepted:
                    _state = accepted.Next;
                    return null;
                case Verdict.Refused refused:
                    return refused.Refusal;
                default:
                    throw new InvalidOperationException("a verdict is one of the two");
            }
        }
    }

    private VerifierState State(SegmentView view) => _state ??= VerifierState.Start(new HomePin(view.Genesis, view.Name));
}
