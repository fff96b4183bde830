namespace Fairlead.Naming.Operations;

/// <summary>
/// A proposal whose form, consents and effect were checked on its ground. Its times and who approves it are asked
/// elsewhere. Immutable, thread-safe.
/// </summary>
/// <param name="Proposal">As it was proposed.</param>
/// <param name="Epoch">The epoch.</param>
/// <param name="Leaves">The op-made leaves that the epoch has.</param>
public sealed record EpochCandidate(EpochProposal Proposal, Parsed<Epoch> Epoch, OperationLeaves Leaves)
{
    /// <summary>The candidate's identity: what is voted for and approved.</summary>
    public Digest Digest => Epoch.Digest;

    /// <summary>How long the epoch would live, in ms.</summary>
    public long Life => Epoch.Value.Expires - Epoch.Value.Issued;
}
