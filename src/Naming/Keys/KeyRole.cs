namespace Fairlead.Naming;

/// <summary>What a key of an epoch signs (V7).</summary>
public enum KeyRole
{
    /// <summary>Epoch votes, consents and transfers.</summary>
    Gov = 1,

    /// <summary>Seals, handovers, attests, grants, heads and consents.</summary>
    Seal = 2,

    /// <summary>Transport only.</summary>
    Tls = 3,

    /// <summary>Recover votes and recovery consents.</summary>
    Recovery = 4,
}
