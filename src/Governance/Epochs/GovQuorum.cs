using System.Collections.Immutable;
using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// The anchors of an epoch as voters for its successor: who proposes in a round, whose signature counts, and what makes
/// votes a certificate (4.3.1, V10).
/// </summary>
internal sealed class GovQuorum
{
    private readonly Epoch _epoch;
    private readonly Digest _genesis;
    private readonly ISignatureCheck _signatures;
    private readonly ImmutableArray<EpochAnchor> _members;
    private readonly Dictionary<string, EpochAnchor> _byId;
    private readonly Dictionary<(string Phase, long Round, Digest Digest), Parsed<Vote>> _documents = [];

    internal GovQuorum(Digest genesis, Epoch epoch, ISignatureCheck signatures)
    {
        (_genesis, _epoch, _signatures) = (genesis, epoch, signatures);
        _members = [.. epoch.Anchors.OrderBy(a => a.Id, StringComparer.Ordinal)];
        _byId = _members.ToDictionary(a => a.Id, StringComparer.Ordinal);
    }

    internal IEnumerable<string> Ids => _members.Select(m => m.Id);

    internal int Threshold => (int)_epoch.Quorum.TGov;

    internal int Faults => (int)_epoch.Quorum.F;

    /// <summary>The number that is decided: one above this epoch's.</summary>
    internal long Slot => _epoch.Number + 1;

    internal EpochAnchor? Find(string id) => _byId.GetValueOrDefault(id);

    internal string? IdOf(Digest kid) => _members.FirstOrDefault(m => m.Gov.Kid == kid)?.Id;

    /// <summary>Anchors take turns by id, each slot beginning with another.</summary>
    internal string Proposer(long round) => _members[(int)((Slot + round) % _members.Length)].Id;

    /// <summary>An anchor's place behind the first proposer of the slot.</summary>
    internal int Turn(string id) =>
        (int)(((_members.IndexOf(_byId[id]) - Slot) % _members.Length + _members.Length) % _members.Length);

    /// <summary>What a vote signs.</summary>
    internal Parsed<Vote> Document(string phase, long round, Digest digest)
    {
        if (!_documents.TryGetValue((phase, round, digest), out var document))
        {
            if (_documents.Count > 1024)
            {
                _documents.Clear();
            }

            document = Naming.Document.Make(new Vote
            {
                Digest = digest, Epoch = Slot, Phase = phase, Round = round, Segment = _genesis,
            });
            _documents.Add((phase, round, digest), document);
        }

        return document;
    }

    /// <summary>V7: a gov key of this epoch; else WrongKeyRole or ThresholdNotMet; then form and truth.</summary>
    internal Refusal? Check(EpochVote vote, out string voter)
    {
        var member = _members.FirstOrDefault(m => m.Gov.Kid == vote.Signature.Kid);
        voter = member?.Id ?? "";
        if (member is null)
        {
            var isOther = _members.Any(m => m.Seal.Kid == vote.Signature.Kid || m.Tls.Kid == vote.Signature.Kid);
            return new Refusal(
                isOther ? VerificationFailure.WrongKeyRole : VerificationFailure.ThresholdNotMet,
                "vote",
                $"{vote.Signature.Kid} is no gov key of epoch {_epoch.Number}");
        }

        var document = Document(vote.Phase, vote.Round, vote.Digest);
        return _signatures.Check(member.Gov, document.Digest, vote.Signature.Value.Span)?.At("vote");
    }

    /// <summary>Exactly T votes, the required groups among them; null while they do not suffice.</summary>
    internal ImmutableArray<SignatureEntry>? Assemble(IEnumerable<SignatureEntry> votes) =>
        CertificateAssembly.Assemble(votes, _epoch, KeyRole.Gov);
}
