using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>A certified seal with the state it certifies. Immutable, thread-safe.</summary>
/// <param name="Certificate">The seal and the signatures of exactly T anchors.</param>
/// <param name="Seal">The seal's members.</param>
/// <param name="Digest">The seal's digest.</param>
/// <param name="State">Op-made leaves and entries.</param>
/// <param name="Changed">
/// The names whose entries differ from the state reported before; null where that is not known (after a whole state was
/// fetched).
/// </param>
public sealed record CertifiedState(
    Envelope Certificate, Seal Seal, Digest Digest, LeafState State, IReadOnlyList<EntryName>? Changed);

/// <summary>A certified handover with the state it hands over. Immutable, thread-safe.</summary>
/// <param name="Certificate">The handover and the signatures of exactly T anchors of the epoch that ends.</param>
/// <param name="Handover">Its members.</param>
/// <param name="Digest">Its digest: what the next epoch's first seal names as its prev.</param>
/// <param name="State">Op-made leaves of the epoch that ends, and entries.</param>
public sealed record CertifiedHandover(Envelope Certificate, Handover Handover, Digest Digest, LeafState State);
