namespace Fairlead.Naming;

/// <summary>
/// Every bound of the protocol in one place: what an input may cost, and what a policy may say. Bytes are payload
/// bytes, times milliseconds, unless said otherwise.
/// </summary>
public static class Limits
{
    /// <summary>Largest payload and envelope of any document: one gRPC message of an answer holds several
    /// (V1).</summary>
    public const int EnvelopeBytes = 64 * 1024;

    /// <summary>Largest payload of a seal, handover, vote, consent or head. Their members are of fixed sizes and take a
    /// tenth of it; the rest is for extensions, and too little to pad evidence with that all have to keep and pass on
    /// (V1, V38).</summary>
    public const int StatementBytes = 4 * 1024;

    /// <summary>The most bytes of extensions in an Attest: what else it says is small by its form, but for the regions
    /// of the Rule that decided. Whoever hears it keeps some of them, as one half of evidence.</summary>
    public const int AttestExtBytes = 1024;

    /// <summary>Largest slice: 100 endpoints with long identities (V1).</summary>
    public const int SliceBytes = 64 * 1024;

    /// <summary>Largest epoch payload: 16 anchors, 128 peers, 8 uplinks, and room (V1).</summary>
    public const int EpochBytes = 32 * 1024;

    /// <summary>Largest answer without its slices: 8 hops with proofs (V1).</summary>
    public const int AnswerBytes = 256 * 1024;

    /// <summary>Largest operation: epoch, manifest, leaves and consents. The longest manifest names about 450 leaves,
    /// and 64 Links take 50 KiB; every anchor keeps what others propose, and every operator reads it (V1).</summary>
    public const int OperationBytes = 1024 * 1024;

    /// <summary>Most epochs in one page of a chain (V1).</summary>
    public const int PageEpochs = 32;

    /// <summary>Deepest nesting of a document; no document needs more than six (V1).</summary>
    public const int Depth = 16;

    /// <summary>Most elements of a list and members of an object where its type says nothing smaller (V1).</summary>
    public const int ListItems = 1024;

    /// <summary>Longest string (4.0).</summary>
    public const int StringBytes = 1024;

    /// <summary>Longest certificate of a bundle, as base64: an RSA-4096 certificate with long names fits
    /// (4.0).</summary>
    public const int CertificateBytes = 8 * 1024;

    /// <summary>Largest integer: every JSON reader holds it exactly (4.0).</summary>
    public const long IntegerMax = (1L << 53) - 1;

    /// <summary>Most signatures of a certificate: one per anchor (V6).</summary>
    public const int Signatures = 16;

    /// <summary>Most consents: a gov and a seal key per anchor (V6).</summary>
    public const int ConsentSignatures = 2 * Anchors;

    /// <summary>Most anchors of a segment: certificates stay small and rounds short (V11).</summary>
    public const int Anchors = 16;

    /// <summary>Most endpoints of an anchor, an uplink, a Link or a Peer: a lying segment cannot make a reader knock
    /// at many doors.</summary>
    public const int Endpoints = 4;

    /// <summary>Most peers of a segment.</summary>
    public const int Peers = 128;

    /// <summary>Most Links that one epoch writes: a parent with many children joins them in several (4.4).</summary>
    public const int LinksPerEpoch = 64;

    /// <summary>Most uplinks of a segment.</summary>
    public const int Uplinks = 8;

    /// <summary>Most trust domains of a segment.</summary>
    public const int Domains = 8;

    /// <summary>Most slices of a record.</summary>
    public const int Slices = 128;

    /// <summary>Most networks of a record's endpoints, each of which is a Gateway in answers: an answer stays small
    /// whatever a publisher writes.</summary>
    public const int RecordNetworks = 32;

    /// <summary>Most endpoints of a slice, as Kubernetes writes them.</summary>
    public const int SliceEndpoints = 100;

    /// <summary>Most members of a Set.</summary>
    public const int SetMembers = 32;

    /// <summary>Largest priority of a member of a Set: Envoy knows 0 to 128.</summary>
    public const int SetPriority = 127;

    /// <summary>Largest weight of a member of a Set: the weights of all fit into 32 bits, spread over
    /// localities.</summary>
    public const int SetWeight = 10_000;

    /// <summary>Most certificates of a Bundle.</summary>
    public const int Certificates = 8;

    /// <summary>Most addresses of a Gateway.</summary>
    public const int GatewayAddresses = 16;

    /// <summary>Most labels of a full name (4.0).</summary>
    public const int NameLabels = 16;

