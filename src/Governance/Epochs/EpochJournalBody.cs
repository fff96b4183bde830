using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Governance;

/// <summary>
/// One vote's entry in the journal of a gov key. A prepare holds the whole proposal and a commit the PrepareCert, so
/// that what an anchor is locked on survives it (I3, V43).
/// </summary>
/// <param name="Slot">The number of the epoch voted for.</param>
/// <param name="Phase">prepare or commit.</param>
/// <param name="Round">The round.</param>
/// <param name="Digest">The candidate.</param>
/// <param name="Proposal">
/// The candidate's content; null for a commit whose content an earlier entry of this slot holds.
/// </param>
/// <param name="Source">The anchor that told of the content; null without one, and in journals of before it was
/// written.</param>
/// <param name="Prepared">Of a commit: the signatures of its PrepareCert; empty for a prepare.</param>
public sealed record EpochJournalBody(
    long Slot,
    string Phase,
    long Round,
    Digest Digest,
    EpochProposal? Proposal,
    string? Source,
    ImmutableArray<SignatureEntry> Prepared)
{
    private const byte Version = 1;
    private const byte VersionWithSource = 2;

    /// <summary>The body's bytes; equal bodies have equal bytes.</summary>
    public byte[] Encode()
    {
        var writer = new JournalWriter();
        writer.Byte(Source is null ? Version : VersionWithSource);
        writer.Number(Slot);
        writer.Byte(Phase == VotePhase.Commit ? (byte)2 : (byte)1);
        writer.Number(Round);
        writer.Bytes(Digest.ToArray());
        writer.Signatures(Prepared);
        writer.Number(Proposal is null ? 0 : 1);
        if (Proposal is { } proposal)
        {
            writer.Bytes(proposal.Epoch.Span);
            writer.Bytes(proposal.Manifest.Span);
            writer.Number(proposal.Leaves.Length);
            foreach (var leaf in proposal.Leaves)
            {
                writer.Number((int)leaf.Class);
                writer.Bytes(leaf.Payload.Span);
            }

            writer.Envelope(proposal.Consent);
            writer.Envelope(proposal.RecoveryConsent);
        }

        if (Source is { } source)
        {
            writer.Text(source);
        }

        return writer.ToArray();
    }

    /// <summary>Reads a body; null for bytes that no body has.</summary>
    /// <param name="bytes">One body of a journal.</param>
    public static EpochJournalBody? Decode(ReadOnlyMemory<byte> bytes)
    {
        var reader = new JournalReader(bytes);
        var version = reader.Byte();
        if (version is not (Version or VersionWithSource))
        {
            return null;
        }

        var slot = reader.Number();
        var phase = reader.Byte();
        var round = reader.Number();
        reader.Failed |= !Naming.Digest.TryFromBytes(reader.Bytes(Naming.Digest.Size).Span, out var digest);
        var prepared = reader.Signatures(Limits.Signatures);
        var proposal = reader.Count(1) == 1 ? ReadProposal(reader) : null;
        var source = version == VersionWithSource ? reader.Text() : null;
        return reader.Failed || !reader.AtEnd || phase is not (1 or 2)
            ? null
            : new EpochJournalBody(
                slot, phase == 2 ? VotePhase.Commit : VotePhase.Prepare, round, digest, proposal, source, prepared);
    }

    private static EpochProposal ReadProposal(JournalReader reader)
    {
        var epoch = reader.Bytes(Limits.EpochBytes);
        var manifest = reader.Bytes(Limits.EnvelopeBytes);
        var leaves = ImmutableArray.CreateBuilder<ProposedLeaf>();
        for (var left = reader.Count(Limits.ListItems); left > 0 && !reader.Failed; left--)
        {
            leaves.Add(new ProposedLeaf((LeafClass)reader.Count(byte.MaxValue), reader.Bytes(Limits.EnvelopeBytes)));
        }

        return new EpochProposal(epoch, manifest, leaves.ToImmutable(), reader.Envelope(), reader.Envelope());
    }
}
