using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Serving;

/// <summary>
/// Ends connections of TCP to strict names in two steps: what is served no more is first listed as unhealthy, while the
/// sidecar says so to each Envoy that asks, which ends its connections; then it leaves. An Envoy asks no more about
/// what has left, nor for a cluster that has changed: so the cluster stays as it was meanwhile. Thread-safe.
/// </summary>
/// <param name="settings">Where Envoys ask, and how often; nothing is done where they do not.</param>
/// <param name="time">The clock.</param>
/// <param name="areTold">Whether all that ask about a name have heard the newest word.</param>
/// <param name="over">Hears a name whose second step has come, off the caller's thread.</param>
internal sealed class TcpEnds(
    ClusterSettings settings, TimeProvider time, Func<string, bool> areTold, Action<string> over)
{
    private const int TriesMax = 20;

    // An Envoy reads the answer on one connection and what follows on another.
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(250);

    private readonly Audience _audience = Audience.Envoy with { Settings = settings };
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (ITimer Timer, object Token)> _waiting = new(StringComparer.Ordinal);

    /// <summary>What is told of a name, with what its ports of TCP are told.</summary>
    /// <param name="before">What was told of it until now.</param>
    /// <param name="now">What is known of it.</param>
    internal ServedName Follow(ServedName? before, ServedName now)
    {
        if (settings.Responder is null || now.IsPending || before is not { IsPending: false, StreamMax: not null })
        {
            return now;
        }

        now = now.Reason is null ? now : now with { StreamMax = before.StreamMax };
        var old = before.Tcp ?? before;
        if (now.StreamMax is null || !old.Ports.Any(port => BoundTranslation.IsBound(settings, old, port)))
        {
            return now; // No longer strict: its connections may live.
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
        if (told.Tcp is not { } old)
        {
            return told;
        }

        lock (_gate)
        {
            if (_waiting.ContainsKey(told.Name))
            {
                return told; // Something else has begun to leave since its time came.
            }
        }

        var now = told with { Tcp = null };
        var next = Joined(old, now);
        if (now.Reason is null && IsSameCluster(old, next))
        {
            return ReferenceEquals(next, now) ? now : now with { Tcp = next };
        }

        if (now.Reason is not null || old.Reason == Reasons.Changing)
        {
            return now;
        }

        // Of another cluster nobody asks in this one: it must have none when the other gets its endpoints.
        lock (_gate)
        {
            Begin(now.Name, Slack * 2, TriesMax);
        }

        return now with { Tcp = old with { Endpoints = [], Reason = Reasons.Changing, Provenance = null } };
    }

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

    // What was ending already does not make the others wait longer.
    private void Begin(string name, IReadOnlyCollection<ServedEndpoint> ending)
    {
        lock (_gate)
        {
            if (!_waiting.ContainsKey(name) || ending.Any(endpoint => endpoint.Health != ServedHealth.Ending))
            {
                Begin(name, settings.Responder!.Within + Slack, 0);
            }
        }
    }

    private void Begin(string name, TimeSpan wait, int tries)
    {
        End(name);
        var token = new object();
        var timer = time.CreateTimer(
            _ => OnTime(name, tries, token), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _waiting[name] = (timer, token);
        timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private void End(string name)
    {
        if (_waiting.Remove(name, out var earlier))
        {
            earlier.Timer.Dispose();
        }
    }

    private void OnTime(string name, int tries, object token)
    {
        var isAgain = tries < TriesMax && !areTold(name);
        lock (_gate)
        {
            if (!_waiting.TryGetValue(name, out var current) || current.Token != token)
            {
                return; // Something else has begun to leave since.
            }

            if (isAgain)
            {
                Begin(name, Slack, tries + 1);
                return;
            }

            End(name);
        }

        over(name);
    }
}
