using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Fairlead.Naming;

/// <summary>
/// A kind of signed document: its media type is part of what is signed, so that no document can stand in for one of
/// another kind. Immutable, thread-safe.
/// </summary>
public sealed class DocumentType
{
    private readonly byte[] _prefix;

    internal DocumentType(string name, int bytesMax = Limits.EnvelopeBytes, int stringBytesMax = Limits.StringBytes)
        : this(name, $"application/vnd.fairlead.{name}.v1+json", bytesMax, stringBytesMax)
    {
    }

    internal DocumentType(string name, string mediaType, int bytesMax, int stringBytesMax)
    {
        Name = name;
        MediaType = mediaType;
        BytesMax = bytesMax;
        StringBytesMax = stringBytesMax;
        _prefix = Encoding.ASCII.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"DSSEv1 {MediaType.Length} {MediaType} "));
    }

    /// <summary>The short name, such as <c>seal</c>.</summary>
    public string Name { get; }

    /// <summary>The payload type of its envelopes.</summary>
    public string MediaType { get; }

    /// <summary>The largest payload (V1).</summary>
    public int BytesMax { get; }

    internal int StringBytesMax { get; }

    /// <summary>SHA-256 of the pre-authentication encoding (DSSE): the document's identity and what its signers
    /// sign.</summary>
    public Digest DigestOf(ReadOnlySpan<byte> payload)
    {
        Span<byte> length = stackalloc byte[12];
        payload.Length.TryFormat(length, out var digits, default, CultureInfo.InvariantCulture);
        length[digits] = (byte)' ';
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(_prefix);
        hash.AppendData(length[..(digits + 1)]);
        hash.AppendData(payload);
        Span<byte> digest = stackalloc byte[Digest.Size];
        hash.GetHashAndReset(digest);
        return Digest.FromBytes(digest);
    }

    /// <summary>The short name.</summary>
    public override string ToString() => Name;
}
