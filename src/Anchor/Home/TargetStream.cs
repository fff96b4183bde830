using System.Collections.Concurrent;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;

namespace Fairlead.Anchor.Home;

/// <summary>
/// One subscription stream to one anchor of a target segment: opens the names, renews the Grants at half of their life,
/// verifies what comes. Used by one task.
/// </summary>
internal sealed class TargetStream(
    ServingContext context,
    HomeVerifier verifier,
    GrantMint grants,
    Digest target,
    AnchorClient client,
    ConcurrentDictionary<ulong, RelayedName> names,
    Wakeup wakeup,
    List<EpochDocument> epochs)
{
    private static readonly TimeSpan GrantHalf = TimeSpan.FromMilliseconds(Limits.GrantLife / 2);
    private static readonly TimeSpan FirstAnswer = TimeSpan.FromSeconds(3);

    private readonly HashSet<ulong> _open = [];
    private readonly Dictionary<ulong, long> _due = [];
    private long _grantsAt;

    /// <summary>Runs until the stream fails or the anchor does not deserve it any more; the result says why.</summary>
    internal async Task<Refusal> RunAsync(CancellationToken cancellationToken)
    {
        using var call = client.Subscribe(cancellationToken);
        var reading = call.ResponseStream.MoveNext(cancellationToken);
        Task? woken = null;
        while (true)
        {
            var view = context.Views.Current!;
            foreach (var request in Requests(view))
            {
                await call.RequestStream.WriteAsync(request, cancellationToken).ConfigureAwait(false);
            }

            if (Overdue() is { } late)
            {
                return late;
            }

            // A wait that is not over is kept: a second one beside it could take its signal.
            woken = woken is { IsCompleted: false } ? woken : wakeup.WaitAsync(TimeSpan.FromMilliseconds(250), cancellationToken);
            if (await Task.WhenAny(reading, woken).ConfigureAwait(false) != reading)
            {
                cancellationToken.ThrowIfCancellationRequested();
                continue;
            }

            if (!await reading.ConfigureAwait(false))
            {
                return new Refusal(VerificationFailure.Behind, client.Endpoint.Text, "the anchor ended the stream");
            }

            if (Take(call.ResponseStream.Current, view) is { } refusal)
            {
                return refusal;
            }

            reading = call.ResponseStream.MoveNext(cancellationToken);
        }
    }

    private IEnumerable<SubscribeRequest> Requests(SegmentView view)
    {
        var now = context.Now();
        if (_grantsAt == 0)
        {
            _grantsAt = now;
        }
        else if (now - _grantsAt >= GrantHalf.TotalMilliseconds)
        {
            _grantsAt = now;
            var renewed = new Grants();
            foreach (var consumer in names.Values.Where(name => _open.Contains(name.Id)).Select(name => name.Consumer).DistinctBy(c => c.Digest))
            {
                renewed.Grants_.Add(WireWriter.ToMessage(grants.Sign(view, consumer, target)));
            }

            yield return new SubscribeRequest { Grants = renewed };
        }

        foreach (var name in names.Values)
        {
            // The same id again replaces the subscription at the target, which answers at once with its newest seal.
            if (name.TakeRefresh() | _open.Add(name.Id))
            {
                _due[name.Id] = now + (long)FirstAnswer.TotalMilliseconds;
                yield return new SubscribeRequest { Open = Open(view, name) };
            }
        }

        foreach (var gone in _open.Where(id => !names.ContainsKey(id)).ToList())
        {
            _open.Remove(gone);
            _due.Remove(gone);
            yield return new SubscribeRequest { Close = new Close { Id = gone } };
        }
    }

    private Open Open(SegmentView view, RelayedName name)
    {
        var request = new ResolveRequest
        {
            Query = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(name.Query.Payload),
            Grant = WireWriter.ToMessage(grants.Sign(view, name.Consumer, target)),
        };
        request.HomeEpochs.AddRange(view.Epochs.Select(WireWriter.ToMessage));
        if (verifier.Chain(target) is { } chain)
        {
            request.Known.Add(WireWriter.ToKnown(chain));
        }

        return new Open { Id = name.Id, Request = request };
    }

    // An anchor that lets half of the oldest expiry pass without a word, and some more for the way, withholds or is stuck.
    private Refusal? Overdue()
    {
        var now = context.Now();
        foreach (var (id, due) in _due)
        {
            if (now > due)
            {
                return new Refusal(VerificationFailure.Behind, client.Endpoint.Text, $"no update for subscription {id} in time");
            }
        }

        return null;
    }

    private Refusal? Take(SubscribeResponse response, SegmentView view)
    {
        switch (response.KindCase)
        {
            case SubscribeResponse.KindOneofCase.Update:
                return Take(response.Update, view);
            case SubscribeResponse.KindOneofCase.Lapsed:
                _open.Remove(response.Lapsed.Id);
                _due.Remove(response.Lapsed.Id);
                return null;
            case SubscribeResponse.KindOneofCase.Failed:
                return Take(response.Failed);
            default:
                return new Refusal(VerificationFailure.BadEnvelope, client.Endpoint.Text, "a response of no kind");
        }
    }

    private Refusal? Take(Failed failed)
    {
        if (!RpcFailures.TryParse(failed.Failure, out var failure))
        {
            return new Refusal(VerificationFailure.BadEnvelope, client.Endpoint.Text, "a failure without a known name");
        }

        var refusal = new Refusal(failure, client.Endpoint.Text, failed.Detail);
        if (names.TryGetValue(failed.Id, out var name))
        {
            name.Fail(refusal);
        }

        // Another anchor may know better; a question that may not be asked here may not be asked there either.
        return RpcFailures.IsRetriable(failure) ? refusal : null;
    }

    private Refusal? Take(Update update, SegmentView view)
    {
        if (!WireReader.TryRead(update.Answer, out var answer, out var refusal))
        {
            return refusal;
        }

        if (answer.Hops is not [var hop])
        {
            return new Refusal(VerificationFailure.PathBroken, client.Endpoint.Text, $"{answer.Hops.Length} hops from a target");
        }

        var isKept = false;
        foreach (var id in update.Ids)
        {
            if (!names.TryGetValue(id, out var name))
            {
                continue;
            }

            if (verifier.Check(view, name, answer) is { } failed)
            {
                return failed;
            }

            // What came with a verified answer continues the chain, once however many names the update is about.
            epochs.AddRange(isKept ? [] : hop.Epochs);
            isKept = true;
            var now = context.Now();
            var relayed = Relay(hop, answer);
            _due[id] = now + ((relayed.Expiry - now) / 2) + (long)FirstAnswer.TotalMilliseconds;
            name.Accept(relayed);
        }

        return null;
    }

    private Relayed Relay(UnverifiedHop hop, UnverifiedAnswer answer)
    {
        var expiry = long.MaxValue;
        (long, long)? seal = null;
        if (hop.Seal is { } certificate && Document.TryParse<Seal>(certificate.Payload, out var parsed, out _))
        {
            expiry = parsed.Value.Expires;
            seal = (parsed.Value.Epoch, parsed.Value.Seq);
        }

        foreach (var envelope in hop.Attests)
        {
            if (Document.TryParse<Attest>(envelope.Payload, out var attest, out _))
            {
                expiry = Math.Min(expiry, attest.Value.Expires);
            }
        }

        return new Relayed(hop with { Epochs = [] }, [.. epochs], answer.Result, answer.Slices, expiry, seal);
    }
}
