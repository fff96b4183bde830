using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>An anchor as a signer of seals.</summary>
/// <param name="Id">Its id in the epoch.</param>
/// <param name="Key">Its seal key.</param>
/// <param name="Group">Its group, or null.</param>
internal sealed record QuorumMember(string Id, PublicKey Key, string? Group);

/// <summary>A group of anchors of which a certificate needs a minimum.</summary>
/// <param name="Name">The group.</param>
/// <param name="Minimum">How many of its members must sign.</param>
internal sealed record QuorumGroup(string Name, int Minimum);
