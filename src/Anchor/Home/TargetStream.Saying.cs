using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Home;

/// <content>What the anchor is shown and asked.</content>
internal sealed partial class TargetStream
{
    // How many names that were asked for are waited for at once. Of thousands the last answers would be older than what
    // the first ones showed, and late for no fault of the anchor.
    private const int AskedMax = 64;

    // Those that are to be opened and were not yet; what is said of them is made as it is sent.
    private readonly Queue<RelayedName> _opening = new();
    private readonly HashSet<ulong> _queued = [];

    // Those that nothing came for since, with what was held of them then.
    private readonly Dictionary<ulong, Relayed?> _asked = [];

    // What was held of those when somebody asked for more than that.
    private readonly Dictionary<ulong, Relayed> _awaited = [];
    private IEnumerator<SubscribeRequest>? _saying;
    private Task _sending = Task.CompletedTask;
    private long _sentAt;

    // As much as the anchor takes, and no more than one thing before something of it that is there to be heard: one
    // that takes nothing any more is silent, and is left for that.
    private async Task SayAsync(
        IClientStreamWriter<SubscribeRequest> requests, SegmentView view, Task reading, Task woken,
        CancellationToken cancellationToken)
    {
        var (isNew, said) = (false, 0);
        while (true)
        {
            if (!_sending.IsCompleted)
            {
                HedgeUnsaid(view);
                await Task.WhenAny(_sending, reading, woken, Turn(view) ?? woken).ConfigureAwait(false);
                if (!_sending.IsCompleted && !reading.IsCompleted && !woken.IsCompleted)
                {
                    continue;
                }
            }

            if (!_sending.IsCompleted || (said > 0 && reading.IsCompleted))
            {
                return;
            }

            await _sending.ConfigureAwait(false);
            isNew |= _saying is null;
            _saying ??= Requests(view).GetEnumerator();
            if (_saying.MoveNext())
            {
                (_sending, _sentAt) = (requests.WriteAsync(_saying.Current, cancellationToken), context.Elapsed());
                said++;
                continue;
            }

            _saying = null;
            if (isNew)
            {
                return;
            }
        }
    }

    // What an anchor that takes nothing was not even asked for waits since then, or since it is followed at all.
    private void HedgeUnsaid(SegmentView view)
    {
        if (context.Elapsed() - _sentAt < Latencies.Delay)
        {
            return;
        }

        foreach (var unsaid in names.Keys.Where(id => !_due.ContainsKey(id) && !_limited.ContainsKey(id)))
        {
            if (Waiting(view, unsaid) is { } name)
            {
                Hedging.Turns.Asked(unsaid, Math.Max(_sentAt, name.Since));
            }
        }

        foreach (var behind in names.Values.Where(name => name.IsRefreshAsked && !_awaited.ContainsKey(name.Id)))
        {
            AwaitNewer(view, behind, _sentAt);
        }
    }

    // Whoever asks anew knows more than what is held, and waits. What came from elsewhere was not it, if it asks again.
    private void AwaitNewer(SegmentView view, RelayedName name, long since)
    {
        if (name.Read().Current is { } held && IsServed(view, name) && !IsAwaited(name) && !IsDenied(view, name))
        {
            _awaited[name.Id] = held;
            Hedging.Turns.Forget(name.Id);
            Hedging.Turns.Asked(name.Id, since);
        }
    }

    private Task? Turn(SegmentView view) => Hedging.Turn(view, Way, id => Waiting(view, id));

    // At first contact, again with each newer introduction, and with each epoch of the own segment: it is how the
    // target knows this home, and Grants of a new home epoch are believed by those who know it (V48). What fits goes
    // along with the next question.
    private async Task<Refusal?> ShowAsync(SegmentView view, CancellationToken cancellationToken)
    {
        if (_home == view.Epoch.Digest && ReferenceEquals(_told, Way))
        {
            return null;
        }

        if (_home != view.Epoch.Digest)
        {
            _open.Clear();
            _denied.Clear();
            _opening.Clear();
            _queued.Clear();
            _asked.Clear();
            _awaited.Clear();
            _saying = null;
        }

        (_home, _told) = (view.Epoch.Digest, Way);
        (_showing, var refusal) = await ChainShowing.ShowAsync(client, view, Way.Hops, null, cancellationToken)
            .ConfigureAwait(false);
        return refusal;
    }

