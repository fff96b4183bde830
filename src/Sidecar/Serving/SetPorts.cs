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
        var union = new SortedDictionary<int, ServedPort>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var port in members.SelectMany(ports => ports))
        {
            if (union.Count < RecordPorts.Max && !union.ContainsKey(port.Number))
            {
                // One name for two numbers would decide neither.
                var name = port.Name is { } given && names.Add(given) ? given : null;
                union.Add(port.Number, port with { Name = name });
            }
        }

        return [.. union.Values];
    }

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
