using System.Collections.Immutable;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Serving;

/// <summary>
/// The ports of a name that several services serve: all that any of them has. Where two disagree, the one that comes
/// first decides, and the other does not serve that port (the union of the Multi-Cluster Services API). Pure.
/// </summary>
internal static class SetPorts
{
    /// <summary>The union, ascending by number, of as many ports as a name may have.</summary>
    /// <param name="members">The ports of each member, in the order in which members are preferred.</param>
    internal static ImmutableArray<ServedPort> Union(IEnumerable<ImmutableArray<ServedPort>> members)
    {
        var all = members.ToList();

        // In equal shares as far as they need them: what one segment publishes is to cost no other its own.
        var kept = all.SelectMany(ports => ports.Select((port, at) => (At: at, port.Number))).OrderBy(one => one.At)
            .Select(one => one.Number).Distinct().Take(RecordPorts.Max).ToHashSet();
        var union = new SortedDictionary<int, ServedPort>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var port in all.SelectMany(ports => ports))
        {
            if (kept.Contains(port.Number) && !union.ContainsKey(port.Number))
            {
                // One name for two numbers would decide neither.
                var name = port.Name is { } given && names.Add(given) ? given : null;
                union.Add(port.Number, port with { Name = name });
            }
        }

        return [.. union.Values];
    }

    /// <summary>How many numbers the union leaves out.</summary>
    internal static int LeftOut(IEnumerable<ImmutableArray<ServedPort>> members) => Math.Max(
        0, members.SelectMany(ports => ports).Select(port => port.Number).Distinct().Count() - RecordPorts.Max);

    /// <summary>A member's own port numbers in the order of the union; 0 where it does not serve a port.</summary>
    /// <param name="union">The union.</param>
    /// <param name="own">The member's ports.</param>
    /// <param name="numbers">The numbers of one of its endpoints, in the order of <paramref name="own"/>.</param>
    internal static ImmutableArray<int> Place(
        ImmutableArray<ServedPort> union, ImmutableArray<ServedPort> own, ImmutableArray<int> numbers)
    {
        var placed = ImmutableArray.CreateBuilder<int>(union.Length);
        foreach (var port in union)
        {
            var index = own.IndexOf(own.FirstOrDefault(
                one => one.Number == port.Number && one.Protocol == port.Protocol)!);
            placed.Add(index < 0 ? 0 : numbers[index]);
        }

        return placed.ToImmutable();
    }
}
