using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.State;
using Google.Protobuf;

namespace Fairlead.Anchor.Home.Introductions;

/// <summary>
/// The introductions on disk, so that a restart does not need the parent. What is in it is verified again before use: a
/// damaged file costs a walk and nothing else. What has no room in it is left out, and the rest is kept. Used on one
/// thread at a time.
/// </summary>
internal sealed class IntroductionFile
{
    private const int BytesMax = 64 * 1024 * 1024;

    private readonly DurableFile? _file;
    private HashSet<SegmentName> _kept = [];

    /// <param name="path">The file; null keeps nothing.</param>
    internal IntroductionFile(string? path) => _file = path is null ? null : new DurableFile(path, BytesMax);

    /// <summary>The most bytes that are written.</summary>
    internal int RoomBytes { get; init; } = BytesMax;

    /// <summary>Makes a content durable.</summary>
    internal Action<DurableFile, ReadOnlyMemory<byte>> Write { get; init; } =
        static (file, content) => file.Save(content.Span);

    /// <summary>The transits' hops by target, as they were kept.</summary>
    /// <param name="problem">Why nothing could be read of a file that is there; null else.</param>
    internal Dictionary<SegmentName, UnverifiedAnswer> Load(out string? problem)
    {
        var kept = new Dictionary<SegmentName, UnverifiedAnswer>();
        problem = null;
        try
        {
            var file = _file?.Load() is { } bytes ? KeptIntroductions.Parser.ParseFrom(bytes) : new();
            var chains = new Dictionary<Digest, ImmutableArray<EpochDocument>>();
            foreach (var chain in file.Chains)
            {
                if (WireReader.TryRead(chain.Genesis, out Digest genesis, out _)
                    && WireReader.TryRead(chain.Epochs, out var epochs, out _))
                {
                    chains[genesis] = epochs;
                }
            }

            foreach (var one in file.Introductions)
            {
                if (SegmentName.TryParse(one.Target, out var target, out _)
                    && WireReader.TryRead(one.Answer, out var answer, out _))
                {
                    kept[target] = answer with
                    {
                        Hops = [.. answer.Hops.Select(hop => hop with
                        {
                            // A file of before the chains stood apart has the epochs in each hop.
                            Epochs = chains.GetValueOrDefault(hop.Genesis, hop.Epochs),
                        })],
                    };
                }
            }
        }
        catch (Exception e) when (e is StateException or InvalidProtocolBufferException)
        {
            problem = e.Message;
        }

        _kept = [.. kept.Keys];
        return kept;
    }

    /// <summary>Replaces the file.</summary>
    /// <param name="ways">The ways that are held.</param>
    /// <param name="unused">What was loaded and not used yet.</param>
    /// <returns>Those for which there is no room.</returns>
    /// <exception cref="StateException">It cannot be written.</exception>
    internal IReadOnlyCollection<SegmentName> Save(
        IEnumerable<(SegmentName Target, Way Way)> ways,
        IEnumerable<KeyValuePair<SegmentName, UnverifiedAnswer>> unused)
    {
        if (_file is null)
        {
            return [];
        }

        var answers = ways.Where(one => one.Way is { Leads: true, Hops.IsEmpty: false })
            .Select(one => (one.Target, Answer: new UnverifiedAnswer(
                default, [.. one.Way.Hops.Select(hop => hop.After(null))], one.Way.Result, [])))
            .Concat(unused.Select(one => (Target: one.Key, Answer: one.Value))).ToList();
        var chains = ChainsOf(answers.SelectMany(one => one.Answer.Hops));
        var chosen = IntroductionRoom.Choose(
            answers.ConvertAll(one => DraftOf(one.Target, one.Answer)), chains, _kept.Contains, RoomBytes);
        var kept = new KeptIntroductions();
        kept.Introductions.AddRange(chosen.OrderBy(draft => draft.Target).Select(draft => draft.Message));
        kept.Chains.AddRange(
            chosen.SelectMany(draft => draft.Transits).Distinct().Order().Select(transit => chains[transit]));
        Write(_file, kept.ToByteArray());
        _kept = [.. chosen.Select(draft => draft.Target)];
        return [.. answers.Select(one => one.Target).Where(target => !_kept.Contains(target))];
    }

    // One way may have been walked before another one, when the chain was shorter.
    private static Dictionary<Digest, KeptChain> ChainsOf(IEnumerable<UnverifiedHop> hops) => hops
        .GroupBy(hop => hop.Genesis, hop => hop.Epochs)
        .ToDictionary(
            hops => hops.Key,
            hops =>
            {
                var chain = new KeptChain { Genesis = WireWriter.ToBytes(hops.Key) };
                chain.Epochs.AddRange(hops.MaxBy(epochs => epochs.Length).Select(WireWriter.ToMessage));
                return chain;
            });

    private static IntroductionRoom.Draft DraftOf(SegmentName target, UnverifiedAnswer answer) => new(
        target,
        answer.Hops is [var first, ..] ? first.Genesis : default,
        [.. answer.Hops.Select(hop => hop.Genesis).Distinct()],
        new KeptIntroduction
        {
            Target = target.Text,
            Answer = WireWriter.ToMessage(
                answer with { Hops = [.. answer.Hops.Select(hop => hop with { Epochs = [] })] }),
        });
}
