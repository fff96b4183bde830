using Fairlead.Governance;
using Fairlead.Naming;

namespace Fairlead.Simulator;

/// <summary>Reads documents that were made in this process.</summary>
internal static class Documents
{
    internal static Parsed<T> Read<T>(ReadOnlyMemory<byte> payload)
        where T : Document, IDocument<T> =>
        Document.TryParse<T>(payload, out var parsed, out var refusal)
            ? parsed
            : throw new InvalidOperationException(refusal.ToString());

    /// <summary>A seal or handover.</summary>
    internal static StateClaim Claim(ReadOnlyMemory<byte> payload) =>
        StateClaim.TryParse(payload, out var claim, out var refusal)
            ? claim
            : throw new InvalidOperationException(refusal.ToString());
}
