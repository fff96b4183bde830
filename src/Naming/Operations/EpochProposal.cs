using System.Collections.Immutable;

namespace Fairlead.Naming.Operations;

/// <summary>
/// An operation as it waits to be decided: the whole epoch that it asks for, the manifest and the leaves that it
/// writes, and the consents of keys that it adds. Nothing in it is checked. Immutable, thread-safe.
/// </summary>
/// <param name="Epoch">The candidate epoch's payload.</param>
/// <param name="Manifest">The manifest's payload; empty where the epoch names none.</param>
/// <param name="Leaves">The leaves that the manifest writes, ascending by class and name.</param>
/// <param name="Consent">The consent of the keys it adds; <see cref="Envelope.None"/> where it adds none.</param>
/// <param name="RecoveryConsent">The consent of the recovery keys it changes, or none.</param>
public sealed record EpochProposal(
    ReadOnlyMemory<byte> Epoch,
    ReadOnlyMemory<byte> Manifest,
    ImmutableArray<ProposedLeaf> Leaves,
    Envelope Consent,
    Envelope RecoveryConsent)
{
    /// <summary>The bytes of all its parts, without what frames them.</summary>
    public long Bytes => Epoch.Length + (long)Manifest.Length + Leaves.Sum(leaf => (long)leaf.Payload.Length)
        + BytesOf(Consent) + BytesOf(RecoveryConsent);

    private static long BytesOf(Envelope envelope) =>
        envelope.Payload.Length + envelope.Signatures.Sum(one => (long)Digest.Size + one.Value.Length);
}

/// <summary>A leaf that a manifest writes. Nothing in it is checked.</summary>
/// <param name="Class">Its class.</param>
/// <param name="Payload">Its document.</param>
public readonly record struct ProposedLeaf(LeafClass Class, ReadOnlyMemory<byte> Payload);
