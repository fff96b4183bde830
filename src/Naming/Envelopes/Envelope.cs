using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>A payload and the signatures over its digest, which the type of the document completes. Nothing here is
/// checked. Immutable, thread-safe.</summary>
/// <param name="Payload">Canonical JSON, if it is.</param>
/// <param name="Signatures">Ascending strictly by kid, if they are.</param>
public sealed record Envelope(ReadOnlyMemory<byte> Payload, ImmutableArray<SignatureEntry> Signatures)
{
    /// <summary>No payload and no signature: what stands where nothing was sent.</summary>
    public static Envelope None { get; } = new(ReadOnlyMemory<byte>.Empty, []);

    /// <summary>Whether nothing was sent.</summary>
    public bool IsNone => Payload.IsEmpty && Signatures.IsDefaultOrEmpty;

    /// <summary>Signs a document.</summary>
    public static Envelope Sign<T>(Parsed<T> document, params IEnumerable<ISigner> signers)
        where T : Document, IDocument<T>
    {
        ArgumentNullException.ThrowIfNull(document);
        var entries = signers
            .Select(signer => new SignatureEntry(signer.Key.Kid, signer.Sign(document.Digest)))
            .OrderBy(entry => entry.Kid);
        return new Envelope(document.Payload, [.. entries]);
    }
}