    private IEnumerable<SubscribeRequest> Requests(SegmentView view)
    {
        var now = context.Elapsed();
        if (_grantsAt is not { } granted)
        {
            _grantsAt = now;
        }
        else if (now - granted >= GrantHalf.TotalMilliseconds)
        {
            _grantsAt = now;
            var consumers = names.Values.Where(name => _open.Contains(name.Id) && !_denied.Contains(name.Id))
                .Select(name => name.Consumer);
            foreach (var grants in _questions.Renew(view, Target, consumers))
            {
                yield return new SubscribeRequest { Grants = grants };
            }
        }

        foreach (var over in _limited.Where(one => one.Value <= now).Select(one => one.Key).ToList())
        {
            _limited.Remove(over);
            _open.Remove(over);
        }

        foreach (var gone in _open.Where(id => !names.ContainsKey(id)).ToList())
        {
            Forget(gone);
            yield return new SubscribeRequest { Close = new Close { Id = gone } };
        }

        Queue(view, now);
        while (HasRoom() && _opening.TryDequeue(out var name))
        {
            // It may have gone since, or be one to ask for later.
            _queued.Remove(name.Id);
            if (!_open.Contains(name.Id) || _limited.ContainsKey(name.Id))
            {
                continue;
            }

            if (IsDenied(view, name))
            {
                yield return Deny(name);
                continue;
            }

            var asked = context.Elapsed();
            _due[name.Id] = _putOff.TryGetValue(name.Id, out var end)
                ? end
                : asked + (long)FirstAnswer.TotalMilliseconds;
            if (!IsServed(view, name))
            {
                Hedging.Turns.Asked(name.Id, asked);
            }

            _asked[name.Id] = name.Read().Current;
            yield return new SubscribeRequest { Open = Open(view, name) };
        }
    }

    // The same id again replaces the subscription at the target, which answers at once with its newest seal. Where
    // every anchor hears too much, those come first that have nothing, or not for long: none is always the last.
    private void Queue(SegmentView view, long now)
    {
        var opening = names.Values.Where(name => !_limited.ContainsKey(name.Id))
            .Where(name => IsToOpen(view, name, now)).ToList();
        foreach (var name in opening.OrderBy(name => name.Read().Current?.Expiry ?? 0)
            .Where(name => _queued.Add(name.Id)))
        {
            _opening.Enqueue(name);
            if (!IsServed(view, name) && !IsDenied(view, name))
            {
                // Who waits for its turn waits since now, whatever holds that up.
                Hedging.Turns.Asked(name.Id, now);
            }
        }
    }

    private bool IsToOpen(SegmentView view, RelayedName name, long now)
    {
        var isAskedAnew = name.TakeRefresh();
        if (isAskedAnew)
        {
            AwaitNewer(view, name, now);
        }

        return _open.Add(name.Id) || isAskedAnew;
    }

    // What another anchor answered meanwhile is not waited for.
    private bool HasRoom()
    {
        if (_asked.Count >= AskedMax)
        {
            foreach (var (id, held) in _asked)
            {
                if (!names.TryGetValue(id, out var name) || !ReferenceEquals(name.Read().Current, held))
                {
                    _asked.Remove(id);
                }
            }
        }

        return _asked.Count < AskedMax;
    }

    private void Hear(ulong id)
    {
        _asked.Remove(id);
        _awaited.Remove(id);
        Hedging.Turns.Heard(id, context.Elapsed());
    }

    // Whether whoever asks for it is given what is held.
    private bool IsServed(SegmentView view, RelayedName name) => name.Read().Current is { } held && !IsOver(held)
        && held.Expiry > context.Now() + view.Epoch.Value.Policy.ClockDelta;

    // What may leave this home for it, as long as somebody waits.
    private RelayedName? Waiting(SegmentView view, ulong id) => names.TryGetValue(id, out var name)
        && (!IsServed(view, name) || IsAwaited(name)) && !IsDenied(view, name) ? name : null;

    private bool IsAwaited(RelayedName name) =>
        _awaited.TryGetValue(name.Id, out var held) && ReferenceEquals(name.Read().Current, held);

    // The home decides before anything leaves it, and an epoch may begin to deny what is open.
    private static bool IsDenied(SegmentView view, RelayedName name) =>
        !AttestTerms.OfHome(view, name.Consumer, name.Query.Value.Name.Segment!).IsAllowed;

    private SubscribeRequest Deny(RelayedName name)
    {
        _denied.Add(name.Id);
        _due.Remove(name.Id);
        _asked.Remove(name.Id);
        _awaited.Remove(name.Id);
        Hedging.Turns.Forget(name.Id);
        name.Fail(DeniedByHome(Way.Target.Name));
        return new SubscribeRequest { Close = new Close { Id = name.Id } };
    }

    private Open Open(SegmentView view, RelayedName name)
    {
        var request = _questions.Ask(view, Way, name, _showing);
        _showing = null;
        return new Open { Id = name.Id, Request = request, TraceParent = name.TakeTrace() ?? "" };
    }
}
