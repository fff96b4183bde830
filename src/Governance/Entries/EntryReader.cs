using Fairlead.Naming;
using Fairlead.Naming.Tree;

namespace Fairlead.Governance;

/// <summary>
/// From a document as offered to a checked entry: form, slices, signature, Credential, policy, names that an operation
/// took (V45, V49 and V59 without time and predecessor, on which the latest end depends too). What was checked once is
/// remembered by its digest.
/// </summary>
internal sealed class EntryReader
{
    private const int Remembered = 8192;

    private readonly Digest _genesis;
    private readonly Hex16 _salt;
    private readonly Policy _policy;
    private readonly ISignatureCheck _signatures;
    private readonly bool _trustsAnybody;
    private readonly IReadOnlySet<Digest> _revoked;
    private readonly Dictionary<Digest, Credential> _credentials = [];
    private readonly List<LinkPoint> _links = [];
    private readonly List<(LinkPoint At, long Until)> _tombstones = [];
    private readonly Dictionary<string, long> _frozen = new(StringComparer.Ordinal);
    private readonly Dictionary<Digest, Entry> _known = [];
    private readonly Queue<Digest> _order = [];

    /// <exception cref="ArgumentException">A leaf that no operation makes.</exception>
    internal EntryReader(SealEngineOptions options)
    {
        var epoch = options.Epoch.Value;
        _genesis = options.Genesis;
        _salt = epoch.Salt;
        _policy = epoch.Policy;
        _signatures = options.Signatures;
        _trustsAnybody = options.IntakeBugs.TrustsAnybody;
        _revoked = options.RevokedPublishers;
        var leaves = new List<KeyValuePair<Digest, Digest>>();
        foreach (var leaf in options.OperationLeaves)
        {
            if (leaf.Document is not OpMadeLeaf)
            {
                throw new ArgumentException($"no operation makes a {leaf.Class}", nameof(options));
            }

            leaves.Add(KeyValuePair.Create(KeyOf(leaf.Class, leaf.Name), leaf.Commitment));
            Take(leaf.Document);
        }

        OperationTree = SparseTree.From(leaves);
    }

    /// <summary>The tree of the op-made leaves alone.</summary>
    internal SparseTree OperationTree { get; }

    /// <summary>The place of a (class, name) in this epoch's tree (4.0 "Tree").</summary>
    internal Digest KeyOf(LeafClass kind, string name) =>
        Hashes.TreeKey(_genesis, _salt, kind, name);

    /// <summary>Checks an offered document; the first rule that it breaks, or null and the entry.</summary>
    internal Refusal? Read(SignedEntry source, out Entry? entry)
    {
        entry = null;
        if (!EntryFields.TryRead(source, out var fields, out var refusal))
        {
            return refusal;
        }

        if (source.IsRevoked)
        {
            return new Refusal(VerificationFailure.PublisherRevoked, fields.Name.ToString(), "revoked by an operation");
        }

        if (_known.TryGetValue(fields.Digest, out entry))
        {
            return null;
        }

        refusal = CheckCredential(source, fields, out var credential)
            ?? CheckPolicy(fields, credential!)
            ?? CheckTaken(fields)
            ?? SliceCheck.Check(source, fields)
            ?? SliceCheck.CheckNetworks(source);
        if (refusal is not null)
        {
            return refusal.At(fields.Name.ToString());
        }

        entry = Make(source, fields);
        Remember(entry);
        return null;
    }

    /// <summary>
    /// Reads an entry of a certified state, whose root is what vouches for it: it was admitted under the policy of its
    /// time.
    /// Where its publisher has no Credential any more it stands as withdrawn, for good (4.3.2).
    /// </summary>
    internal Refusal? ReadHeld(SignedEntry source, out Entry? entry)
    {
        if (source.IsWitness)
        {
            return WitnessReader.Read(source, KeyOf, out entry, out _);
        }

        entry = null;
        if (!EntryFields.TryRead(source, out var fields, out var refusal))
        {
            return refusal;
        }

        var isRevoked = source.IsRevoked || !_credentials.ContainsKey(fields.Publisher);
        if (!isRevoked && _known.TryGetValue(fields.Digest, out entry))
        {
            return null;
        }

        refusal = SliceCheck.Check(source, fields);
        if (refusal is not null)
        {
            return refusal.At(fields.Name.ToString());
        }

        entry = isRevoked ? MakeRevoked(source with { IsRevoked = true }, fields) : Make(source, fields);
        return null;
    }

    private void Take(LeafDocument document)
    {
        switch (document)
        {
            case Credential credential:
                _credentials[credential.Key.Kid] = credential;
                break;
            case Link link:
                _links.Add(link.At);
                break;
            case Tombstone tombstone:
                _tombstones.Add((tombstone.At, tombstone.Until));
                break;
            case Redirect { Until: { } until } redirect:
                _frozen[redirect.Name.Text] = until;
                break;
        }
    }

