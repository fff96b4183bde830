namespace Fairlead.Naming.Traversal;

/// <summary>
/// Two signed documents that no honest signer signs both: evidence (V38), as it came. It proves itself; whoever brings
/// it need not be believed. Immutable.
/// </summary>
/// <param name="Kind">What they are.</param>
/// <param name="Segment">Whose keys signed.</param>
/// <param name="First">One of them.</param>
/// <param name="Second">The other.</param>
public sealed record Contradiction(ContradictionKind Kind, Digest Segment, Envelope First, Envelope Second);
