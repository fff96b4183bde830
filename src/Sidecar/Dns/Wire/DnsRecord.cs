namespace Fairlead.Sidecar.Dns;

/// <summary>One resource record. Immutable, thread-safe.</summary>
/// <param name="Name">Its owner.</param>
/// <param name="Type">Its type.</param>
/// <param name="Class">Its class.</param>
/// <param name="Ttl">Seconds.</param>
/// <param name="Data">Its data as it travels, names in it uncompressed; at most 65,535 bytes.</param>
internal sealed record DnsRecord(DnsName Name, DnsType Type, DnsClass Class, uint Ttl, ReadOnlyMemory<byte> Data)
{
    public bool Equals(DnsRecord? other) =>
        other is not null && Name.Equals(other.Name) && Type == other.Type && Class == other.Class && Ttl == other.Ttl
        && Data.Span.SequenceEqual(other.Data.Span);

    // With the data: an answer's records differ in nothing else, and thousands are told apart for one.
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Name);
        hash.Add(Type);
        hash.AddBytes(Data.Span);
        return hash.ToHashCode();
    }
}
