using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Google.Protobuf;

namespace Fairlead.Protocol;

/// <summary>Operations as they travel. Reading checks lengths and counts only. Stateless, thread-safe.</summary>
public static class ProposalWire
{
    /// <summary>The message of a proposal.</summary>
    public static V1.EpochProposal Write(EpochProposal proposal)
    {
        ArgumentNullException.ThrowIfNull(proposal);
        var wire = new V1.EpochProposal
        {
            Epoch = UnsafeByteOperations.UnsafeWrap(proposal.Epoch),
            Manifest = UnsafeByteOperations.UnsafeWrap(proposal.Manifest),
            Consent = Write(proposal.Consent),
            RecoveryConsent = Write(proposal.RecoveryConsent),
        };
        wire.Leaves.AddRange(proposal.Leaves.Select(leaf => new V1.StateLeaf
        {
            Class = (uint)leaf.Class,
            Leaf = UnsafeByteOperations.UnsafeWrap(leaf.Payload),
        }));
        return wire;
    }

    /// <summary>Reads a proposal; null where its form is bad.</summary>
    public static EpochProposal? Read(V1.EpochProposal? wire)
    {
        if (wire is null || wire.Epoch.Length > Limits.EpochBytes || wire.Manifest.Length > Limits.EnvelopeBytes
            || wire.Leaves.Count > Limits.ListItems || wire.Leaves.Any(leaf => leaf.Class > byte.MaxValue)
            || Read(wire.Consent) is not { } consent || Read(wire.RecoveryConsent) is not { } recovery)
        {
            return null;
        }

        return new EpochProposal(
            wire.Epoch.Memory,
            wire.Manifest.Memory,
            [.. wire.Leaves.Select(leaf => new ProposedLeaf((LeafClass)leaf.Class, leaf.Leaf.Memory))],
            consent,
            recovery);
    }

    private static V1.Signed? Write(Envelope envelope) => envelope.IsNone ? null : WireWriter.ToMessage(envelope);

    private static Envelope? Read(V1.Signed? wire) =>
        wire is null ? Envelope.None : WireReader.TryRead(wire, out var envelope, out _) ? envelope : null;
}
