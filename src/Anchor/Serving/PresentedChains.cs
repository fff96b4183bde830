using System.Collections.Immutable;
using Fairlead.Anchor.Identities;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Present: the chains of homes and of the segments that introduce them, page by page, where they are too long to go
/// along with a question (V36). Each is verified from its genesis, and that is all it is: whose genesis counts, the
/// question says. Bounded, so that strangers can fill it and nothing else; who is put out shows its pages again.
/// Thread-safe.
/// </summary>
internal sealed class PresentedChains(ServingContext context, Func<Digest, SegmentState?> homes, VerifiedCache cache)
{
    /// <summary>The most chains.</summary>
    internal const int ChainsMax = 256;

    /// <summary>The most epochs of all of them.</summary>
    internal const int EpochsMax = 16 * Limits.ChainEpochs;

    private readonly Lock _gate = new();
    private readonly Dictionary<Digest, SegmentState> _chains = [];
    private readonly LinkedList<Digest> _order = new();
    private readonly RateBook _rates = new(
        context.Rates.SegmentPerSecond, context.Rates.SegmentBurst, context.Time);

    /// <summary>Adds the method to a service.</summary>
    internal ServerServiceDefinition.Builder AddTo(ServerServiceDefinition.Builder builder) =>
        builder.AddMethod(AnchorMethods.Present, (request, call) => Task.FromResult(Present(request, call)));

    /// <summary>A chain as far as it is known here; null for none.</summary>
    internal SegmentState? Find(Digest genesis)
    {
        lock (_gate)
        {
            var shown = _chains.GetValueOrDefault(genesis);
            if (shown is not null)
            {
                _order.Remove(genesis);
                _order.AddLast(genesis);
            }

            return homes(genesis) is { } home && home.NewestNumber >= (shown?.NewestNumber ?? -1) ? home : shown;
        }
    }

    /// <summary>Takes a page.</summary>
    /// <returns>The first error, or null.</returns>
    internal Refusal? Take(Digest genesis, ImmutableArray<EpochDocument> page, SegmentView view)
    {
        var policy = view.Epoch.Value.Policy;
        var verdict = EpochChain.Extend(
            Find(genesis), genesis, null, page, context.Now(), policy.ClockDelta, policy.Refuse, cache);
        if (!verdict.IsAccepted)
        {
            return verdict.Refusal;
        }

        Keep(verdict.Segment);
        return null;
    }

    private PresentResponse Present(PresentRequest request, ServerCallContext call)
    {
        var view = context.Views.Current ?? throw RpcFailures.ToException(
            new Refusal(VerificationFailure.NotSealed, "", "no certified seal is held yet"));
        if (Caller.Of(call).Kid is not { } kid)
        {
            throw RpcFailures.ToException(
                new Refusal(VerificationFailure.TransportKeyMismatch, "tls", "the connection shows no key"));
        }

        // Whose key it is, the chain may say once it is whole; until then the connection is all that is known.
        if (_rates.Take(kid) is { } often)
        {
            throw RpcFailures.ToException(often);
        }

        if (!WireReader.TryRead(request.Genesis, out Digest genesis, out var refusal)
            || !WireReader.TryRead(request.Epochs, out var epochs, out refusal))
        {
            throw RpcFailures.ToException(refusal);
        }

        if (genesis == view.Genesis)
        {
            throw RpcFailures.ToException(
                new Refusal(VerificationFailure.LoopDetected, "genesis", "this segment knows its own chain"));
        }

        return (epochs.IsEmpty ? null : Take(genesis, epochs, view)) is { } bad
            ? throw RpcFailures.ToException(bad)
            : new PresentResponse { Next = (ulong)((Find(genesis)?.NewestNumber ?? -1) + 1) };
    }

    private void Keep(SegmentState chain)
    {
        lock (_gate)
        {
            // Two anchors may show the same chain at once.
            if (_chains.GetValueOrDefault(chain.Genesis) is { } held && held.NewestNumber >= chain.NewestNumber)
            {
                return;
            }

            if (!_chains.ContainsKey(chain.Genesis))
            {
                _order.AddLast(chain.Genesis);
            }

            _chains[chain.Genesis] = chain;
            while (_chains.Count > ChainsMax || _chains.Values.Sum(one => one.Chain.Length) > EpochsMax)
            {
                _chains.Remove(_order.First!.Value);
                _order.RemoveFirst();
            }
        }
    }
}
