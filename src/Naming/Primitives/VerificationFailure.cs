namespace Fairlead.Naming;

/// <summary>
/// Every reason to refuse an input: closed, and the same word in code, logs, tests and the command line. The order is
/// that of the rules, not of severity. A member's number may change between versions, its name may not.
/// </summary>
public enum VerificationFailure
{
    // Form
    /// <summary>V1: more bytes, levels or elements than <see cref="Limits"/> allows.</summary>
    TooLarge = 1,

    /// <summary>V2: not the encoding it must travel in.</summary>
    BadEnvelope,

    /// <summary>V2: a file of another document type than its place expects.</summary>
    WrongPayloadType,

    /// <summary>V3: not the one byte form of the document.</summary>
    NonCanonicalPayload,

    /// <summary>V3, V9: speaks of another segment than the one it stands in.</summary>
    WrongSegment,

    /// <summary>V3: not a literal address or endpoint in its one form.</summary>
    BadAddress,

    /// <summary>V4: not an uncompressed point of P-256.</summary>
    BadKey,

    /// <summary>V4: a kid that is not the SHA-256 of the key beside it.</summary>
    KeyIdMismatch,

    /// <summary>V5: not 64 bytes r, s in range with low s.</summary>
    BadSignatureEncoding,

    /// <summary>V5: well formed and false.</summary>
    BadSignature,

    /// <summary>V6: two signatures by one key.</summary>
    DuplicateSigner,

    /// <summary>V6: signatures not ascending by kid.</summary>
    SignatureOrder,

    /// <summary>V6: more signatures than the place takes.</summary>
    TooManySignatures,

    /// <summary>V6, V10, V17: fewer signers of the epoch than the threshold.</summary>
    ThresholdNotMet,

    /// <summary>V7: a key of the epoch in a role that does not sign this.</summary>
    WrongKeyRole,

    /// <summary>V56: the epoch demands a newer verifier.</summary>
    VerifierTooOld,

    /// <summary>V56: an extension that must be understood and is not.</summary>
    CriticalExtension,

    // Epochs
    /// <summary>V8: not the genesis that was pinned or named.</summary>
    GenesisMismatch,

    /// <summary>V9: not the next number.</summary>
    EpochGap,

    /// <summary>V9: not the successor of the epoch held.</summary>
    PrevMismatch,

    /// <summary>V10: votes that do not commit.</summary>
    WrongPhase,

    /// <summary>V10, V17: a required group has too few signers.</summary>
    GroupNotMet,

    /// <summary>V10: a key that the epoch adds did not consent.</summary>
    NewSetNotConsenting,

    /// <summary>V10: recovery changed without the recovery keys.</summary>
    RecoveryKeysNotConsenting,

    /// <summary>V10r: a recovery epoch before its delay is over.</summary>
    RecoveryNotEffective,

    /// <summary>V10r: an ordinary successor was recorded before the recovery took effect.</summary>
    RecoveryVetoed,

    /// <summary>V10r: an ordinary successor after the recovery took effect.</summary>
    RecoverySenior,

    /// <summary>V11: one key in two places.</summary>
    DuplicateKey,

    /// <summary>V11: weights, thresholds, groups or tags that do not hold.</summary>
    BadQuorumParams,

    /// <summary>V11, V45: a number outside its cap.</summary>
    PolicyOutOfRange,

    /// <summary>V11: a tag that the home's policy refuses.</summary>
    AssuranceTooLow,

    /// <summary>V12: the newest epoch is over.</summary>
    EpochExpired,

    /// <summary>V13, V46: issued before the predecessor.</summary>
    TimeRegression,

    /// <summary>V13, V19, V45, V46: issued ahead of the clock.</summary>
    FromFuture,

    /// <summary>V14: another certified epoch with a number already held.</summary>
    EpochEquivocation,

    /// <summary>V15: a chain that ends below the one held.</summary>
    EpochRollback,

    // Seals
    /// <summary>V16: a seal of an epoch that has a successor.</summary>
    EpochSuperseded,

    /// <summary>V16: a seal of an epoch not held.</summary>
    EpochUnknown,

    /// <summary>V16: a seal of another epoch with this number.</summary>
    EpochDigestMismatch,

    /// <summary>V18: a seal below the one held.</summary>
    SealRollback,

    /// <summary>V18, V42: another certified seal in a slot already held.</summary>
    SealEquivocation,

    /// <summary>V19: a seal that is over.</summary>
    SealExpired,

    /// <summary>V19: a seal that lives longer than policy or epoch allow.</summary>
    SealValidityTooLong,

    /// <summary>V20: a seal whose predecessor is not certified or not lower.</summary>
    SealForked,

    /// <summary>V20: a certified state that does not dominate the one before.</summary>
    SealRegression,

    // Proofs, records, links
    /// <summary>V21, V22: a proof without the form of one.</summary>
    BadProof,

    /// <summary>V22: a path that does not meet the sealed root.</summary>
    ProofMismatch,

    /// <summary>V23: an absence that ends elsewhere.</summary>
    NonInclusionWrongPrefix,

    /// <summary>V24: a negative that leaves a way open.</summary>
    IncompleteDenial,

    /// <summary>V25: two seals of one segment in one answer.</summary>
    MixedSeals,

    /// <summary>V26: a leaf that bears another name than its proof.</summary>
    NameMismatch,

    /// <summary>V26: a published leaf that is over.</summary>
    RecordExpired,

    /// <summary>V26, V45: a published leaf below the one held.</summary>
    RecordRollback,

    /// <summary>V26, V45: another uid under the same name.</summary>
    UidChanged,

    /// <summary>V27, V45: a publisher without a Credential for this.</summary>
    PublisherOutOfScope,

