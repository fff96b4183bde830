using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// A document as its publisher signed it, with the slices that a record names. Nothing here is checked.
/// </summary>
/// <param name="Type">The name in its media type: record, set, bundle, gateway or withdraw.</param>
/// <param name="Document">The document and its publisher's signature.</param>
/// <param name="Slices">The slices of a record, in its order; otherwise empty.</param>
public sealed record SignedEntry(string Type, Envelope Document, IReadOnlyList<ReadOnlyMemory<byte>> Slices)
{
    /// <summary>
    /// Whether an operation revoked the Credential under which this was certified, so that it stands in the tree as a
    /// withdrawn leaf (4.3.2). Travels with states, never with what publishers offer.
    /// </summary>
    public bool IsRevoked { get; init; }
}
