using System.Text;
using Fairlead.Governance;
using Fairlead.Naming;

namespace Fairlead.Simulator;

/// <summary>
/// The other segments of a run, as one anchor sees them: each seals on, an anchor hears of it late, learns of their
/// epochs at its own time, and of the last segment only one anchor ever hears.
/// </summary>
internal sealed class SimulatedNeighbours(World world, string id, VirtualTime time) : IWitnesses
{
    internal const int Count = 3;

    private const long Step = 3_000;
    private const long Learning = 9_000;

    private int Place => world.Ids.ToList().IndexOf(id);

    public IReadOnlyList<SeenSeal> Seen =>
        [.. Enumerable.Range(0, Count).Where(Knows).Select(Newest).OfType<SeenSeal>()];

    public Refusal? Check(Envelope certificate, Parsed<Seal> seal)
    {
        var segment = Enumerable.Range(0, Count).Where(one => Genesis(one) == seal.Value.Segment).Append(-1).First();
        return segment >= 0 && Knows(segment)
            ? Certified(world, certificate, seal)
            : new Refusal(VerificationFailure.EpochUnknown, "", $"{id} knows nothing of {seal.Value.Segment}");
    }

    /// <summary>Whether a witness names a seal that its segment made.</summary>
    internal static bool IsGenuine(World world, SignedEntry source) =>
        WitnessReader.Read(source, (_, _) => default, out _, out var seal) is null
        && Certified(world, WitnessReader.Certificate(source), seal!) is null;

    /// <summary>A seal that the segment never made, by somebody's own key.</summary>
    internal static SeenSeal Forge(World world, ISigner signer, long now) =>
        new(Envelope.Sign(Make(0, 1_000_000, now), signer), now, default);

    private static Digest Genesis(int segment) => Digest.Sha256(Encoding.ASCII.GetBytes($"another segment {segment}"));

    private static string KeyName(Digest segment) => $"seal of {segment}";

    private static Refusal? Certified(World world, Envelope certificate, Parsed<Seal> seal)
    {
        var signer = world.Signer(KeyName(seal.Value.Segment));
        return certificate.Signatures is [var signature] && signature.Kid == signer.Key.Kid
            ? world.Check.Check(signer.Key, seal.Digest, signature.Value.Span)
            : new Refusal(VerificationFailure.ThresholdNotMet, "", "not signed by its segment");
    }

    private static Parsed<Seal> Make(int segment, long seq, long issued) => Document.Make(new Seal
    {
        Count = 1,
        Epoch = 1,
        EpochDigest = Genesis(segment),
        Expires = issued + WorldDocuments.Validity,
        Issued = issued,
        Root = Genesis(segment),
        Segment = Genesis(segment),
        Seq = seq,
    });

    private bool Knows(int segment) => segment == Count - 1
        ? Place == 0
        : time.Now >= VirtualTime.Start + (Learning * ((Place + segment) % 4));

    // What it hears last depends on who it is, so that leaders that follow each other have seen different seals.
    private SeenSeal? Newest(int segment)
    {
        var seq = ((time.Now - VirtualTime.Start) / Step) - (Place % 3);
        if (seq < 0)
        {
            return null;
        }

        var seal = Make(segment, seq, VirtualTime.Start + (seq * Step));
        var signer = world.Signer(KeyName(seal.Value.Segment));
        return new SeenSeal(Envelope.Sign(seal, signer), seal.Value.Issued + (Place % 3 * Step), default);
    }
}
