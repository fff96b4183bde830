using System.Collections.Immutable;
using Fairlead.Naming;

namespace Fairlead.Sidecar.Serving;

/// <summary>
/// Which ports of a record clients are told. A record may list one number for two protocols, and Envoy refuses all
/// routes where two have one host and port: the first is served. And each port is a cluster or two in every Envoy that
/// takes the name, of about 130 kB, whatever segment wrote the record. Pure.
/// </summary>
internal static class RecordPorts
{
    /// <summary>The most ports of a name.</summary>
    internal const int Max = 64;

    /// <summary>The places of the ports that are served, ascending.</summary>
    /// <param name="record">A verified record, whose ports ascend by number and protocol.</param>
    internal static ImmutableArray<int> Of(Record record)
    {
        var kept = ImmutableArray.CreateBuilder<int>(Math.Min(record.Ports.Length, Max));
        for (var i = 0; i < record.Ports.Length && kept.Count < Max; i++)
        {
            if (i == 0 || record.Ports[i].Number != record.Ports[i - 1].Number)
            {
                kept.Add(i);
            }
        }

        return kept.ToImmutable();
    }

    /// <summary>What stands at these places.</summary>
    internal static ImmutableArray<T> Pick<T>(ImmutableArray<T> all, ImmutableArray<int> kept) =>
        kept.Length == all.Length ? all : [.. kept.Select(i => all[i])];
}
