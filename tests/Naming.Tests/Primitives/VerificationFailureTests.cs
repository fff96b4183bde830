using Xunit;

namespace Fairlead.Naming.Tests.Primitives;

public sealed class VerificationFailureTests
{
    /// <summary>Every error that the rules and the malicious inputs name, and no other.</summary>
    private const string Names = """
        AddressOutOfScope AnchorExcluded AssuranceTooLow AttestationExpired AttestationMismatch AttestationMissing
        BadAddress BadEnvelope BadKey BadName BadProof BadQuorumParams BadSignature BadSignatureEncoding Behind
        BehindWitness BelowLinkFloor BudgetExceeded ClockRollback ClockSkew CriticalExtension CrossSegmentWrite
        DuplicateKey DuplicateSigner EpochDigestMismatch EpochEquivocation EpochExpired EpochGap EpochRollback
        EpochSuperseded EpochUnknown EvidenceStale Fenced FloorMismatch FromFuture Frozen GenesisMismatch
        GrantAudience GrantExpired GrantForeignSubject GrantReplayed GroupNotMet HandoverMissing IdentityOutOfScope
        IncompleteDenial IntroductionExpired JournalBehind JournalConflict KeyIdMismatch LabelInHoldDown
        LinkNotAccepted LinkRepointed LoopDetected ManifestMismatch MixedSeals NameConflict NameMismatch
        NewSetNotConsenting NoFreshHead NonCanonicalPayload NonInclusionWrongPrefix NotDominating NotLeader NotSealed
        OccludedByLink OpMismatch PathBroken PathNotPreferred PolicyDenied PolicyOutOfRange PrevMismatch
        ProofMismatch PublisherEquivocation PublisherOutOfScope PublisherRevoked QueryMismatch RateLimited
        RecordExpired RecordRollback RecoveryKeysNotConsenting RecoveryNotEffective RecoverySenior RecoveryVetoed
        RedirectUidMismatch RootMismatch SealEquivocation SealExpired SealForked SealRegression SealRollback
        SealValidityTooLong SegmentQuarantined SeqTooFar SeqUsed SetMismatch SignatureOrder SliceMismatch
        StateNotDurable StoreRolledBack SubjectUnknown ThresholdNotMet TimeRegression TokenAudience TooLarge
        TooManyHops TooManyRedirects TooManySignatures TransportKeyMismatch UidChanged UnjustifiedRemoval
        VerifierTooOld WrongKeyRole WrongPayloadType WrongPhase WrongSegment
        """;

    [Fact]
    public void Names_AreThoseOfTheRules() => Assert.Equal(
        Names.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Order(StringComparer.Ordinal),
        Enum.GetNames<VerificationFailure>().Order(StringComparer.Ordinal));

    [Fact]
    public void Default_IsNoFailure() => Assert.False(Enum.IsDefined(default(VerificationFailure)));
}
