using System.Security.Cryptography;
using System.Text;
using Fairlead.Sidecar.Translation;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Serving;

/// <summary>
/// Ends connections of TCP to strict names in two steps: what is served no more is first listed as unhealthy, while the
/// sidecar says so to each Envoy that asks, which ends its connections; then it leaves. An Envoy asks no more about
/// what has left, nor for a cluster that has changed: so the cluster stays as it was meanwhile. Thread-safe.
/// </summary>
/// <remarks>After a restart nobody knows what Envoys hold of a name that they were told before, unless the first word
/// is what they were told last (<see cref="MarkOf"/>): another one is told to who asks about endpoints, and to their
/// clusters a step later. What begins to leave while others are leaving waits
/// for their time and then its own: a name that changes all the time holds nobody longer than twice that.</remarks>
/// <param name="settings">Where Envoys ask, and how often; nothing is done where they do not.</param>
/// <param name="time">The clock.</param>
/// <param name="areTold">Whether all that ask about a name have heard the newest word.</param>
/// <param name="over">Hears the names whose second step has come, off the caller's thread: all that begin together have
/// their steps together.</param>
internal sealed class TcpEnds(
    ClusterSettings settings, TimeProvider time, Func<string, bool> areTold, Action<IReadOnlyList<string>> over)
{
    private const int TriesMax = 20;

    // An Envoy reads the answer on one connection and what follows on another.
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(250);

    // What falls due within this is done at once: each of the steps costs as much as everything that is served.
    private static readonly TimeSpan Together = TimeSpan.FromMilliseconds(50);

    private readonly long _start = time.GetTimestamp();
    private readonly Audience _audience = Audience.Envoy with { Settings = settings };
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Wait> _waiting = new(StringComparer.Ordinal);

    // By the time since the start. What was over in another way is passed over when it falls due.
    private readonly PriorityQueue<Wait, TimeSpan> _due = new();
    private ITimer? _timer;
    private TimeSpan? _armed;

    /// <summary>Whether connections may be open that end in steps, if a name is served no more.</summary>
    internal bool MayHaveConnections(ServedName name) =>
        (name.Reason is null || name.IsPending || name.Tcp is not null)
        && name.Ports.Any(port => BoundTranslation.IsBound(settings, name, port));

    /// <summary>
    /// What tells what ports of TCP of a name are told, bounded clusters and endpoints, from anything else that they
    /// could be told; null where none is bounded or none has endpoints. It is the same in every process that has the
    /// same settings.
    /// </summary>
    internal string? MarkOf(ServedName told)
    {
        var name = told.Tcp ?? told;
        if (settings.Responder is null || name.Reason is not null)
        {
            return null;
        }

        var clusters = name.Ports.Where(port => BoundTranslation.IsBound(settings, name, port))
            .Select(port => Resource.Create(ClusterOf(name, port)).Version).ToList();
        var endpoints = name.Endpoints.Select(one => $"{one.Address} {string.Join(',', one.Ports)} {one.Peer} "
            + $"{one.Member?.Name} {one.Health == ServedHealth.Ending}").Order(StringComparer.Ordinal);
        return clusters.Count == 0 ? null : Convert.ToHexStringLower(
            SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', clusters.Concat(endpoints))))[..16]);
    }

    /// <summary>What is told of a name that is told no more from now on, by no word on it: what its ports of TCP are
    /// told meanwhile ends their connections, the others are told nothing.</summary>
    internal ServedName Leave(ServedName before)
    {
        if (before is { Reason: not null, IsPending: false })
        {
            return before;
        }

        var old = before.Tcp ?? before;
        Begin(before.Name, old.Endpoints);
        return before with
        {
            Reason = Reasons.Pending,
            Endpoints = [],
            Provenance = null,
            WasGuarded = before.WasGuarded || ShapePeers.AreIn(before),
            Tls = before.Tls is { } tls
                ? tls with { HadClear = tls.HadClear || before.Endpoints.Any(one => one.Peer is null) } : null,
            StrictUntil = null,
            Tcp = old with { StrictUntil = null, Tcp = null, Endpoints = [.. old.Endpoints.Select(Ending)] },
        };
    }

    /// <summary>What is told of a name, with what its ports of TCP are told.</summary>
    /// <param name="before">What was told of it until now.</param>
    /// <param name="now">What is known of it.</param>
    internal ServedName Follow(ServedName? before, ServedName now)
    {
        if (settings.Responder is null || now.IsPending || before is not { StreamMax: not null })
        {
            return now;
        }

        now = now.Reason is null ? now : now with { StreamMax = before.StreamMax };
        var old = before.Tcp ?? before;
        if (now.StreamMax is null || !old.Ports.Any(port => BoundTranslation.IsBound(settings, old, port)))
        {
            return now; // No longer strict: its connections may live.
        }

        if (old.IsPending)
        {
            if (old.Mark is { } mark && mark == MarkOf(now))
            {
                return now;
            }

            Begin(now.Name, []);
            return now with { Tcp = old };
        }

        if (old.Reason is not null)
        {
            return now.Reason is null && old.Reason == Reasons.Changing ? now with { Tcp = old } : now;
        }

        var next = Joined(old, now);
        if (!IsSameCluster(old, next))
        {
            Begin(now.Name, old.Endpoints);
            return now with
            {
                Tcp = old with { StrictUntil = null, Tcp = null, Endpoints = [.. old.Endpoints.Select(Ending)] },
            };
        }

        var leaving = old.Endpoints.Where(one => !next.Endpoints.Any(other => IsSame(one, other))).ToList();
        if (leaving.Count == 0)
        {
            return ReferenceEquals(next, now) ? now : now with { Tcp = next };
        }

        Begin(now.Name, leaving);
        return now with { Tcp = next with { Endpoints = [.. next.Endpoints, .. leaving.Select(Ending)] } };
    }

    /// <summary>What is told of a name when its next step has come.</summary>
    internal ServedName Settle(ServedName told)
    {
        IReadOnlyCollection<ServedEndpoint> due;
        lock (_gate)
        {
            due = _waiting.TryGetValue(told.Name, out var wait) ? wait.Leaving : [];
            _waiting.Remove(told.Name);
        }

        if (told.Tcp is not { } old)
        {
            return told;
        }

        var later = old.Endpoints.Where(
            one => one.Health == ServedHealth.Ending && !due.Any(other => IsSame(one, other))).ToList();
        if (later.Count > 0)
        {
            Begin(told.Name, later);
            return told with { Tcp = old with { Endpoints = old.Endpoints.RemoveAll(one => IsDue(one, later)) } };
        }

        var now = told with { Tcp = null };
        var next = Joined(old, now);
        if (now.Reason is null && IsSameCluster(old, next))
        {
            return ReferenceEquals(next, now) ? now : now with { Tcp = next };
        }

        if (now is { Reason: not null, IsPending: false } || old.Reason == Reasons.Changing)
        {
            return now;
        }

        // Of another cluster nobody asks in this one: it must have none when the other gets its endpoints.
        lock (_gate)
        {
            Begin(now.Name, [], Slack * 2, TriesMax);
        }

        return now with { Tcp = old with { Endpoints = [], Reason = Reasons.Changing, Provenance = null } };
    }

    /// <summary>Nothing of a name is told any more.</summary>
    internal void Drop(string name)
    {
        lock (_gate)
        {
            _waiting.Remove(name);
        }
    }

    private static bool IsDue(ServedEndpoint one, List<ServedEndpoint> later) =>
        one.Health == ServedHealth.Ending && !later.Contains(one);

    // A cluster that once had an identity keeps it: to lose it would be another cluster.
    private static ServedName Joined(ServedName old, ServedName now)
    {
        if (old.Tls is not { } held || now.Tls is not { } tls || now.Reason is not null)
        {
            return now;
        }

        var known = tls.Peers.Select(peer => peer.Id).ToHashSet(StringComparer.Ordinal);
        var hadClear = held.HadClear || old.Endpoints.Any(endpoint => endpoint.Peer is null);
        var more = held.Peers.Where(peer => !known.Contains(peer.Id)).ToList();
        return more.Count == 0 && (!hadClear || tls.HadClear || now.Endpoints.Any(endpoint => endpoint.Peer is null))
            ? now
            : now with
            {
                Tls = tls with
                {
                    HadClear = hadClear,
                    Peers = [.. tls.Peers.Concat(more).OrderBy(peer => peer.Id, StringComparer.Ordinal)],
                },
            };
    }

    private bool IsSameCluster(ServedName old, ServedName now) =>
        now.Reason is null && old.Ports.SequenceEqual(now.Ports)
        && now.Ports.Where(port => BoundTranslation.IsBound(settings, old, port)).All(
            port => ClusterOf(old, port).Equals(ClusterOf(now, port)));

    private EnvoyApi.Clusters.Cluster ClusterOf(ServedName name, ServedPort port) =>
        ClusterTranslation.Translate(_audience, name.Name, name.Name, port, null, name);

    private static bool IsSame(ServedEndpoint one, ServedEndpoint other) => one.Address == other.Address
        && one.Ports.SequenceEqual(other.Ports) && one.Peer == other.Peer && one.Member?.Name == other.Member?.Name;

    private static ServedEndpoint Ending(ServedEndpoint endpoint) => endpoint with { Health = ServedHealth.Ending };

    // What was ending already does not make the others wait longer. What comes back and leaves again has its time anew.
    private void Begin(string name, IReadOnlyCollection<ServedEndpoint> ending)
    {
        lock (_gate)
        {
            if (_waiting.TryGetValue(name, out var wait))
            {
                wait.Leaving.RemoveAll(one => ending.Any(
                    other => other.Health != ServedHealth.Ending && IsSame(one, other)));
            }
            else
            {
                Begin(name, [.. ending], settings.Responder!.Within + Slack, 0);
            }
        }
    }

    private void Begin(string name, List<ServedEndpoint> leaving, TimeSpan after, int tries)
    {
        var wait = new Wait(name, leaving, tries);
        var due = (Elapsed() + after).Ticks + Together.Ticks - 1;
        _waiting[name] = wait;
        _due.Enqueue(wait, TimeSpan.FromTicks(due - (due % Together.Ticks)));
        Arm();
    }

    private void Arm()
    {
        if (_due.TryPeek(out _, out var due) && !(_armed <= due))
        {
            _armed = due;
            _timer ??= time.CreateTimer(_ => OnTime(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            var left = due - Elapsed();
            _timer.Change(left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private void OnTime()
    {
        List<Wait> due = [];
        lock (_gate)
        {
            _armed = null;

            // A timer may be early by less than it can be set to.
            var now = Elapsed() + TimeSpan.FromMilliseconds(1);
            while (_due.TryPeek(out var wait, out var at) && at <= now)
            {
                _due.Dequeue();
                due.Add(wait);
            }

            due.RemoveAll(IsOver);
            Arm();
        }

        var untold = due.Where(wait => wait.Tries < TriesMax && !areTold(wait.Name)).ToHashSet();
        lock (_gate)
        {
            due.RemoveAll(IsOver);
            foreach (var wait in due.Where(untold.Contains))
            {
                Begin(wait.Name, wait.Leaving, Slack, wait.Tries + 1);
            }

            due.RemoveAll(untold.Contains);
        }

        if (due.Count > 0)
        {
            over([.. due.Select(wait => wait.Name)]);
        }
    }

    private TimeSpan Elapsed() => time.GetElapsedTime(_start);

    private bool IsOver(Wait wait) => _waiting.GetValueOrDefault(wait.Name) != wait;

    // What leaves when the time has come.
    private sealed class Wait(string name, List<ServedEndpoint> leaving, int tries)
    {
        internal string Name => name;

        internal List<ServedEndpoint> Leaving => leaving;

        internal int Tries => tries;
    }
}
