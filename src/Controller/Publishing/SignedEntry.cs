using Fairlead.Naming;

namespace Fairlead.Controller.Publishing;

/// <summary>A signed document as it goes to an anchor. Immutable.</summary>
/// <param name="Type">The document's name in its media type: <c>record</c>, <c>set</c> or <c>withdraw</c>.</param>
/// <param name="Document">Its canonical bytes and the publisher's signature.</param>
/// <param name="Slices">The slices that a record names, in its order.</param>
internal sealed record SignedEntry(string Type, Envelope Document, IReadOnlyList<ReadOnlyMemory<byte>> Slices)
{
    private const int Overhead = 128;

    /// <summary>Bytes on the wire, about.</summary>
    public int Size { get; } = Document.Payload.Length + Slices.Sum(slice => slice.Length + 8) + Overhead;
}
