using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// A document as its publisher signed it, with the slices that a record names. A Witness bears the signatures of the
/// seal that it names, and that seal's payload in the place of slices. Nothing here is checked.
/// </summary>
/// <param name="Type">The name in its media type: record, set, bundle, gateway, withdraw or witness.</param>
/// <param name="Document">The document and its publisher's signature.</param>
/// <param name="Slices">The slices of a record, in its order; otherwise empty.</param>
public sealed record SignedEntry(string Type, Envelope Document, IReadOnlyList<ReadOnlyMemory<byte>> Slices)
{
    /// <summary>The type of a Witness: the segment's own, which nobody publishes.</summary>
    public const string Witness = "witness";

    /// <summary>Whether it is a Witness.</summary>
    public bool IsWitness => Type == Witness;

    /// <summary>
    /// Whether an operation revoked the Credential under which this was certified, so that it stands in the tree as a
    /// withdrawn leaf (4.3.2). Travels with states, never with what publishers offer.
    /// </summary>
    public bool IsRevoked { get; init; }
}
