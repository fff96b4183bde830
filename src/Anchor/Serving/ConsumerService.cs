using System.Collections.Immutable;
using Fairlead.Anchor.Home;
using Fairlead.Anchor.Home.Reports;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Identities;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Resolve and Subscribe: for the pods of the own segment, and for home anchors of others by Grant. Thread-safe.
/// </summary>
internal sealed class ConsumerService : IAsyncDisposable
{
    private static readonly TimeSpan ResolvePatience = TimeSpan.FromSeconds(3);

    // V64: an anchor that is behind waits a moment; another one need not be.
    private static readonly TimeSpan BehindPatience = TimeSpan.FromMilliseconds(500);

    private static readonly ImmutableDictionary<Digest, (long Epoch, long Seq)> NothingShown =
        ImmutableDictionary<Digest, (long Epoch, long Seq)>.Empty;

    private readonly ServingContext _context;
    private readonly AttestBook _attests;
    private readonly Doorman _doorman;
    private readonly Answerer _answerer;
    private readonly HomeRelay _relay;
    private int _streams;

    /// <param name="context">The anchor it serves for.</param>
    /// <param name="attests">The decisions of this segment's anchors.</param>
    /// <param name="verifier">Checks what is relayed.</param>
    /// <param name="introductions">The ways to other segments.</param>
    /// <param name="chains">The chains of other segments.</param>
    internal ConsumerService(
        ServingContext context,
        AttestBook attests,
        HomeVerifier verifier,
        IntroductionBook introductions,
        ChainBook chains)
    {
        var cache = context.Verified;
        _context = context;
        _attests = attests;
        Homes = new HomeBook(context, cache, verifier.Chain);
        _doorman = new Doorman(context, Homes, cache);
        _answerer = new Answerer(context, attests, verifier.Chain);
        Evidence = new EvidenceBook(context, verifier, Homes);
        _relay = new HomeRelay(context, verifier, attests, introductions, chains);
        Evidence.Proven += evidence => _relay.AskAgain(evidence.Segment);
    }

    /// <summary>The homes whose anchors ask here.</summary>
    internal HomeBook Homes { get; }

    /// <summary>Evidence against keys of any segment.</summary>
    internal EvidenceBook Evidence { get; }

    /// <summary>How many subscription streams are open.</summary>
    internal int Streams => Volatile.Read(ref _streams);

    /// <summary>How many names are subscribed to in other segments, and over how many streams.</summary>
    internal (int Names, int Streams) Upstream => _relay.Upstream;

    /// <summary>Ends the upstream sessions.</summary>
    public ValueTask DisposeAsync() => _relay.DisposeAsync();

    /// <summary>Adds the methods to a service.</summary>
    internal ServerServiceDefinition.Builder AddTo(ServerServiceDefinition.Builder builder) =>
        new ReportService(_context, Evidence).AddTo(new SliceService(_context, _doorman).AddTo(builder)
            .AddMethod(AnchorMethods.Resolve, ResolveAsync)
            .AddMethod(AnchorMethods.Subscribe, SubscribeAsync));

    private async Task SubscribeAsync(
        IAsyncStreamReader<SubscribeRequest> requests, IServerStreamWriter<SubscribeResponse> responses,
        ServerCallContext call)
    {
        Interlocked.Increment(ref _streams);
        try
        {
            await new ConsumerStream(_context, _doorman, _answerer, _relay, _attests, Evidence, Caller.Of(call))
                .RunAsync(requests, responses, call.CancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _streams);
        }
    }

    private async Task<ResolveResponse> ResolveAsync(ResolveRequest request, ServerCallContext call)
    {
        var view = _context.Views.Current
            ?? throw Fail(new Refusal(VerificationFailure.NotSealed, "", "no certified seal is held yet"));
        if (_doorman.Judge(request, Caller.Of(call), view, out var question) is { } refusal)
        {
            throw Fail(refusal);
        }

        var known = question!.Known.ToImmutableDictionary(pair => pair.Key, pair => pair.Value.Epoch);
        if (!Answerer.Leads(question, view))
        {
            return await ComposeAsync(question, null, known, call.CancellationToken).ConfigureAwait(false);
        }

        var (upstream, full) = _relay.Use(question, System.Diagnostics.Activity.Current?.Id);
        if (upstream is null)
        {
            throw Fail(full!);
        }

        try
        {
            return await ComposeAsync(question, upstream, known, call.CancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _relay.Release(upstream);
        }
    }

    private async Task<ResolveResponse> ComposeAsync(
        AskedQuestion question, RelayedName? upstream, ImmutableDictionary<Digest, long> known,
        CancellationToken cancellationToken)
    {
        var wakeup = new Wakeup(_context.Time);
        _attests.Changed += wakeup.Signal;
        if (upstream is not null)
        {
            upstream.Changed += wakeup.Signal;
        }

        try
        {
            var (start, isAskedAgain) = (_context.Time.GetTimestamp(), false);
            while (true)
            {
                var (relayed, failure) = upstream?.Read() ?? default;
                var composed = _answerer.Compose(
                    question, _context.Views.Current!, relayed, known, NothingShown, out var refusal);
                var left = PatienceWith(refusal?.Failure, upstream) - _context.Time.GetElapsedTime(start);
                if (composed is not null || left <= TimeSpan.Zero)
                {
                    return Respond(question, composed, relayed is null ? failure ?? refusal : refusal);
                }

                if (refusal is { Failure: VerificationFailure.Behind } && !isAskedAgain)
                {
                    isAskedAgain = true;
                    upstream?.AskAgain();
                }

                await wakeup.WaitAsync(left, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _attests.Changed -= wakeup.Signal;
            if (upstream is not null)
            {
                upstream.Changed -= wakeup.Signal;
            }
        }
    }

    // Where the answer ends in this segment, nothing but the attests can still come.
    private static TimeSpan PatienceWith(VerificationFailure? failure, RelayedName? upstream) => failure switch
    {
        VerificationFailure.AttestationMissing => ResolvePatience,
        VerificationFailure.Behind => BehindPatience,
        _ => upstream is null ? TimeSpan.Zero : ResolvePatience,
    };

    private ResolveResponse Respond(AskedQuestion question, Answerer.Composed? composed, Refusal? refusal)
    {
        if (composed is null)
        {
            throw Fail(refusal!, Outward.Of(refusal!, question.IsHome));
        }

        _context.Meter.Answered(question, _context.Views.Current!);
        return new ResolveResponse { Answer = WireWriter.ToMessage(composed.Answer) };
    }

    // Counted by its own name, whatever is said of it.
    private RpcException Fail(Refusal refusal, Refusal? said = null)
    {
        _context.Meter.Failed(refusal.Failure);
        return RpcFailures.ToException(said ?? refusal);
    }
}
