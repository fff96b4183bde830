using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Home;

/// <summary>
/// What is known of one name behind the own hop 0, verified here as a whole: the transits, and what the last segment on
/// the path said. Immutable.
/// </summary>
/// <param name="Hops">The hops from the first transit to the one that answers.</param>
/// <param name="Result">What it says.</param>
/// <param name="Slices">The slices.</param>
/// <param name="Expiry">The oldest expiry of introductions, seal and Attests, in unix milliseconds.</param>
/// <param name="LeavesEnd">When the first of the leaves that the last hop shows ends, in unix milliseconds.</param>
/// <param name="Seal">The answering seal; null in a denial.</param>
internal sealed record Relayed(
    ImmutableArray<RelayedHop> Hops,
    AnswerResult Result,
    ImmutableArray<ReadOnlyMemory<byte>> Slices,
    long Expiry,
    long LeavesEnd,
    Parsed<Seal>? Seal)
{
    /// <summary>The segment that answers.</summary>
    internal Digest Target => Hops[^1].Hop.Genesis;

    /// <summary>Whether the target itself answers, and not a transit that knows no way or denies it: what is witnessed
    /// of the target counts for its own word (V42).</summary>
    internal bool IsOfTarget { get; init; } = true;

    /// <summary>V42: whether its own segment's anchors are behind what a witness saw.</summary>
    /// <param name="witness">What the own segment witnessed of the target; null for none.</param>
    /// <param name="heartbeat">The heartbeat of the target's policy, in milliseconds.</param>
    internal Refusal? CheckWitness(Witness? witness, long heartbeat) => !IsOfTarget ? null
        : Seal is { } seal
            ? WitnessRules.Check(
                witness, new SealPosition(seal.Value.Epoch, seal.Value.Seq, seal.Digest), seal.Value.Issued, heartbeat)
            : WitnessRules.CheckEpoch(witness, Hops[^1].Epochs.Length - 1);

    /// <summary>The newest epoch of each segment on the path that goes with it now, at least; -1 for none.</summary>
    internal Dictionary<Digest, long> Newest()
    {
        var newest = new Dictionary<Digest, long>();
        foreach (var hop in Hops)
        {
            newest.TryAdd(hop.Hop.Genesis, hop.Epochs.Length - 1);
        }

        return newest;
    }

    /// <summary>When the first of a hop's seal and Attests ends, in unix milliseconds, and its seal.</summary>
    /// <param name="hop">The answering hop.</param>
    internal static (long Expiry, Parsed<Seal>? Seal) EndOf(UnverifiedHop hop)
    {
        var expiry = long.MaxValue;
        Parsed<Seal>? found = null;
        if (hop.Seal is { } certificate && Document.TryParse<Seal>(certificate.Payload, out var seal, out _))
        {
            expiry = seal.Value.Expires;
            found = seal;
        }

        foreach (var envelope in hop.Attests)
        {
            if (Document.TryParse<Attest>(envelope.Payload, out var attest, out _))
            {
                expiry = Math.Min(expiry, attest.Value.Expires);
            }
        }

        return (expiry, found);
    }
}
