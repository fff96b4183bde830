using System.Collections.Concurrent;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;

namespace Fairlead.Anchor.Home;

/// <summary>
/// The home side of an anchor: one upstream subscription per (name, subject) and one session per target segment, kept
/// as long as some consumer uses them and a little longer. Thread-safe.
/// </summary>
internal sealed class HomeRelay : IAsyncDisposable
{
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<SegmentName, TargetSession> _sessions = new();
    private readonly RelayedNames _names;
    private readonly Func<SegmentName, TargetSession> _open;
    private readonly ITimer _sweeping;

    internal HomeRelay(
        ServingContext context,
        HomeVerifier verifier,
        AttestBook attests,
        IntroductionBook introductions,
        ChainBook chains)
    {
        _names = new RelayedNames(context.Time);
        _open = target => new TargetSession(context, verifier, attests, introductions, chains, target);

        // By the clock and not when somebody asks: what nobody uses costs its target and this anchor as much as the
        // rest, and after the last pod is gone nobody asks.
        _sweeping = context.Time.CreateTimer(_ => DropIdle(), null, Sweep, Sweep);
    }

    /// <summary>How many names are subscribed upstream, and over how many streams.</summary>
    internal (int Names, int Streams) Upstream => (_names.Count, _sessions.Count);

    /// <summary>Uses a name; <see cref="Release"/> ends it.</summary>
    /// <returns>The subscription, or <c>RateLimited</c> where there are too many.</returns>
    internal (RelayedName? Name, Refusal? Refusal) Use(AskedQuestion question)
    {
        if (_names.Use(question.Query, question.Consumer) is not ({ } name, var isNew))
        {
            return (null, new Refusal(
                VerificationFailure.RateLimited, "query", $"{RelayedNames.Most} names are relayed already"));
        }

        var session = _sessions.GetOrAdd(question.Query.Value.Name.Segment!, _open);
        if (isNew)
        {
            session.Add(name);
        }

        return (name, null);
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
        foreach (var session in _sessions.Values)
        {
            await session.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void DropIdle()
    {
        foreach (var name in _names.TakeIdle())
        {
            foreach (var session in _sessions.Values)
            {
                session.Remove(name);
            }
        }
    }
}
