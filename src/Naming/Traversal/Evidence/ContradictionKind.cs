namespace Fairlead.Naming.Traversal;

/// <summary>What contradicts itself in a piece of <see cref="Contradiction"/>.</summary>
public enum ContradictionKind
{
    /// <summary>None; no evidence is of this kind.</summary>
    None = 0,

    /// <summary>Two certified seals of one slot: the segment is quarantined.</summary>
    Certificates = 1,

    /// <summary>Two seals of one slot, signed by one seal key: that anchor is excluded.</summary>
    SealVotes = 2,

    /// <summary>Two votes of one slot, round and phase, by one gov key: that anchor is excluded.</summary>
    EpochVotes = 3,

    /// <summary>Two decisions on one question under one policy, by one seal key: that anchor is excluded.</summary>
    Attests = 4,

    /// <summary>The commit votes of two epochs of one number, each a certificate: the segment is quarantined.</summary>
    EpochCertificates = 5,
}
