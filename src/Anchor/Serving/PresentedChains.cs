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
/// question says. What is shown counts for questions over the same key alone, so that nobody can show a fork of
/// another's chain first. Bounded: strangers put out strangers, and who is put out shows its pages again; what
/// strangers make this anchor verify is bounded for all of them together (V52). Thread-safe.
/// </summary>
/// <param name="context">The anchor.</param>
/// <param name="homes">The chains of homes that asked here.</param>
/// <param name="homeOf">The one of such homes of which a key is an anchor's; null for none.</param>
/// <param name="cache">What was verified before.</param>
internal sealed class PresentedChains(
    ServingContext context, Func<Digest, SegmentState?> homes, Func<Digest, Digest?> homeOf, VerifiedCache cache)
{
    /// <summary>The most chains.</summary>
    internal const int ChainsMax = 256;

    /// <summary>The most epochs of all of them.</summary>
    internal const int EpochsMax = 16 * Limits.ChainEpochs;

    // A page of 32 epochs that eleven anchors of sixteen signed takes some 20 ms to verify, and counts by that; one of
    // epochs each of which has all keys new counts six times.
    private const int SignaturesOfAPart = 352;
    private const int StrangersPerSecond = 10;
    private const int StrangersBurst = 256;

    private readonly Lock _gate = new();
    private readonly Dictionary<(Digest Kid, Digest Genesis), SegmentState> _chains = [];
    private readonly LinkedList<(Digest Kid, Digest Genesis)> _order = new();
    private readonly StrangerBook _strangers = new(StrangersPerSecond, StrangersBurst, context.Time);
    private readonly RateBook _rates = new(() => context.Rates.OfSegment, context.Time);
    private readonly RateBook _keys = new(() => context.Rates.OfOneAnchor, context.Time);

    /// <summary>Adds the method to a service.</summary>
    internal ServerServiceDefinition.Builder AddTo(ServerServiceDefinition.Builder builder) =>
        builder.AddMethod(AnchorMethods.Present, PresentAsync);

    /// <summary>Passes a page of a segment on to a neighbour; nobody does where it is null.</summary>
    internal Func<Digest, SegmentView, Digest, PresentRequest, CancellationToken, Task<PresentResponse>>? Pass
    {
        get;
        set;
    }

    /// <summary>Told of what a page may prove against its segment's keys (V38); null for nothing.</summary>
    internal Action<Contradiction?>? Found { get; init; }

    /// <summary>A chain as far as it is known here; null for none.</summary>
    /// <param name="kid">The key of the connection that asks: what others showed does not count.</param>
    /// <param name="genesis">The segment.</param>
    internal SegmentState? Find(Digest kid, Digest genesis)
    {
        lock (_gate)
        {
            var shown = _chains.GetValueOrDefault((kid, genesis));
            if (shown is not null)
            {
                _order.Remove((kid, genesis));
                _order.AddLast((kid, genesis));
            }

            return homes(genesis) is { } home && home.NewestNumber >= (shown?.NewestNumber ?? -1) ? home : shown;
        }
    }

    /// <summary>Takes a page.</summary>
    /// <returns>The first error, or null.</returns>
    internal Refusal? Take(Digest kid, Digest genesis, ImmutableArray<EpochDocument> page, SegmentView view)
    {
        var policy = view.Epoch.Value.Policy;
        var verdict = EpochChain.Extend(
            Find(kid, genesis), genesis, null, page, context.Now(), policy.ClockDelta, policy.Refuse, cache);
        if (!verdict.IsAccepted)
        {
            Found?.Invoke(verdict.Evidence);
            return verdict.Refusal;
        }

        Keep(kid, verdict.Segment);
        return null;
    }

    private async Task<PresentResponse> PresentAsync(PresentRequest request, ServerCallContext call)
    {
        var view = context.Views.Current ?? throw RpcFailures.ToException(
            new Refusal(VerificationFailure.NotSealed, "", "no certified seal is held yet"));
        var caller = Caller.Of(call);
        if (caller.Kid is not { } kid)
        {
            throw RpcFailures.ToException(
                new Refusal(VerificationFailure.TransportKeyMismatch, "tls", "the connection shows no key"));
        }

        if (request.Epochs.Count > Limits.PageEpochs)
        {
            throw RpcFailures.ToException(
                new Refusal(VerificationFailure.TooLarge, "epochs", $"{request.Epochs.Count} epochs"));
        }

        if (!WireReader.TryRead(request.Genesis, out Digest genesis, out var refusal)
            || !WireReader.TryRead(request.Epochs, out var epochs, out refusal))
        {
            throw RpcFailures.ToException(refusal);
        }

        if (Often(caller, kid, genesis, epochs, view) is { } often)
        {
            throw RpcFailures.ToException(often);
        }

        if (!request.To.IsEmpty)
        {
            return await PassAsync(request, kid, view, call.CancellationToken).ConfigureAwait(false);
        }

        if (genesis == view.Genesis)
        {
            throw RpcFailures.ToException(
                new Refusal(VerificationFailure.LoopDetected, "genesis", "this segment knows its own chain"));
        }

        return (epochs.IsEmpty ? null : Take(kid, genesis, epochs, view)) is { } bad
            ? throw RpcFailures.ToException(bad)
            : new PresentResponse { Next = (ulong)((Find(kid, genesis)?.NewestNumber ?? -1) + 1) };
    }

    /// <summary>Passes a page on for an anchor of a home that asked here, and for nobody else: it costs a connection.
    /// It is counted with its home, however many keys that has.</summary>
    /// <exception cref="RpcException">Whoever asks may not, it would go back to the home itself, or nobody took
    /// it.</exception>
    internal Task<PresentResponse> PassAsync(
        PresentRequest request, Digest kid, SegmentView view, CancellationToken cancellationToken)
    {
        if (!WireReader.TryRead(request.To, out Digest to, out var malformed))
        {
            throw RpcFailures.ToException(malformed.At("to"));
        }

        if (Pass is not { } pass || homeOf(kid) is not { } home)
        {
            throw RpcFailures.ToException(new Refusal(
                VerificationFailure.TransportKeyMismatch, "tls", "no anchor of a home that asked here"));
        }

        return to == home
            ? throw RpcFailures.ToException(
                new Refusal(VerificationFailure.LoopDetected, "to", "it is the segment that shows the page"))
            : pass(home, view, to, request, cancellationToken);
    }

    // Whose key it is, the chain may say once it is whole; until then its holder is one stranger among all of them,
    // but that those who show a neighbour's chain do not wait for the others, and nobody waits for one address.
    // One anchor of a home has a part of what all of that may show, so that a bad one leaves the others theirs.
    // A page is as many questions as it takes time (V36).
    internal Refusal? Often(
        Caller caller, Digest kid, Digest genesis, ImmutableArray<EpochDocument> page, SegmentView view)
    {
        var count = 1 + (page.Sum(SignaturesOf) / SignaturesOfAPart);
        if (homeOf(kid) is not { } home)
        {
            return _strangers.Take(caller.From, view.FloorOf(genesis) is null ? default : genesis, count);
        }

        caller.Accept();
        return _keys.Take(kid, count) ?? _rates.Take(home, count);
    }

    private static int SignaturesOf(EpochDocument epoch) => epoch.Vote.Signatures.Length
        + epoch.Consent.Signatures.Length + epoch.RecoveryConsent.Signatures.Length;

    private void Keep(Digest kid, SegmentState chain)
    {
        var key = (kid, chain.Genesis);
        lock (_gate)
        {
            // Two calls may show the same chain at once.
            if (_chains.GetValueOrDefault(key) is { } held && held.NewestNumber >= chain.NewestNumber)
            {
                return;
            }

            if (!_chains.ContainsKey(key))
            {
                _order.AddLast(key);
            }

            _chains[key] = chain;
            while (_chains.Count > ChainsMax || _chains.Values.Sum(one => one.Chain.Length) > EpochsMax)
            {
                var gone = _order.FirstOrDefault(one => homeOf(one.Kid) is null, _order.First!.Value);
                _chains.Remove(gone);
                _order.Remove(gone);
            }
        }
    }
}
