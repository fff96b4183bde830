using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Governance;

/// <summary>An operation that waits over a restart or a succession.</summary>
/// <param name="Proposal">The operation.</param>
/// <param name="Token">The token of whoever waits for its fate; null for nobody.</param>
/// <param name="Source">The anchor that told of it.</param>
/// <param name="IsApproved">Whether the operator of this anchor approved it.</param>
public sealed record QueuedOperation(EpochProposal Proposal, long? Token, string Source, bool IsApproved);

/// <summary>All that an <see cref="EpochEngine"/> starts from. The ground is verified already.</summary>
public sealed record EpochEngineOptions
{
    /// <summary>The own anchor's id.</summary>
    public required string Self { get; init; }

    /// <summary>The newest epoch and its op-made leaves.</summary>
    public required EpochGround Ground { get; init; }

    /// <summary>The own gov key.</summary>
    public required ISigner Signer { get; init; }

    /// <summary>16 fresh random bytes at each call, for the leaves of automatic renewals.</summary>
    public required Func<Hex16> Openings { get; init; }

    /// <summary>Checks signatures.</summary>
    public ISignatureCheck Signatures { get; init; } = new EcdsaSignatureCheck();

    /// <summary>The bodies of the gov journal's entries, in order, without the file's first; other slots' are
    /// skipped.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Journal { get; init; } = [];

    /// <summary>Why the key must not sign any more, where that was found out in an earlier epoch; null where it may.
    /// </summary>
    public Refusal? Unfit { get; init; }

    /// <summary>Operations that wait already.</summary>
    public IReadOnlyList<QueuedOperation> Queue { get; init; } = [];

    /// <summary>What this anchor's operator took back before, on this ground.</summary>
    public IReadOnlyList<EpochProposal> TakenBack { get; init; } = [];

    /// <summary>Verified facts of other segments.</summary>
    public IReadOnlyDictionary<Digest, ForeignSegment> Foreign { get; init; } =
        new Dictionary<Digest, ForeignSegment>();

    /// <summary>Set by simulations only: plants the bug of preparing against one's lock.</summary>
    internal bool IgnoresLock { get; init; }

    /// <summary>Set by simulations only: plants the bug of commits that name no round.</summary>
    internal bool CommitsAnyRound { get; init; }
}
