using System.Diagnostics.CodeAnalysis;

namespace Fairlead.Naming;

/// <summary>A leaf document of any class, with its bytes and digest: its commitment in the tree.</summary>
/// <param name="Document">The members.</param>
/// <param name="Payload">The canonical bytes.</param>
/// <param name="Commitment">The document's digest.</param>
public sealed record ParsedLeaf(LeafDocument Document, ReadOnlyMemory<byte> Payload, Digest Commitment)
{
    /// <summary>The leaf's class.</summary>
    public LeafClass Class => Document.Class;

    /// <summary>The name hashed for that class.</summary>
    public string Name => Document.LeafName;

    /// <summary>Takes a document that was parsed as its own type.</summary>
    public static ParsedLeaf Of<T>(Parsed<T> parsed)
        where T : LeafDocument, IDocument<T>
    {
        ArgumentNullException.ThrowIfNull(parsed);
        return new ParsedLeaf(parsed.Value, parsed.Payload, parsed.Digest);
    }

    /// <summary>Reads a leaf of a class; the refusals are those of its document type.</summary>
    public static bool TryParse(
        LeafClass leafClass,
        ReadOnlyMemory<byte> payload,
        [NotNullWhen(true)] out ParsedLeaf? leaf,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        switch (leafClass)
        {
            case LeafClass.Record: return Take<Record>(payload, out leaf, out refusal);
            case LeafClass.Withdrawn: return Take<Withdrawn>(payload, out leaf, out refusal);
            case LeafClass.Link: return Take<Link>(payload, out leaf, out refusal);
            case LeafClass.Peer: return Take<Peer>(payload, out leaf, out refusal);
            case LeafClass.Set: return Take<Set>(payload, out leaf, out refusal);
            case LeafClass.Bundle: return Take<Bundle>(payload, out leaf, out refusal);
            case LeafClass.Rule: return Take<Rule>(payload, out leaf, out refusal);
            case LeafClass.Credential: return Take<Credential>(payload, out leaf, out refusal);
            case LeafClass.Tombstone: return Take<Tombstone>(payload, out leaf, out refusal);
            case LeafClass.Redirect: return Take<Redirect>(payload, out leaf, out refusal);
            case LeafClass.Witness: return Take<Witness>(payload, out leaf, out refusal);
            case LeafClass.Gateway: return Take<Gateway>(payload, out leaf, out refusal);
            case LeafClass.Scope: return Take<Scope>(payload, out leaf, out refusal);
            default:
                leaf = null;
                refusal = new Refusal(VerificationFailure.BadEnvelope, "class", $"{(int)leafClass} is no class");
                return false;
        }
    }

    private static bool Take<T>(
        ReadOnlyMemory<byte> payload,
        [NotNullWhen(true)] out ParsedLeaf? leaf,
        [NotNullWhen(false)] out Refusal? refusal)
        where T : LeafDocument, IDocument<T>
    {
        leaf = Naming.Document.TryParse<T>(payload, out var parsed, out refusal) ? Of(parsed) : null;
        return leaf is not null;
    }
}
