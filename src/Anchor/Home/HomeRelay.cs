using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Home;

/// <summary>
/// The home side of an anchor: one upstream subscription per (name, subject) and one session per target segment, kept
/// as long as some consumer uses them and a little longer. Thread-safe.
/// </summary>
internal sealed class HomeRelay : IAsyncDisposable
{
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<SegmentName, TargetSession> _sessions = [];
    private readonly List<Task> _ending = [];
    private readonly RelayedNames _names;
    private readonly Func<SegmentName, TargetSession> _open;
    private readonly Func<long> _now;
    private readonly ITimer _sweeping;
    private readonly IntroductionBook _introductions;
    private readonly ChainBook _chains;

    internal HomeRelay(
        ServingContext context,
        HomeVerifier verifier,
        AttestBook attests,
        IntroductionBook introductions,
        ChainBook chains)
    {
        (_introductions, _chains) = (introductions, chains);
        (_names, _now) = (new RelayedNames(context.Time), context.Now);
        _open = target => new TargetSession(context, verifier, attests, introductions, chains, target);

        // By the clock and not when somebody asks: what nobody uses costs its target and this anchor as much as the
        // rest, and after the last pod is gone nobody asks.
        _sweeping = context.Time.CreateTimer(_ => DropIdle(), null, Sweep, Sweep);
    }

    /// <summary>How many names are subscribed upstream, and over how many streams.</summary>
    internal (int Names, int Streams) Upstream
    {
        get
        {
            lock (_gate)
            {
                return (_names.Count, _sessions.Count);
            }
        }
    }

    /// <summary>Uses a name; <see cref="Release"/> ends it.</summary>
    /// <param name="question">The question; the target is asked anew unless what is held does for it.</param>
    /// <param name="trace">The span that waits for it, as W3C's traceparent; null for none.</param>
    /// <returns>The subscription, or <c>RateLimited</c> where there are too many.</returns>
    internal (RelayedName? Name, Refusal? Refusal) Use(AskedQuestion question, string? trace)
    {
        lock (_gate)
        {
            if (_names.Use(question.Query, question.Consumer) is not ({ } name, var isNew))
            {
                return (null, new Refusal(
                    VerificationFailure.RateLimited, "query",
                    $"{_names.Count} names are relayed, as many of this subject as the others leave room for"));
            }

            if (isNew || !Suffices(name, question))
            {
                name.AskAgain(trace);
            }

            if (isNew)
            {
                SessionOf(name).Add(name);
            }

            return (name, null);
        }
    }

    /// <summary>What the first answer of a segment will stand on, as far as it is verified and durable here.</summary>
    /// <param name="question">The question.</param>
    /// <param name="known">The newest epochs that the asker holds, by segment.</param>
    /// <returns>Null where the asker holds the segment's chain, or nothing is known of it here.</returns>
    internal UnverifiedAnswer? Ahead(AskedQuestion question, IReadOnlyDictionary<Digest, long> known)
    {
        if (_introductions.Current(question.Query.Value.Name.Segment!) is not { Leads: true } way
            || known.ContainsKey(way.Target.Genesis) || _chains.Find(way.Target.Genesis) is not { } epochs)
        {
            return null;
        }

        var target = new UnverifiedHop(way.Target.Genesis, way.Target.Kind, epochs, null, [], [], []);
        var hops = way.Hops.Select(
            hop => hop.After(known.TryGetValue(hop.Hop.Genesis, out var epoch) ? epoch : null));
        return EpochRoom.Fit(
            new UnverifiedAnswer(question.Query.Payload, [.. hops, target], AnswerResult.Record, []));
    }

    /// <summary>Asks anew for what a segment answered: keys of it were misused (V38).</summary>
    internal void AskAgain(Digest segment)
    {
        foreach (var name in _names.All().Where(name => name.Read().Current?.Target == segment))
        {
            name.AskAgain();
        }
    }

    /// <summary>Ends one use; the subscription stays for a while.</summary>
    internal void Release(RelayedName name) => _names.Release(name);

    public async ValueTask DisposeAsync()
    {
        await _sweeping.DisposeAsync().ConfigureAwait(false);
        List<Task> ending;
        lock (_gate)
        {
            ending = [.. _ending, .. _sessions.Values.Select(session => session.DisposeAsync().AsTask())];
            _sessions.Clear();
        }

        await Task.WhenAll(ending).ConfigureAwait(false);
    }

    // What has half of its life before it, and is not behind what the asker knows: a thousand pods that come up ask the
    // target once.
    private bool Suffices(RelayedName name, AskedQuestion question)
    {
        if (name.Read() is not ({ Seal.Value: { } seal } held, null))
        {
            return false;
        }

        var known = question.Known.GetValueOrDefault(held.Target)?.Epoch ?? -1;
        return held.Expiry - _now() > (seal.Expires - seal.Issued) / 2
            && known < held.Hops[^1].Epochs.Length && !question.IsBehind(held.Target, (seal.Epoch, seal.Seq));
    }

    // A name that is followed has a session.
    private TargetSession SessionOf(RelayedName name)
    {
        var target = name.Query.Value.Name.Segment!;
        return _sessions.TryGetValue(target, out var session) ? session : _sessions[target] = _open(target);
    }

    // A session goes with its last name: whoever asks for names of ever other segments leaves none behind.
    private void DropIdle()
    {
        lock (_gate)
        {
            foreach (var name in _names.TakeIdle())
            {
                SessionOf(name).Remove(name);
            }

            _ending.RemoveAll(task => task.IsCompleted);
            foreach (var (target, session) in _sessions.Where(one => one.Value.IsIdle).ToList())
            {
                _sessions.Remove(target);
                _ending.Add(session.DisposeAsync().AsTask());
            }
        }
    }
}
