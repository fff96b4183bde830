using System.Diagnostics.CodeAnalysis;
using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>What the rules look at in a published document, whatever its type.</summary>
internal sealed record EntryFields
{
    internal required EntryName Name { get; init; }

    /// <summary>The type a Credential must allow.</summary>
    internal required string Type { get; init; }

    internal required Digest Digest { get; init; }

    internal required long Version { get; init; }

    internal required long Issued { get; init; }

    internal required long Expires { get; init; }

    internal required Digest Publisher { get; init; }

    /// <summary>The document's opening, which a derived withdrawn leaf takes over.</summary>
    internal required Hex16 Opening { get; init; }

    internal Hex16? Uid { get; init; }

    /// <summary>The TTL that the document asks for; null for the types without one.</summary>
    internal long? TtlMax { get; init; }

    internal Parsed<Record>? Record { get; init; }

    internal Parsed<Withdraw>? Withdraw { get; init; }

    internal static bool TryRead(
        SignedEntry source,
        [NotNullWhen(true)] out EntryFields? fields,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        var payload = source.Document.Payload;
        fields = null;
        switch (source.Type)
        {
            case "record" when Document.TryParse<Record>(payload, out var record, out refusal):
                fields = Published(record, PublishedType.Record) with
                {
                    Uid = record.Value.Uid, TtlMax = record.Value.TtlMax, Record = record,
                };
                return true;
            case "set" when Document.TryParse<Set>(payload, out var set, out refusal):
                fields = Published(set, PublishedType.Set) with { TtlMax = set.Value.TtlMax };
                return true;
            case "bundle" when Document.TryParse<Bundle>(payload, out var bundle, out refusal):
                fields = Published(bundle, PublishedType.Bundle);
                return true;
            case "gateway" when Document.TryParse<Gateway>(payload, out var gateway, out refusal):
                fields = Published(gateway, PublishedType.Gateway);
                return true;
            case "withdraw" when Document.TryParse<Withdraw>(payload, out var withdraw, out refusal):
                return TryWithdraw(withdraw, out fields, out refusal);
            case "record" or "set" or "bundle" or "gateway" or "withdraw":
                refusal = Unreadable(source);
                return false;
            default:
                refusal = new Refusal(VerificationFailure.WrongPayloadType, "entry", "no type that a publisher writes");
                return false;
        }
    }

    private static EntryFields Published<T>(Parsed<T> document, string type)
        where T : PublishedLeaf, IDocument<T> => new()
        {
            Name = new EntryName(document.Value.Class, document.Value.LeafName),
            Type = type,
            Digest = document.Digest,
            Version = document.Value.Version,
            Issued = document.Value.Issued,
            Expires = document.Value.Expires,
            Publisher = document.Value.Publisher,
            Opening = document.Value.Opening,
        };

    private static bool TryWithdraw(
        Parsed<Withdraw> withdraw,
        [NotNullWhen(true)] out EntryFields? fields,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        var value = withdraw.Value;
        var kind = (LeafClass)value.Class;
        string? type = kind switch
        {
            LeafClass.Record => PublishedType.Record,
            LeafClass.Set => PublishedType.Set,
            LeafClass.Bundle => PublishedType.Bundle,
            LeafClass.Gateway => PublishedType.Gateway,
            _ => null,
        };
        fields = null;
        refusal = type is null || value.Uid.HasValue != (kind == LeafClass.Record)
            ? new Refusal(VerificationFailure.NonCanonicalPayload, "withdraw", "no published class, or its uid is odd")
            : kind is LeafClass.Record or LeafClass.Set && !ServicePart.TryParse(value.Name, out _, out var bad)
                ? bad.At("withdraw")
                : null;
        if (refusal is not null)
        {
            return false;
        }

        fields = new EntryFields
        {
            Name = new EntryName(kind, value.Name),
            Type = type!,
            Digest = withdraw.Digest,
            Version = value.Version,
            Issued = value.Issued,
            Expires = value.Expires,
            Publisher = value.Publisher,
            Opening = value.Opening,
            Uid = value.Uid,
            Withdraw = withdraw,
        };
        return true;
    }

    private static Refusal Unreadable(SignedEntry source)
    {
        var payload = source.Document.Payload;
        Refusal? refusal;
        _ = source.Type switch
        {
            "record" => Document.TryParse<Record>(payload, out _, out refusal),
            "set" => Document.TryParse<Set>(payload, out _, out refusal),
            "bundle" => Document.TryParse<Bundle>(payload, out _, out refusal),
            "gateway" => Document.TryParse<Gateway>(payload, out _, out refusal),
            _ => Document.TryParse<Withdraw>(payload, out _, out refusal),
        };
        return refusal!.At("entry");
    }
}