    /// <summary>Longest full name (RFC 1035).</summary>
    public const int NameBytes = 253;

    /// <summary>Most labels of a segment name: as many as a path may have hops, with room for a service part.</summary>
    public const int SegmentLabels = 8;

    /// <summary>Longest label (RFC 1035).</summary>
    public const int LabelBytes = 63;

    /// <summary>Most signature checks per answer (V36): about 20 ms of one core.</summary>
    public const int SignatureChecks = 256;

    /// <summary>Most new epochs per answer (V36).</summary>
    public const int NewEpochs = 32;

    /// <summary>Longest chain of a segment that is followed page by page (V36).</summary>
    public const int ChainEpochs = 4096;

    /// <summary>Most hops of a path, whatever the policies on it say (V32).</summary>
    public const int Hops = 8;

    /// <summary>Most proofs of one hop (V1). The most that an answer needs are its Rule, its record, a Gateway for each
    /// network and a Bundle for each domain: some 45.</summary>
    public const int HopProofs = 128;

    /// <summary>Most levels of all proofs of one hop, each of which is hashed (V36): some 2 ms of one core. The most
    /// proofs that a hop needs, in a tree of a million leaves, have some 1,000.</summary>
    public const int ProofLevels = 2_048;

    /// <summary>Deepest path in a tree: one level per bit of a key (V21).</summary>
    public const int TreeDepth = 8 * Digest.Size;

    /// <summary>Most anchors that must decide about an asker: all of them.</summary>
    public const int Attests = Anchors;

    /// <summary>Version of the rules that this verifier knows (V56).</summary>
    public const long VerifierVersion = 1;

    /// <summary>Most pieces of evidence on one stream (V38): what is verified of them is bounded by it.</summary>
    public const int EvidencePieces = 64;

    /// <summary>Clock tolerance before any home epoch is held.</summary>
    public const long DefaultClockDelta = 5 * Second;

    /// <summary>Longest life of a grant (V48).</summary>
    public const long GrantLife = 60 * Second;

    /// <summary>How long a denial may be kept (4.8). Its Attest lives longer by what clocks may differ.</summary>
    public const long DenyLife = 10 * Second;

    /// <summary>How long a Tombstone holds a label.</summary>
    public const long HoldDown = 7 * Day;

    /// <summary>Shortest delay of a recovery epoch: time to notice a thief.</summary>
    public const long RecoveryDelayMin = Hour;

    /// <summary>Longest life of an epoch.</summary>
    public const long EpochLife = 30 * Day;

    /// <summary>How many epochs a floor must be behind for a renewal right behind a full one to write it: a parent of
    /// many children spends the epochs of its chain on those that need it.</summary>
    public const long FloorLag = 4;

    /// <summary>The shortest life that anchors give an epoch, but where the one before is shorter: whatever went wrong
    /// with a policy, there is time to propose another one, and a chain of renewals stays short.</summary>
    public const long EpochLifeMin = Hour;

    /// <summary>Longest life of a Credential.</summary>
    public const long CredentialLife = 365 * Day;

    /// <summary>Shortest validity of a seal: below it, heartbeats would be the load.</summary>
    public const long SealValidityMin = 3 * Second;

    /// <summary>Longest validity of a seal: the bound of a revocation hangs on it.</summary>
    public const long SealValidityMax = 300 * Second;

    /// <summary>Largest clock tolerance.</summary>
    public const long ClockDeltaMax = 30 * Second;

    /// <summary>Longest grace after a new epoch.</summary>
    public const long GraceMax = 10 * Second;

    /// <summary>Longest life of a negative.</summary>
    public const long NegativeTtlMax = 60 * Second;

    /// <summary>Longest time an answer outlives a transport failure.</summary>
    public const long ContinuityMax = 24 * Hour;

    /// <summary>Longest life of an introduction.</summary>
    public const long IntroductionMax = 7 * Day;

    /// <summary>Longest life of a target's or home's Attest.</summary>
    public const long AttestTargetMax = 300 * Second;

    /// <summary>Longest TTL of an answer.</summary>
    public const long TtlMax = Hour;

    /// <summary>Longest life of a record.</summary>
    public const long RecordLifeMax = 30 * Day;

    /// <summary>Milliseconds in a second.</summary>
    public const long Second = 1000;

    /// <summary>Milliseconds in an hour.</summary>
    public const long Hour = 3600 * Second;

    /// <summary>Milliseconds in a day.</summary>
    public const long Day = 24 * Hour;
}
