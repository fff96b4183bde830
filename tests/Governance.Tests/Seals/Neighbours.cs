using Fairlead.Naming;
using Fairlead.Simulator;

namespace Fairlead.Governance.Tests.Seals;

/// <summary>What an engine under test knows of other segments: one, sealed by one key.</summary>
internal sealed class Neighbours : IWitnesses
{
    private static readonly World World = new(new SimulationOptions(1));

    internal static Digest Segment { get; } = Digest.Sha256("a neighbour"u8);

    internal List<SeenSeal> List { get; } = [];

    internal bool KnowsAll { get; set; }

    public IReadOnlyList<SeenSeal> Seen => List;

    public Refusal? Check(Envelope certificate, Parsed<Seal> seal) =>
        seal.Value.Segment != Segment && !KnowsAll
            ? new Refusal(VerificationFailure.EpochUnknown, "", "a stranger")
            : World.Check.Check(Signer.Key, seal.Digest, certificate.Signatures[0].Value.Span);

    private static ISigner Signer => World.Signer("a neighbour's seal");

    /// <summary>A seal of a neighbour, as it was seen.</summary>
    internal static SeenSeal Saw(long seq, long issued, long at, Digest? segment = null)
    {
        var seal = Document.Make(new Seal
        {
            Count = 1,
            Epoch = 1,
            EpochDigest = Segment,
            Expires = issued + WorldDocuments.Validity,
            Issued = issued,
            Root = Segment,
            Segment = segment ?? Segment,
            Seq = seq,
        });
        return new SeenSeal(Envelope.Sign(seal, Signer), at, default);
    }
}
