using Fairlead.Naming;

namespace Fairlead.Controller.Publishing;

/// <summary>A signed document as it goes to an anchor. Immutable.</summary>
/// <param name="Type">The document's name in its media type: <c>record</c> or <c>withdraw</c>.</param>
/// <param name="Payload">Its canonical bytes.</param>
/// <param name="Kid">The signer.</param>
/// <param name="Signature">64 bytes.</param>
/// <param name="Slices">The slices that a record names, in its order.</param>
internal sealed record SignedEntry(
    string Type,
    ReadOnlyMemory<byte> Payload,
    Digest Kid,
    ReadOnlyMemory<byte> Signature,
    IReadOnlyList<ReadOnlyMemory<byte>> Slices)
{
    /// <summary>Bytes on the wire, about.</summary>
    public int Size { get; } = Payload.Length + Signature.Length + Slices.Sum(slice => slice.Length + 8) + 64;
}
