using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// What this anchor knows of other segments' seals: a port of the sealing engine, which witnesses them (V42). Called on
/// the engine's thread; must not block.
/// </summary>
public interface IWitnesses
{
    /// <summary>The newest certified seal seen of each other segment, verified here, in the order in which they are to
    /// be witnessed where not all have room.</summary>
    IReadOnlyList<SeenSeal> Seen { get; }

    /// <summary>Checks a seal of another segment under the epoch that is known of it here (V16, V17).</summary>
    /// <param name="certificate">The seal with its signatures.</param>
    /// <param name="seal">The seal.</param>
    /// <returns><c>EpochUnknown</c> where that epoch is not known here, the first other error, or null.</returns>
    Refusal? Check(Envelope certificate, Parsed<Seal> seal);
}

/// <summary>A certified seal of another segment.</summary>
/// <param name="Certificate">The seal with its signatures.</param>
/// <param name="At">When it was seen, in unix milliseconds.</param>
/// <param name="Opening">16 random bytes that hide the leaf.</param>
public sealed record SeenSeal(Envelope Certificate, long At, Hex16 Opening);
