using System.Collections.Concurrent;
using System.Collections.Immutable;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Home;

/// <summary>
/// One subscription stream to one anchor of a target segment: opens the names, renews the Grants at half of their life,
/// verifies what comes. A name that somebody waits for in vain is asked of other anchors beside it. Used by one task.
/// </summary>
internal sealed partial class TargetStream(
    ServingContext context,
    HomeVerifier verifier,
    AttestBook attests,
    AnchorClient client,
    ConcurrentDictionary<ulong, RelayedName> names,
    Wakeup wakeup)
{
    private static readonly TimeSpan GrantHalf = TimeSpan.FromMilliseconds(Limits.GrantLife / 2);
    private static readonly TimeSpan WhenLimited = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstAnswer = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan PutOffMax = (4 * WhenLimited) + FirstAnswer;

    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(250);

    private readonly TargetQuestions _questions = new(context, verifier);
    private readonly HashSet<ulong> _open = [];
    private readonly HashSet<ulong> _denied = [];

    // When what is waited for is late or over, by the clock that never goes back.
    private readonly Dictionary<ulong, long> _due = [];
    private readonly Dictionary<ulong, long> _limited = [];
    private readonly Dictionary<ulong, long> _putOff = [];

    private Digest _home;
    private long? _grantsAt;
    private long _chain = -1;
    private volatile Refusal? _lost;
    private Way? _told;
    private ChainShowing? _showing;
    private long? _shownAgain;
    private int _evidence;

    /// <summary>The way to the target.</summary>
    internal required Way Way { get; set; }

    /// <summary>The way that is in use now; null for none.</summary>
    internal required Func<Way?> CurrentWay { get; init; }

    /// <summary>The target's epochs as documents.</summary>
    internal required EpochLog Epochs { get; init; }

    /// <summary>Where the target's other anchors are, in the order in which they are asked beside this one.</summary>
    internal ImmutableArray<IpEndpoint> Others { get; init; } = [];

    /// <summary>How long the target's answers took of late.</summary>
    internal AnswerLatencies Latencies { get; init; } = new(HedgeTurns.DelayMin, HedgeTurns.DelayMax);

    private Digest Target => Way.Target.Genesis;

    private TargetCheck Check => field ??= new TargetCheck(context, verifier, attests, Epochs);

    private TargetHedging Hedging =>
        field ??= new TargetHedging(context, verifier, _questions, Check, Others, Latencies, wakeup.Signal);

    /// <summary>Why nothing is asked for who is denied at home.</summary>
    internal static Refusal DeniedByHome(SegmentName target) =>
        new(VerificationFailure.PolicyDenied, target.Text, "the own segment's Rules deny it");

    /// <summary>Runs until the stream fails or the anchor does not deserve it any more; the result says why.</summary>
    internal async Task<Refusal> RunAsync(CancellationToken cancellationToken)
    {
        await using (Hedging.ConfigureAwait(false))
        {
            using var call = client.Subscribe(cancellationToken);
            return await RunAsync(call, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<Refusal> RunAsync(
        AsyncDuplexStreamingCall<SubscribeRequest, SubscribeResponse> call, CancellationToken cancellationToken)
    {
        var reading = call.ResponseStream.MoveNext(cancellationToken);
        Task? woken = null;
        while (true)
        {
            // A wait that is not over is kept: a second one beside it could take its signal. The next one begins before
            // anything is looked at: what is signalled from then on is not lost.
            woken = woken is { IsCompleted: false } ? woken : wakeup.WaitAsync(Longest, cancellationToken);
            var view = context.Views.Current!;
            if (await ShowAsync(view, cancellationToken).ConfigureAwait(false) is { } hidden)
            {
                return hidden;
            }

            await SayAsync(call.RequestStream, view, reading, woken, cancellationToken).ConfigureAwait(false);
            if ((_lost ?? CheckWay() ?? CheckKey() ?? Overdue()) is { } failed)
            {
                return failed;
            }

            if (!reading.IsCompleted)
            {
                var sent = _sending.IsCompleted ? woken : _sending;
                if (await Task.WhenAny(reading, woken, Turn(view) ?? woken, sent).ConfigureAwait(false) != reading)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    continue;
                }
            }

            if (!await reading.ConfigureAwait(false))
            {
                return new Refusal(VerificationFailure.Behind, client.Endpoint.Text, "the anchor ended the stream");
            }

            if (await TakeAsync(call.ResponseStream.Current, view).ConfigureAwait(false) is { } refusal)
            {
                return refusal;
            }

            reading = call.ResponseStream.MoveNext(cancellationToken);
        }
    }

    // A renewed introduction takes the place of the old one; another path ends the stream, as does the end of all.
    private Refusal? CheckWay()
    {
        if (CurrentWay() is not { } now)
        {
            return context.Now() < Way.Until
                ? null
                : new Refusal(
                    VerificationFailure.IntroductionExpired, Way.Target.Name.Text, "and it could not be renewed");
        }

        if (!now.IsSamePath(Way))
        {
            return new Refusal(VerificationFailure.NotSealed, Way.Target.Name.Text, "the way there is another one now");
        }

        Way = now;
        return null;
    }

    private void Forget(ulong id)
    {
        _open.Remove(id);
        _denied.Remove(id);
        _due.Remove(id);
        _limited.Remove(id);
        _putOff.Remove(id);
        _asked.Remove(id);
        _awaited.Remove(id);
        Hedging.Turns.Forget(id);
    }

    // V52: an anchor that hears too much of this home is no worse than the others, and the name is asked for later. How
    // often is not the anchor's to say: one that brings nothing for some turns, or for half of what is left of the
    // answer held, withholds.
    private void PutOff(ulong id, RelayedName? name, bool waits)
    {
        var now = context.Elapsed();
        if (!_putOff.TryGetValue(id, out var end))
        {
            var most = (long)PutOffMax.TotalMilliseconds;
            var left = (name?.Read().Current?.Expiry ?? 0) - context.Now();
            _putOff[id] = end = now + (left > 0 ? Math.Min(most, left / 2) : most);
        }

        _due[id] = end;
        if (waits)
        {
            _limited[id] = now + (long)WhenLimited.TotalMilliseconds;
        }
        else
        {
            _open.Remove(id);
        }
    }

    // A record that is over, here or there, is nobody's fault: the next seal after its end drops it, and
    // that comes before the one that held it is over. A word that nothing proves buys less.
    private void AwaitDrop(ulong id, bool isProven)
    {
        if (!_putOff.TryGetValue(id, out var end) && verifier.Chain(Target) is { } chain)
        {
            var policy = chain.Newest.Value.Policy;
            var wait = policy.SealValidity + (2 * policy.ClockDelta) + (long)FirstAnswer.TotalMilliseconds;
            _putOff[id] = end = context.Elapsed()
                + (isProven ? wait : Math.Min(wait, (long)PutOffMax.TotalMilliseconds));
        }

        _due[id] = end;
    }

    // A decision that came too late for this clock is made anew by who is asked again; one who shows it late again and
    // again withholds.
    private void AwaitBetter(VerificationFailure over, ulong id, RelayedName name)
    {
        if (over == VerificationFailure.RecordExpired)
        {
            AwaitDrop(id, isProven: true);
        }
        else
        {
            PutOff(id, name, waits: true);
        }
    }

    private bool IsOver(Relayed held) =>
        held.LeavesEnd <= context.Now() + (verifier.Chain(Target)?.Newest.Value.Policy.ClockDelta ?? 0);

    // An anchor that lets half of the oldest expiry pass without a word, and some more for the way, withholds or is
    // stuck.
    private Refusal? Overdue()
    {
        var now = context.Elapsed();
        if (!_sending.IsCompleted && now - _sentAt > FirstAnswer.TotalMilliseconds)
        {
            return new Refusal(VerificationFailure.Behind, client.Endpoint.Text, "takes no questions");
        }

        foreach (var (id, due) in _due)
        {
            if (now > due && names.ContainsKey(id))
            {
                return new Refusal(
                    VerificationFailure.Behind, client.Endpoint.Text, $"no update for subscription {id} in time");
            }
        }

        return null;
    }

    // V63: a key that the newest epoch does not name has no business here any more, whichever session heard of the
    // epoch.
    private Refusal? CheckKey()
    {
        if (verifier.Chain(Target) is not { } chain || chain.NewestNumber == _chain)
        {
            return null;
        }

        _chain = chain.NewestNumber;
        return client.Require(chain);
    }

    private async Task<Refusal?> TakeAsync(SubscribeResponse response, SegmentView view)
    {
        switch (response.KindCase)
        {
            case SubscribeResponse.KindOneofCase.Update:
                return await TakeAsync(response.Update, view).ConfigureAwait(false);
            case SubscribeResponse.KindOneofCase.Lapsed:
                // Grants that were late are given anew at once; a second time without an answer between is no accident.
                Hear(response.Lapsed.Id);
                if (_open.Contains(response.Lapsed.Id))
                {
                    PutOff(
                        response.Lapsed.Id, names.GetValueOrDefault(response.Lapsed.Id),
                        waits: _putOff.ContainsKey(response.Lapsed.Id));
                }

                return null;
            case SubscribeResponse.KindOneofCase.Failed:
                return Take(response.Failed);
            case SubscribeResponse.KindOneofCase.Evidence:
                return Take(response.Evidence);
            default:
                return new Refusal(VerificationFailure.BadEnvelope, client.Endpoint.Text, "a response of no kind");
        }
    }

    // It proves itself, or it is nobody's to bring: what is verified of it is bounded by what one stream may bring.
    private Refusal? Take(Evidence told)
    {
        if (++_evidence > Limits.EvidencePieces)
        {
            return new Refusal(
                VerificationFailure.RateLimited, client.Endpoint.Text,
                $"more than {Limits.EvidencePieces} pieces of evidence");
        }

        if (!WireReader.TryRead(told, out var evidence, out var malformed))
        {
            return malformed;
        }

        verifier.Find(evidence);
        return null;
    }

    private Refusal? Take(Failed failed)
    {
        if (!RpcFailures.TryParse(failed.Failure, out var failure))
        {
            return new Refusal(VerificationFailure.BadEnvelope, client.Endpoint.Text, "a failure without a known name");
        }

        // Who is told this of what was not asked has nothing to remember of it.
        // To leave for one that lags is the quickest way for a few names, and the longest for very many.
        var isLater = failure == VerificationFailure.RateLimited
            || (failure == VerificationFailure.Behind && names.Count > AskedMax);
        if (isLater && !_open.Contains(failed.Id))
        {
            return null;
        }

        Hear(failed.Id);
        var refusal = new Refusal(failure, client.Endpoint.Text, failed.Detail);
        if (names.TryGetValue(failed.Id, out var name))
        {
            name.Fail(refusal);
            var held = name.Read().Current;
            if (failure == VerificationFailure.RecordExpired && (held is null || IsOver(held)))
            {
                AwaitDrop(failed.Id, isProven: held is not null);
            }
        }

        if (isLater)
        {
            PutOff(failed.Id, name, waits: true);
            return null;
        }

        // Who put this home out to make room for others is shown it again, though not without end.
        if (failure is VerificationFailure.BelowLinkFloor or VerificationFailure.GrantForeignSubject
            && !(context.Elapsed() - _shownAgain < GrantHalf.TotalMilliseconds))
        {
            (_shownAgain, _home) = (context.Elapsed(), default);
        }

        // Another anchor may know better; a question that may not be asked here may not be asked there either.
        return RpcFailures.IsRetriable(failure) ? refusal : null;
    }

    private async Task<Refusal?> TakeAsync(Update update, SegmentView view)
    {
        if (!WireReader.TryRead(update, out var id, out var answer, out var refusal))
        {
            return refusal;
        }

        if (answer.Hops is not [var hop])
        {
            return new Refusal(
                VerificationFailure.PathBroken, client.Endpoint.Text, $"{answer.Hops.Length} hops from a target");
        }

        Hear(id);
        return names.TryGetValue(id, out var name)
            ? await CheckAsync(view, name, id, answer, hop).ConfigureAwait(false)
            : null;
    }

    private async Task<Refusal?> CheckAsync(
        SegmentView view, RelayedName name, ulong id, UnverifiedAnswer answer, UnverifiedHop hop)
    {
        // What this home cannot say or denies is its own affair, and no fault of the anchor.
        var (own, missing) = await Check.OwnAsync(view, name, Target).ConfigureAwait(false);
        if (own is null)
        {
            name.Fail(missing ?? DeniedByHome(name.Query.Value.Name.Segment!));
            _due.Remove(id);
            _limited[id] = context.Elapsed() + (long)WhenLimited.TotalMilliseconds;
            return hop.Epochs.IsEmpty ? null : missing; // They come but once on a stream.
        }

        var kind = Way.Target.Kind;
        var (failed, isWhole) = Check.Check(own, Way, name, answer, (relayed, lost) => Settle(name, relayed, lost));
        if (failed is { Failure: VerificationFailure.RecordExpired or VerificationFailure.AttestationExpired }
            && isWhole)
        {
            name.Fail(failed);
            AwaitBetter(failed.Failure, id, name);
            return null;
        }

        // Another anchor, asked beside this one, showed a later seal or epoch while this answer was on its way, or
        // before this anchor had it: that is no lie, and the next question tells what is held. Who stays behind
        // withholds.
        if (IsLate(failed, hop) && Hedging.HasAnswered && (isWhole || HoldsEpochs(hop)))
        {
            PutOff(id, name, waits: _putOff.ContainsKey(id));
            return null;
        }

        EndIfDisowned(failed, kind);
        if (failed is not null && (!SealedContent.IsOfOneName(failed) || !hop.Epochs.IsEmpty))
        {
            return failed;
        }

        _putOff.Remove(id);
        _due[id] = context.Elapsed() + ((Relayed.EndOf(hop).Expiry - context.Now()) / 2)
            + (long)FirstAnswer.TotalMilliseconds;
        return failed is null ? null : RefuseOne(name, failed);
    }

    // A denial is under no seal, but under the epoch that its Attest names.
    private bool IsLate(Refusal? failed, UnverifiedHop hop) => failed?.Failure switch
    {
        VerificationFailure.SealRollback or VerificationFailure.EpochSuperseded => true,
        VerificationFailure.AttestationMismatch => hop is { Seal: null, Attests: [var only] }
            && Document.TryParse<Naming.Attest>(only.Payload, out var attest, out _)
            && attest.Value.Epoch < verifier.Chain(Target)?.NewestNumber,
        _ => false,
    };

    private bool HoldsEpochs(UnverifiedHop hop) => verifier.Chain(Target) is { } chain
        && hop.Epochs.All(one => Document.TryParse<Naming.Epoch>(one.Payload, out var epoch, out _)
            && chain.DigestOf(epoch.Value.Number) == epoch.Digest);

    private void Settle(RelayedName name, Relayed? relayed, Refusal? lost)
    {
        if (lost is null)
        {
            name.Accept(relayed!);
            return;
        }

        // Without room the name alone has none: the others of the segment are verified on.
        name.Fail(lost);
        if (!lost.IsOfNameAlone)
        {
            _lost = lost;
            wakeup.Signal();
        }
    }

    // V28, by an epoch that a quorum certified: what was introduced so is held no more. Of a parent it is a proof that
    // one anchor may leave out, and so the segment's word is not in it.
    private void EndIfDisowned(Refusal? failed, HopKind kind)
    {
        if (failed is { Failure: VerificationFailure.LinkNotAccepted } && kind is HopKind.Peer or HopKind.Down)
        {
            names.Values.ToList().ForEach(one => one.End(failed!));
        }
    }

    // An anchor can bring this about by withholding a Gateway or a slice, so F + 1 of them are heard before it is the
    // segment's word. From then on the name is refused and the stream stays: the others of the segment have no part in
    // it.
    private Refusal? RefuseOne(RelayedName name, Refusal refusal)
    {
        name.Fail(refusal);
        var heard = name.RefusedBy(client.Endpoint);
        return heard <= (verifier.Chain(Target)?.Newest.Value.Quorum.F ?? 0) ? refusal : null;
    }
}
