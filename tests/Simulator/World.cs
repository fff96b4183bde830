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

    internal ISigner Signer(string name) =>
        Options.RealSignatures ? Key(name) : new FastSigner(Key(name).Key);

    /// <summary>What an anchor's engine starts from.</summary>
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