    private Refusal? CheckCredential(SignedEntry source, EntryFields fields, out Credential? credential)
    {
        if (!_credentials.TryGetValue(fields.Publisher, out credential))
        {
            return _revoked.Contains(fields.Publisher)
                ? new Refusal(VerificationFailure.PublisherRevoked, "", $"{fields.Publisher} lost its Credential")
                : new Refusal(VerificationFailure.PublisherOutOfScope, "", $"{fields.Publisher} has no Credential");
        }

        var signatures = source.Document.Signatures;
        if (signatures.IsDefaultOrEmpty || signatures.Length > 1)
        {
            var failure = signatures.IsDefaultOrEmpty
                ? VerificationFailure.ThresholdNotMet
                : VerificationFailure.TooManySignatures;
            return new Refusal(failure, "sigs", "a publisher signs once");
        }

        if (signatures[0].Kid != fields.Publisher)
        {
            return new Refusal(VerificationFailure.KeyIdMismatch, "sigs", "not signed by the publisher it names");
        }

        if (!_trustsAnybody
            && _signatures.Check(credential.Key, fields.Digest, signatures[0].Value.Span) is { } refusal)
        {
            return refusal.At("sigs");
        }

        return credential.Types.Contains(fields.Type) && Covers(credential, fields.Name)
            ? null
            : new Refusal(VerificationFailure.PublisherOutOfScope, "", "its Credential does not cover this");
    }

    // A Credential's patterns speak of service parts; bundles and gateways have none, so their type alone admits them.
    private static bool Covers(Credential credential, EntryName name) =>
        name.Class is not (LeafClass.Record or LeafClass.Set)
        || (ServicePart.TryParse(name.Name, out var part, out _)
            && credential.Names.Any(p => p.Text == "*" || (p.IsService && p.Matches(part))));

    private Refusal? CheckPolicy(EntryFields fields, Credential credential)
    {
        // How much of it this epoch allows hangs on what the name held before: EntryRules.CheckEnd.
        if (fields.Expires <= fields.Issued || fields.Expires - fields.Issued > Limits.RecordLifeMax)
        {
            return Range($"a life of {fields.Expires - fields.Issued} ms, no policy allows it");
        }

        if (fields.Withdraw is null && fields.Issued >= credential.Expires)
        {
            return Range("issued when its Credential was over");
        }

        return fields.TtlMax is { } ttl && ttl > Math.Min(credential.MaxTtl, _policy.MaxTtl)
            ? Range($"ttl_max {ttl} ms, at most {Math.Min(credential.MaxTtl, _policy.MaxTtl)} are allowed")
            : null;

        static Refusal Range(string detail) => new(VerificationFailure.PolicyOutOfRange, "", detail);
    }

    /// <summary>Whether its publisher's Credential is over: it admits withdrawals alone then. For who takes entries
    /// from publishers only: what an anchor signed stays good for the others.</summary>
    internal Refusal? CheckPublisher(Entry entry, long now) =>
        entry.Rank > 0 || _credentials[entry.Publisher].Expires > now
            ? null
            : new Refusal(VerificationFailure.PolicyOutOfRange, entry.Name.ToString(), "its Credential is over");

    private Refusal? CheckTaken(EntryFields fields)
    {
        if (fields.Name.Class is not (LeafClass.Record or LeafClass.Set)
            || !ServicePart.TryParse(fields.Name.Name, out var part, out _))
        {
            return null;
        }

        if (_links.Find(l => l.Covers(part)) is { } link)
        {
            return new Refusal(VerificationFailure.OccludedByLink, "", $"lies under the link {link.Text}");
        }

        // A hold ends by the document's own time, so that all anchors judge alike.
        var held = _tombstones.Any(t => t.At.Covers(part) && fields.Issued < t.Until)
            || (_frozen.TryGetValue(part.Text, out var until) && fields.Issued < until);
        return held ? new Refusal(VerificationFailure.Frozen, "", "an operation holds this name") : null;
    }

    private Entry Make(SignedEntry source, EntryFields fields)
    {
        if (fields.Withdraw is not null)
        {
            return MakeRevoked(source, fields);
        }

        return Make(source, fields, 0, fields.Name.Class, fields.Name.Name, source.Document.Payload, fields.Digest);
    }

    /// <summary>The leaf that is derived from a withdrawal, or from an entry whose Credential went.</summary>
    private Entry MakeRevoked(SignedEntry source, EntryFields fields)
    {
        var withdrawn = Document.Make(new Withdrawn
        {
            Expires = fields.Expires,
            Name = fields.Name.Name,
            Of = fields.Digest,
            OfClass = (long)fields.Name.Class,
            Opening = fields.Opening,
            Uid = fields.Uid,
            Version = fields.Version,
        });
        return Make(
            source, fields, 1, LeafClass.Withdrawn, withdrawn.Value.LeafName, withdrawn.Payload, withdrawn.Digest);
    }

    private Entry Make(
        SignedEntry source,
        EntryFields fields,
        int rank,
        LeafClass leafClass,
        string leafName,
        ReadOnlyMemory<byte> leaf,
        Digest commitment)
    {
        return new Entry
        {
            Name = fields.Name,
            Source = source,
            Digest = fields.Digest,
            Version = fields.Version,
            Rank = rank,
            Expires = fields.Expires,
            EndsAtMost = _credentials.TryGetValue(fields.Publisher, out var credential)
                ? Math.Min(fields.Issued + _policy.MaxRecordLife, credential.Expires)
                : 0,
            Issued = fields.Issued,
            Publisher = fields.Publisher,
            Uid = fields.Uid,
            LeafClass = leafClass,
            LeafName = leafName,
            Leaf = leaf,
            Key = KeyOf(leafClass, leafName),
            Commitment = commitment,
        };
    }

    private void Remember(Entry entry)
    {
        _known[entry.Digest] = entry;
        _order.Enqueue(entry.Digest);
        if (_order.Count > Remembered)
        {
            _known.Remove(_order.Dequeue());
        }
    }
}
