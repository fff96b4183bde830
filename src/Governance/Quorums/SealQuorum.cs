using System.Collections.Immutable;
using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// The anchors of one epoch by id, and what makes signatures of their seal keys a certificate: exactly T of them, the
/// required groups among them (4.0 "Envelope", V6, V17).
/// </summary>
internal sealed class SealQuorum
{
    private readonly Dictionary<string, QuorumMember> _byId;
    private readonly Dictionary<Digest, QuorumMember> _byKid;
    private readonly ImmutableArray<QuorumGroup> _groups;
    private readonly ISignatureCheck _signatures;
    private (Digest Digest, SignatureEntry Signature)? _own;

    internal SealQuorum(
        IEnumerable<QuorumMember> members,
        int threshold,
        int faults,
        ImmutableArray<QuorumGroup> groups,
        ISignatureCheck signatures)
    {
        Members = [.. members.OrderBy(m => m.Id, StringComparer.Ordinal)];
        Threshold = threshold;
        Faults = faults;
        _groups = groups;
        _signatures = signatures;
        _byId = Members.ToDictionary(m => m.Id, StringComparer.Ordinal);
        _byKid = Members.ToDictionary(m => m.Key.Kid);
    }

    internal ImmutableArray<QuorumMember> Members { get; }

    /// <summary>T: signatures in a certificate.</summary>
    internal int Threshold { get; }

    /// <summary>F: members that may do anything.</summary>
    internal int Faults { get; }

    internal QuorumMember? Find(string id) => _byId.GetValueOrDefault(id);

    /// <summary>The leader of a term: anchors take turns by id.</summary>
    internal string Leader(long term) => Members[(int)(term % Members.Length)].Id;

    /// <summary>One member's signature over a digest.</summary>
    internal Refusal? CheckVote(QuorumMember member, Digest digest, SignatureEntry signature) =>
        signature.Kid != member.Key.Kid
            ? new Refusal(VerificationFailure.KeyIdMismatch, "vote", "signed by another key than the sender's seal key")
            : _signatures.Check(member.Key, digest, signature.Value.Span)?.At("vote");

    /// <summary>Remembers the signature made last: a certificate that holds it comes back soon.</summary>
    internal void KeepOwn(Digest digest, SignatureEntry signature) => _own = (digest, signature);

    /// <summary>
    /// The certificate that these signatures make: the lowest kids of each required group up to its minimum, then the
    /// lowest others; null while they are too few.
    /// </summary>
    internal ImmutableArray<SignatureEntry>? Certify(IReadOnlyCollection<SignatureEntry> votes)
    {
        if (votes.Count < Threshold)
        {
            return null;
        }

        var sorted = votes.OrderBy(v => v.Kid).ToList();
        var chosen = new SortedDictionary<Digest, SignatureEntry>();
        foreach (var group in _groups)
        {
            var members = sorted.Where(v => _byKid[v.Kid].Group == group.Name).Take(group.Minimum).ToList();
            if (members.Count < group.Minimum)
            {
                return null;
            }

            members.ForEach(v => chosen[v.Kid] = v);
        }

        foreach (var vote in sorted.TakeWhile(_ => chosen.Count < Threshold))
        {
            chosen[vote.Kid] = vote;
        }

        return chosen.Count == Threshold ? [.. chosen.Values] : null;
    }

    /// <summary>The checks of a certificate over a seal or handover of this epoch, in V6's order.</summary>
    internal Refusal? CheckCertificate(Envelope envelope, Digest digest)
    {
        if (CheckSigners(envelope.Signatures) is { } refusal)
        {
            return refusal.At("seal");
        }

        foreach (var signature in envelope.Signatures)
        {
            if (!IsOwn(digest, signature)
                && _signatures.Check(_byKid[signature.Kid].Key, digest, signature.Value.Span) is { } bad)
            {
                return bad.At("seal");
            }
        }

        var missing = _groups.FirstOrDefault(
            g => envelope.Signatures.Count(s => _byKid[s.Kid].Group == g.Name) < g.Minimum);
        return missing is null
            ? null
            : new Refusal(
                VerificationFailure.GroupNotMet, "seal", $"fewer than {missing.Minimum} of group {missing.Name}");
    }

    private bool IsOwn(Digest digest, SignatureEntry signature) =>
        _own is { } own && own.Digest == digest && own.Signature.Kid == signature.Kid
        && own.Signature.Value.Span.SequenceEqual(signature.Value.Span);

    private Refusal? CheckSigners(ImmutableArray<SignatureEntry> signatures)
    {
        if (signatures.IsDefaultOrEmpty || signatures.Length < Threshold)
        {
            return new Refusal(VerificationFailure.ThresholdNotMet, "", $"fewer than {Threshold} signatures");
        }

        if (signatures.Length > Threshold)
        {
            return new Refusal(VerificationFailure.TooManySignatures, "", $"more than {Threshold} signatures");
        }

        for (var i = 0; i < signatures.Length; i++)
        {
            var order = i == 0 ? -1 : signatures[i - 1].Kid.CompareTo(signatures[i].Kid);
            if (order >= 0)
            {
                var failure = order == 0 ? VerificationFailure.DuplicateSigner : VerificationFailure.SignatureOrder;
                return new Refusal(failure, "", "the kids do not ascend");
            }

            if (!_byKid.ContainsKey(signatures[i].Kid))
            {
                return new Refusal(VerificationFailure.ThresholdNotMet, "", $"{signatures[i].Kid} is no seal key here");
            }
        }

        return null;
    }
}
