using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>Builds an engine's parts from its options, and rebuilds what was signed from the journal.</summary>
internal static class SealStart
{
    internal static SealCore Build(SealEngineOptions options, EngineClock clock)
    {
        var epoch = options.Epoch.Value;
        var members = epoch.Anchors.Select(a => new QuorumMember(a.Id, a.Seal, a.Group));
        var groups = epoch.Quorum.SealGroups.Select(g => new QuorumGroup(g.Group, (int)g.Min));
        var quorum = new SealQuorum(
            members, (int)epoch.Quorum.TSeal, (int)epoch.Quorum.F, [.. groups], options.Signatures);
        if (quorum.Find(options.Self) is not { } self || self.Key != options.Signer.Key)
        {
            throw new ArgumentException($"{options.Self} is no anchor with this seal key", nameof(options));
        }

        var reader = new EntryReader(options);
        var start = LeafState.Start(reader.OperationTree).Apply(ReadHeld(reader, options.HandoverEntries ?? []), []);
        return new SealCore
        {
            Self = options.Self,
            Genesis = options.Genesis,
            Epoch = epoch.Number,
            EpochDigest = options.Epoch.Digest,
            EpochIssued = epoch.Issued,
            EpochExpires = epoch.Expires,
            Delta = epoch.Policy.ClockDelta,
            Validity = epoch.Policy.SealValidity,
            Heartbeat = Math.Min(epoch.Policy.Heartbeat, epoch.Policy.SealValidity / 3),
            Quorum = quorum,
            Reader = reader,
            Signer = options.Signer,
            Witnesses = options.Witnesses,
            IgnoresWitnesses = options.IgnoresWitnesses,
            OperationTree = reader.OperationTree,
            Chain = new Chain(
                start,
                options.HandoverDigest,
                Math.Max(epoch.Issued, options.Handover?.Issued ?? 0),
                options.HandoverEntries is not null),
            StartCertificate = options.HandoverCertificate,
            Turns = new Turns(quorum, options.Self, 0, clock.Elapsed),
            JournalBase = options.JournalBase,
            IgnoresDominance = options.IgnoresDominance,
            IgnoresFence = options.IgnoresFence,
            HandsOverLess = options.HandsOverLess,
            IntakeBugs = options.IntakeBugs,
            Clock = clock,
        };
    }

    /// <summary>
    /// Takes up the archived state and everything that the journal says is signed; why the key may not sign any more
    /// where the journal contradicts itself.
    /// </summary>
    internal static Refusal? Restore(SealEngineOptions options, SealCore core, Ballot ballot)
    {
        if (options.Archived is { } certificate)
        {
            RestoreArchive(options, core, certificate);
            ballot.Watch(core.Chain.State.Entries);
        }

        var entries = new JournalEntries();
        foreach (var body in options.Journal)
        {
            if (JournalBody.Decode(body, entries.Find) is not { } signed
                || !StateClaim.TryParse(signed.Seal, out var seal, out _))
            {
                return new Refusal(VerificationFailure.JournalConflict, "journal", "an entry that no signer wrote");
            }

            entries.Add(body);
            if (seal.Segment == core.Genesis && seal.Handover?.Next == core.EpochDigest)
            {
                BindHandover(core, signed);
            }

            // Who signed in the next epoch signs nothing in this one any more.
            core.Closed |= seal.Epoch > core.Epoch && seal.Segment == core.Genesis;
            if (seal.Epoch != core.Epoch || seal.Segment != core.Genesis)
            {
                continue;
            }

            core.Fenced |= seal.Handover is not null;
            if (core.Signed.Use(seal.Seq, seal.Digest) is { } refusal)
            {
                return refusal;
            }

            core.Turns.Resume(signed.Term);
            var puts = Read(core.Reader, signed.Puts);
            core.Signed.Bind(seal.Seq, puts, core.Chain.State);
            puts.ForEach(p => core.Pool.Add(p, core.Elapsed));
        }

        Read(core.Reader, options.Uncovered).ForEach(new Intake(core).Keep);
        core.Signed.ResetBudget();
        core.Signed.Rebase(core.Chain.State, core.Chain.Seq);
        new Intake(core).Rebase(null);
        return null;
    }

    /// <summary>
    /// Of several certified handovers to one epoch any may be the prev of its first seal. What this anchor signed into
    /// one binds it in the next epoch, so that the first seal dominates them all.
    /// </summary>
    private static void BindHandover(SealCore core, JournalBody signed)
    {
        var puts = Read(core.Reader, signed.Puts)
            .FindAll(p => EntryRules.CheckEnd(p, core.Chain) is null
                && (core.Chain.Start.Find(p.Name) is not { } held || p.IsAbove(held)));
        core.Signed.Bind(-1, puts, core.Chain.State);
        puts.ForEach(p => core.Pool.Add(p, core.Elapsed));
    }

    private static void RestoreArchive(SealEngineOptions options, SealCore core, Envelope certificate)
    {
        if (!StateClaim.TryParse(certificate.Payload, out var seal, out _) || seal.Epoch != core.Epoch
            || core.Quorum.CheckCertificate(certificate, seal.Digest) is not null)
        {
            return;
        }

        // The archive is no authority: a state that is not the certified one is left to the other anchors.
        var entries = ReadHeld(core.Reader, options.ArchivedEntries);
        var state = LeafState.Start(core.OperationTree).Apply(entries, []);
        if (state.Tree.Root == seal.Root && state.Tree.Count == seal.Count)
        {
            core.Chain.Adopt(new CertifiedCandidate(
                certificate, new Candidate(seal, state, null, true, [], [], core.Elapsed)));
        }
    }

    private static List<Entry> ReadHeld(EntryReader reader, IEnumerable<SignedEntry> sources)
    {
        var entries = new List<Entry>();
        foreach (var source in sources)
        {
            if (reader.ReadHeld(source, out var entry) is null)
            {
                entries.Add(entry!);
            }
        }

        return entries;
    }

    private static List<Entry> Read(EntryReader reader, IEnumerable<SignedEntry> sources)
    {
        var entries = new List<Entry>();
        foreach (var source in sources)
        {
            if (reader.Read(source, out var entry) is null)
            {
                entries.Add(entry!);
            }
        }

        return entries;
    }
}
