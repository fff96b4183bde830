using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Protocol;
using Google.Protobuf;

namespace Fairlead.Anchor.Peers;

/// <summary>Published entries as they travel. Stateless.</summary>
internal static class EntryWire
{
    internal static Protocol.V1.Entry Write(SignedEntry entry)
    {
        var wire = new Protocol.V1.Entry
        {
            Type = entry.Type,
            Document = WireWriter.ToMessage(entry.Document),
            Revoked = entry.IsRevoked,
        };
        wire.Slices.AddRange(entry.Slices.Select(slice => UnsafeByteOperations.UnsafeWrap(slice)));
        return wire;
    }

    /// <summary>Reads an entry; null where its form is bad.</summary>
    internal static SignedEntry? Read(Protocol.V1.Entry wire) =>
        WireReader.TryRead(wire.Document, out var document, out _) && wire.Slices.Count <= Limits.Slices
            ? new SignedEntry(wire.Type, document, [.. wire.Slices.Select(slice => slice.Memory)])
            {
                IsRevoked = wire.Revoked,
            }
            : null;
}
