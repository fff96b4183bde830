using System.Runtime.CompilerServices;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Serving;

/// <summary>What becomes of connections of TCP to strict names.</summary>
internal sealed partial class ServedViews
{
    // Every endpoint is asked for several times a second: once for each content, and not once for each question.
    private static readonly ConditionalWeakTable<ServedName, HashSet<string>> Living = [];

    private void SettleTcp(IReadOnlyList<string> names)
    {
        lock (_telling)
        {
            var (over, changing) = (new List<string>(), new List<string>());
            foreach (var name in names)
            {
                var told = SettleTcp(name);
                (told is null ? null : told.Tcp is null ? over : told.Tcp.Reason == Reasons.Changing ? changing : null)
                    ?.Add(name);
            }

            Hide(changing);
            Leave(over);
        }
    }

    private ServedName? SettleTcp(string name)
    {
        ServedName? told;
        lock (_gate)
        {
            told = _served.GetValueOrDefault(name);
        }

        if (told is null)
        {
            _ends.Drop(name);
            return null;
        }

        told = _ends.Settle(told);
        Tell(told);
        return told;
    }

    /// <summary>Whether connections to an endpoint of a cluster may go on; null where nothing is known of its name
    /// yet.</summary>
    private bool? MayGoOn(string cluster, string endpoint, TimeSpan now)
    {
        ServedName? served;
        lock (_gate)
        {
            served = ClusterNames.TryRead(cluster, out var name, out _) ? _served.GetValueOrDefault(name) : null;
        }

        if (served is null or { IsPending: true, Tcp: null })
        {
            return null;
        }

        var told = served.Tcp is { IsPending: false } tcp ? tcp : served;
        return served.Reason is null && told.Reason is null && !(told.StrictUntil - told.StrictLead <= now)
            && Living.GetValue(told, LivingOf).Contains(endpoint);
    }

    private static HashSet<string> LivingOf(ServedName name) =>
    [
        .. name.Endpoints.Where(one => one.Health != ServedHealth.Ending)
            .SelectMany(one => one.Ports.Select(port => BoundTranslation.IdOf(one.Address, port))),
    ];

    private bool AreTold(string name) => Connections.AreTold(
        name, endpoint => MayGoOn(name, endpoint, TimeSpan.MinValue) == true);
}
