namespace Fairlead.Naming;

/// <summary>
/// A document whose form was checked, with the bytes that were signed and their digest: its identity. Nothing is said
/// of who signed it. Equal by digest. Immutable, thread-safe.
/// </summary>
/// <typeparam name="T">The document type.</typeparam>
public sealed class Parsed<T> : IEquatable<Parsed<T>>
    where T : Document, IDocument<T>
{
    internal Parsed(T value, ReadOnlyMemory<byte> payload)
    {
        Value = value;
        Payload = payload;
        Digest = T.Type.DigestOf(payload.Span);
    }

    /// <summary>The members.</summary>
    public T Value { get; }

    /// <summary>The canonical bytes.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>What its signers sign.</summary>
    public Digest Digest { get; }

    /// <inheritdoc/>
    public bool Equals(Parsed<T>? other) => other is not null && Digest == other.Digest;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Parsed<T>);

    /// <inheritdoc/>
    public override int GetHashCode() => Digest.GetHashCode();

    /// <summary>The type and the digest.</summary>
    public override string ToString() => $"{T.Type.Name} {Digest}";
}
