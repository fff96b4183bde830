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
/// damaged file costs a walk and nothing else. Used on one thread at a time.
/// </summary>
internal sealed class IntroductionFile
{
    private const int BytesMax = 64 * 1024 * 1024;

    private readonly DurableFile? _file;

    /// <param name="path">The file; null keeps nothing.</param>
    internal IntroductionFile(string? path) => _file = path is null ? null : new DurableFile(path, BytesMax);

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

        return kept;
    }

    /// <summary>Replaces the file.</summary>
    /// <param name="ways">The ways that are held.</param>
    /// <param name="unused">What was loaded and not used yet.</param>
    /// <exception cref="StateException">It cannot be written.</exception>
    internal void Save(
        IEnumerable<(SegmentName Target, Way Way)> ways,
        IEnumerable<KeyValuePair<SegmentName, UnverifiedAnswer>> unused)
    {
        if (_file is null)
        {
            return;
        }

        var answers = ways.Where(one => one.Way is { Leads: true, Hops.IsEmpty: false }).OrderBy(one => one.Target)
            .Select(one => (one.Target, Answer: new UnverifiedAnswer(
                default, [.. one.Way.Hops.Select(hop => hop.After(null))], one.Way.Result, [])))
            .Concat(unused.OrderBy(one => one.Key).Select(one => (one.Key, one.Value)));
        var kept = new KeptIntroductions();
        var chains = new SortedDictionary<Digest, ImmutableArray<EpochDocument>>();
        foreach (var (target, answer) in answers)
        {
            foreach (var hop in answer.Hops)
            {
                // One way may have been walked before another one, when the chain was shorter.
                if (!chains.TryGetValue(hop.Genesis, out var other) || other.Length < hop.Epochs.Length)
                {
                    chains[hop.Genesis] = hop.Epochs;
                }
            }

            kept.Introductions.Add(new KeptIntroduction
            {
                Target = target.Text,
                Answer = WireWriter.ToMessage(
                    answer with { Hops = [.. answer.Hops.Select(hop => hop with { Epochs = [] })] }),
            });
        }

        foreach (var (genesis, epochs) in chains)
        {
            var chain = new KeptChain { Genesis = WireWriter.ToBytes(genesis) };
            chain.Epochs.AddRange(epochs.Select(WireWriter.ToMessage));
            kept.Chains.Add(chain);
        }

        _file.Save(kept.ToByteArray());
    }
}