    /// <summary>V27, V45: a publisher whose Credential is gone.</summary>
    PublisherRevoked,

    /// <summary>V28: only one of two segments agrees to the hop.</summary>
    LinkNotAccepted,

    /// <summary>V29: a pinned name with another genesis.</summary>
    LinkRepointed,

    /// <summary>V30, V48: a chain that ends below a floor.</summary>
    BelowLinkFloor,

    /// <summary>V30: a chain that passes a floor with another digest.</summary>
    FloorMismatch,

    /// <summary>V31, V49: something at or under a Link.</summary>
    OccludedByLink,

    // Paths
    /// <summary>V32: a hop that the hop before does not name.</summary>
    PathBroken,

    /// <summary>V32, V48: a segment twice on one path.</summary>
    LoopDetected,

    /// <summary>V32: a path longer than a segment on it allows.</summary>
    TooManyHops,

    /// <summary>V32: a path where a better one exists.</summary>
    PathNotPreferred,

    /// <summary>V33: fewer decisions than the epoch demands.</summary>
    AttestationMissing,

    /// <summary>V33: a decision about something else, or by someone else.</summary>
    AttestationMismatch,

    /// <summary>V33: a decision that is over or lives too long.</summary>
    AttestationExpired,

    /// <summary>V33: a segment on the path refuses the asker.</summary>
    PolicyDenied,

    /// <summary>V34: a second redirect.</summary>
    TooManyRedirects,

    /// <summary>V34: a redirect to another uid.</summary>
    RedirectUidMismatch,

    /// <summary>V35: an answer to another query.</summary>
    QueryMismatch,

    /// <summary>V36: more work than an answer may cost.</summary>
    BudgetExceeded,

    // State and time
    /// <summary>V37: the wall clock is below what was proven.</summary>
    ClockRollback,

    /// <summary>V37: the wall clock is off the median of the heads.</summary>
    ClockSkew,

    /// <summary>V38: a segment with two conflicting certificates.</summary>
    SegmentQuarantined,

    /// <summary>V38: an anchor that made two conflicting statements.</summary>
    AnchorExcluded,

    /// <summary>V38: evidence about an epoch that is over.</summary>
    EvidenceStale,

    /// <summary>V39: the verifier cannot remember.</summary>
    StateNotDurable,

    /// <summary>V40: a segment's data about another one's state.</summary>
    CrossSegmentWrite,

    /// <summary>V41: not enough fresh heads to start from.</summary>
    NoFreshHead,

    /// <summary>V42: an answer older than what a witness saw.</summary>
    BehindWitness,

    // Anchors
    /// <summary>V43: a slot that was signed otherwise, or a damaged journal.</summary>
    JournalConflict,

    /// <summary>V43: a journal older than what peers hold of it.</summary>
    JournalBehind,

    /// <summary>V44: another root or count than recomputed.</summary>
    RootMismatch,

    /// <summary>V44: leaves that are not what the manifests say.</summary>
    ManifestMismatch,

    /// <summary>V44: an epoch that changes what its operation may not.</summary>
    OpMismatch,

    /// <summary>V45, V59: slices that are not the record's.</summary>
    SliceMismatch,

    /// <summary>V45: an entry dropped without reason.</summary>
    UnjustifiedRemoval,

    /// <summary>V47: the store's identity or revision went back.</summary>
    StoreRolledBack,

    /// <summary>V48: a grant by no current anchor of the subject's segment.</summary>
    GrantForeignSubject,

    /// <summary>V48: a grant for another segment.</summary>
    GrantAudience,

    /// <summary>V48: a grant for another connection.</summary>
    GrantReplayed,

    /// <summary>V48: a grant that is over or lives too long.</summary>
    GrantExpired,

    /// <summary>V49: a Link at a label whose Tombstone still holds.</summary>
    LabelInHoldDown,

    /// <summary>V49: a change of what an operation holds still.</summary>
    Frozen,

    /// <summary>V49: a Peer named above or below its segment.</summary>
    NameConflict,

    /// <summary>V50: a token made for another audience.</summary>
    TokenAudience,

    /// <summary>V50: an asker without a known identity.</summary>
    SubjectUnknown,

    /// <summary>V51: not a name, label or pattern.</summary>
    BadName,

    /// <summary>V52: over the asker's rate.</summary>
    RateLimited,

    // Content and transport
    /// <summary>V53: an address that this segment may not name.</summary>
    AddressOutOfScope,

    /// <summary>V54, V55: an identity of a trust domain that is not this segment's.</summary>
    IdentityOutOfScope,

    /// <summary>V57: an introduction too long ago.</summary>
    IntroductionExpired,

    /// <summary>V60: a member of a Set that is not what the Set says.</summary>
    SetMismatch,

    /// <summary>V63: a TLS key outside the newest epoch.</summary>
    TransportKeyMismatch,

    /// <summary>V64: the answerer is below the asker's minimum; retriable.</summary>
    Behind,

    /// <summary>V64: no fresh seal; retriable.</summary>
    NotSealed,

    // Sealing and succession
    /// <summary>V61: a proposal by another than the term's leader.</summary>
    NotLeader,

    /// <summary>V61: a seal of an epoch whose successor I committed.</summary>
    Fenced,

    /// <summary>V61: a slot at or below one I signed.</summary>
    SeqUsed,

    /// <summary>V61: a slot ahead of the clock.</summary>
    SeqTooFar,

    /// <summary>V61: a state below one I signed.</summary>
    NotDominating,

    /// <summary>V61: two contents of one version by one key.</summary>
    PublisherEquivocation,

    /// <summary>V62: a first seal without its predecessor's handover.</summary>
    HandoverMissing,
}
