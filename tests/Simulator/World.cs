using System.Security.Cryptography;
using System.Text;
using Fairlead.Governance;
using Fairlead.Naming;

namespace Fairlead.Simulator;

/// <summary>
/// The segment of a run: keys, epochs 0 and 1 with the handover between them, and a publisher's Credential.
/// </summary>
internal sealed class World
{
    private static readonly Dictionary<string, EcdsaSigner> Keys = new(StringComparer.Ordinal);

    internal World(SimulationOptions options)
    {
        Options = options;
        Ids = [.. Enumerable.Range(0, options.Anchors).Select(i => $"a{i:x}")];
        Segment = WorldDocuments.Make(options, Ids, Key);
        Check = options.RealSignatures ? new EcdsaSignatureCheck() : new FastSignatures();
    }

    internal SimulationOptions Options { get; }

    internal IReadOnlyList<string> Ids { get; }

    internal WorldDocuments Segment { get; }

    internal ISignatureCheck Check { get; }

    internal ISigner Publisher => Signer("publisher");

    internal ISigner SecondPublisher => Signer("second publisher");

    private SegmentBugs Bugs => new(
        Options.Bug == PlantedBug.NoDominance,
        Options.Bug == PlantedBug.NoFence,
        Options.Bug == PlantedBug.HandoverBelow,
        Options.Bug == PlantedBug.NoLock,
        Options.Bug == PlantedBug.CommitAnyRound,
        new IntakeBugs(
            Options.Bug == PlantedBug.ForgetsAccepted,
            Options.Bug == PlantedBug.KeepsRefused,
            Options.Bug == PlantedBug.TellsTwice,
            Options.Bug == PlantedBug.TrustsAnybody),
        Options.Bug == PlantedBug.TrustsWitnesses);

    internal ISigner Signer(string name) =>
        Options.RealSignatures ? Key(name) : new FastSigner(Key(name).Key);

    /// <summary>What an anchor sees of other segments; null where there are none.</summary>
    internal IWitnesses? Neighbours(string id, VirtualTime time) =>
        Options.Neighbours ? new SimulatedNeighbours(this, id, time) : null;

    /// <summary>What an anchor starts from: what its disk holds, and what it sees.</summary>
    internal SegmentEngineOptions SegmentOptions(string id, Disk disk, IWitnesses? witnesses = null) => new()
    {
        Self = id,
        Ground = disk.Ground ?? Segment.Ground,
        Before = disk.Before,
        Handover = disk.Steps.Count == 0 ? Segment.Certificate : disk.Steps[^1].Handover,
        HandoverEntries = disk.HandoverEntries,
        Steps = [.. disk.Steps],
        RevokedPublishers = disk.Revoked,
        Seal = Signer($"seal {id}"),
        Gov = Signer($"gov {id}"),
        Signatures = Check,
        Witnesses = witnesses,
        Openings = () => default,
        SealJournal = [.. disk.SealJournal],
        GovJournal = [.. disk.GovJournal],
        Archived = disk.Archived?.Certificate,
        ArchivedEntries = disk.Archived is null ? [] : [.. disk.Archived.State.Entries.Select(e => e.Source)],
        Bugs = Bugs,
    };

    /// <summary>What the sealing of the first epoch alone starts from.</summary>
    internal SealEngineOptions EngineOptions(
        string id, IReadOnlyList<ReadOnlyMemory<byte>> journal, CertifiedState? archived) => new()
        {
            Self = id,
            Genesis = Segment.Genesis,
            Epoch = Segment.Epoch,
            OperationLeaves = Segment.Leaves,
            Handover = Segment.Handover.Value,
            HandoverDigest = Segment.Handover.Digest,
            Signer = Signer($"seal {id}"),
            Signatures = Check,
            Journal = journal,
            Archived = archived?.Certificate,
            ArchivedEntries = archived is null ? [] : [.. archived.State.Entries.Select(e => e.Source)],
            IgnoresDominance = Options.Bug == PlantedBug.NoDominance,
        };

    /// <summary>A key that follows from its name; the same in every run.</summary>
    private static EcdsaSigner Key(string name)
    {
        lock (Keys)
        {
            if (!Keys.TryGetValue(name, out var signer))
            {
                var secret = SHA256.HashData(Encoding.ASCII.GetBytes($"simulated key {name}"));
                signer = new EcdsaSigner(ECDsa.Create(new ECParameters
                {
                    Curve = ECCurve.NamedCurves.nistP256,
                    D = secret,
                }));
                Keys.Add(name, signer);
            }

            return signer;
        }
    }
}
