using System.Collections.Immutable;
using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>One gov key's vote as it travels: what it signs follows from the members. Nothing in it is
/// checked.</summary>
/// <param name="Phase">prepare or commit.</param>
/// <param name="Round">The round.</param>
/// <param name="Digest">The candidate epoch.</param>
/// <param name="Signature">By the voter's gov key over the vote document.</param>
public sealed record EpochVote(string Phase, long Round, Digest Digest, SignatureEntry Signature);

/// <summary>
/// That T anchors, the required groups among them, prepared one candidate in one round: what may unlock another anchor
/// and what the next proposer must propose (4.3.1). Nothing in it is checked.
/// </summary>
/// <param name="Round">The round.</param>
/// <param name="Digest">The candidate.</param>
/// <param name="Signatures">Exactly T, ascending by kid.</param>
public sealed record PrepareCertificate(long Round, Digest Digest, ImmutableArray<SignatureEntry> Signatures);
