using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;

namespace Fairlead.Anchor.Governing;

/// <summary>The dry run of an operation over the newest certified state. Asked on the loop's task. Stateless.</summary>
internal static class EffectWriter
{
    private const int NamesMax = 1000;

    /// <param name="engine">The engine.</param>
    /// <param name="candidate">The operation.</param>
    /// <param name="met">The names of those of some segments that this anchor met, empty where it knows none.</param>
    internal static OperationEffect Of(
        SegmentEngine engine, EpochCandidate candidate,
        Func<IReadOnlyCollection<Digest>, IReadOnlyDictionary<Digest, string>> met)
    {
        var published = (engine.Newest?.State.Entries ?? [])
            .Where(entry => entry.LeafClass is not (LeafClass.Withdrawn or LeafClass.Witness))
            .Select(entry => (entry.LeafName, entry.Publisher));
        var impact = DryRun.Of(engine.Ground, candidate, published);
        var effect = new OperationEffect
        {
            TouchesOthers = impact.TouchesOthers,
            NamesCount = (ulong)impact.Names.Length,
            WithdrawnCount = (ulong)impact.Withdrawn.Length,
        };
        effect.Members.AddRange(impact.Members);
        effect.Names.AddRange(impact.Names.Take(NamesMax));
        effect.Withdrawn.AddRange(impact.Withdrawn.Take(NamesMax));
        effect.Ways.AddRange(impact.Links.Select(link => new WayChange
        {
            Where = link.Where, Change = link.Change, Segment = WireWriter.ToBytes(link.Segment),
        }));
        effect.Pins.AddRange(impact.Pins.Select(WireWriter.ToBytes));
        effect.Segments.AddRange(impact.Named.Concat(met(impact.Unnamed)).Select(one => new KnownSegment
        {
            Genesis = WireWriter.ToBytes(one.Key), Name = one.Value,
        }));
        return effect;
    }
}
