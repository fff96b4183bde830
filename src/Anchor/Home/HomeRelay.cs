using System.Collections.Concurrent;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;

namespace Fairlead.Anchor.Home;

/// <summary>
/// The home side of an anchor: one upstream subscription per (name, subject) and one session per target segment, kept
/// as long as some consumer uses them and a little longer. Thread-safe.
/// </summary>
internal sealed class HomeRelay(
    ServingContext context,
    HomeVerifier verifier,
    AttestBook attests,
    IntroductionBook introductions,
    ChainBook chains)
    : IAsyncDisposable
{
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(60);
    private const int NamesMax = 20_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<Digest, RelayedName> _names = [];
    private readonly ConcurrentDictionary<SegmentName, TargetSession> _sessions = new();
    private ulong _nextId;

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
    /// <returns>The subscription, or <c>RateLimited</c> where there are too many.</returns>
    internal (RelayedName? Name, Refusal? Refusal) Use(AskedQuestion question)
    {
        RelayedName? name;
        var isNew = false;
        lock (_gate)
        {
            if (!_names.TryGetValue(question.Query.Digest, out name))
            {
                DropIdle();
                if (_names.Count >= NamesMax)
                {
                    return (null,
                        new Refusal(VerificationFailure.RateLimited, "query", $"{NamesMax} names are relayed already"));
                }

                name = new RelayedName(++_nextId, question.Query, question.Consumer);
                _names.Add(question.Query.Digest, name);
                isNew = true;
            }

            name.Users++;
        }

        var session = _sessions.GetOrAdd(
            question.Query.Value.Name.Segment!,
            target => new TargetSession(context, verifier, attests, introductions, chains, target));
        if (isNew)
        {
            session.Add(name);
        }

        return (name, null);
    }

    /// <summary>Asks anew for what a segment answered: keys of it were misused (V38).</summary>
    internal void AskAgain(Digest segment)
    {
        List<RelayedName> names;
        lock (_gate)
        {
            names = [.. _names.Values.Where(name => name.Read().Current?.Target == segment)];
        }

        names.ForEach(name => name.AskAgain());
    }

    /// <summary>Ends one use; the subscription stays for a while, since a pod that restarts asks again.</summary>
    internal void Release(RelayedName name)
    {
        lock (_gate)
        {
            name.Users--;
            name.IdleSince = context.Time.GetTimestamp();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var session in _sessions.Values)
        {
            await session.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void DropIdle()
    {
        foreach (var (digest, name) in _names.ToArray())
        {
            if (name.Users == 0 && context.Time.GetElapsedTime(name.IdleSince) > Linger)
            {
                _names.Remove(digest);
                foreach (var session in _sessions.Values)
                {
                    session.Remove(name);
                }
            }
        }
    }
}
