using System.Diagnostics.CodeAnalysis;
using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>Reads a document by the class of its leaf, where only its place and digest matter.</summary>
internal static class LeafDocuments
{
    /// <summary>Reads a leaf that an operation made.</summary>
    internal static bool TryRead(
        LeafClass kind,
        ReadOnlyMemory<byte> payload,
        [NotNullWhen(true)] out LeafDocument? leaf,
        out Digest digest,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        switch (kind)
        {
            case LeafClass.Link:
                return Take<Link>(payload, out leaf, out digest, out refusal);
            case LeafClass.Peer:
                return Take<Peer>(payload, out leaf, out digest, out refusal);
            case LeafClass.Rule:
                return Take<Rule>(payload, out leaf, out digest, out refusal);
            case LeafClass.Credential:
                return Take<Credential>(payload, out leaf, out digest, out refusal);
            case LeafClass.Tombstone:
                return Take<Tombstone>(payload, out leaf, out digest, out refusal);
            case LeafClass.Redirect:
                return Take<Redirect>(payload, out leaf, out digest, out refusal);
            case LeafClass.Scope:
                return Take<Scope>(payload, out leaf, out digest, out refusal);
            default:
                (leaf, digest) = (null, default);
                refusal = new Refusal(VerificationFailure.WrongPayloadType, "leaf", $"no operation makes a {kind}");
                return false;
        }
    }

    private static bool Take<T>(
        ReadOnlyMemory<byte> payload,
        [NotNullWhen(true)] out LeafDocument? leaf,
        out Digest digest,
        [NotNullWhen(false)] out Refusal? refusal)
        where T : LeafDocument, IDocument<T>
    {
        var good = Document.TryParse<T>(payload, out var parsed, out refusal);
        leaf = parsed?.Value;
        digest = parsed?.Digest ?? default;
        return good;
    }
}
