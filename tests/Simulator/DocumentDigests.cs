using Fairlead.Governance;
using Fairlead.Naming;

namespace Fairlead.Simulator;

/// <summary>Digests of entries, by the documents' own types.</summary>
internal static class DocumentDigests
{
    internal static Digest Of(SignedEntry entry) => entry.Type == "record"
        ? Documents.Read<Record>(entry.Document.Payload).Digest
        : Documents.Read<Withdraw>(entry.Document.Payload).Digest;
}
