using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Governance.Tests.Epochs;

/// <summary>What an anchor refuses to vote for, each by its name; what the builders make passes.</summary>
public sealed class CandidateTests
{
    private readonly EpochBench _bench = new();

    public static TheoryData<string, VerificationFailure, Func<Epoch, Epoch>> Spoiled() => new()
    {
        { "number below", VerificationFailure.EpochSuperseded, e => e with { Number = 1 } },
        { "number above", VerificationFailure.EpochGap, e => e with { Number = 3 } },
        { "prev", VerificationFailure.PrevMismatch, e => e with { Prev = EpochBench.Stranger(1) } },
        { "segment", VerificationFailure.WrongSegment, e => e with { Segment = EpochBench.Stranger(1) } },
        { "issued", VerificationFailure.TimeRegression, e => e with { Issued = 5 } },
        { "policy", VerificationFailure.PolicyOutOfRange, e
            => e with { Policy = e.Policy with { SealValidity = 86_400_000 } } },
        { "lives", VerificationFailure.PolicyOutOfRange, e
            => e with { Policy = e.Policy with { AttestTarget = 4 * e.Policy.ClockDelta } } },
        { "refuse", VerificationFailure.PolicyOutOfRange, e
            => e with { Policy = e.Policy with { Refuse = ["single_admin"] } } },
        { "auto", VerificationFailure.PolicyOutOfRange, e
            => e with { Policy = e.Policy with { Auto = [OpType.Rotate] } } },
        { "quorum", VerificationFailure.NewSetNotConsenting, e => e with { Quorum = e.Quorum with { TGov = 2 } } },
        { "peers by policy", VerificationFailure.OpMismatch, e => e with { Peers = [EpochBench.Stranger(1)] } },
        { "rules", VerificationFailure.ManifestMismatch, e
            => e with { Policy = e.Policy with { Rules = EpochBench.Stranger(1) } } },
        { "manifest", VerificationFailure.NonCanonicalPayload, e
            => e with { Op = e.Op with { Manifest = EpochBench.Stranger(1) } } },
        { "recover", VerificationFailure.RecoveryNotEffective, e
            => e with { Op = new EpochOp { Type = OpType.Recover } } },
    };

    [Theory]
    [MemberData(nameof(Spoiled))]
    public void Submit_Spoiled_IsRefusedByName(string what, VerificationFailure failure, Func<Epoch, Epoch> spoil)
    {
        Assert.NotEmpty(what);
        Refused(failure, EpochBench.Change(_bench.Policy(1000), spoil));
    }

    /// <summary>What an older policy names must not keep the segment from its next epoch.</summary>
    [Fact]
    public void Names_ThatThePolicyBeforeHas_AreNoFaultOfThisOne()
    {
        var policy = _bench.Ground.Epoch.Value.Policy with { Refuse = ["crash", "single_admin"], Auto = ["rotates"] };
        Assert.Null(PolicyRules.CheckNames(policy, policy));
        Assert.Contains("single_admin", PolicyRules.CheckNames(policy)?.Detail, StringComparison.Ordinal);
        Assert.Contains(
            "rotates", PolicyRules.CheckNames(policy, policy with { Auto = [] })?.Detail, StringComparison.Ordinal);
        Assert.Null(PolicyRules.CheckNames(
            policy with { Refuse = [.. AssuranceTags.All], Auto = [.. OpType.Automatic] }));
    }

    [Fact]
    public void Submit_FromTheFuture_IsNeverPrepared()
    {
        var proposal = EpochBench.Change(_bench.Policy(1000), e => e with { Issued = e.Issued + 2000 });
        _bench.Approve(proposal);
        Assert.Empty(EpochBench.Votes(_bench.Receive("a2", new EpochMessage.Propose(2, 0, proposal, null))));
        Assert.Equal(
            VerificationFailure.FromFuture,
            CandidateRules.CheckTimes(_bench.Ground, EpochBench.Read(proposal).Value, _bench.Now)?.Failure);
        _bench.Now += 2000;
        Assert.Single(EpochBench.Votes(_bench.Receive("a2", new EpochMessage.Propose(2, 0, proposal, null))));
    }

    /// <summary>One anchor's word ends no engine: a fresh key in two roles is refused by its name.</summary>
    [Fact]
    public void Offer_OfAKeyThatStandsTwice_IsRefusedByName()
    {
        var fresh = _bench.World.Signer("gov of nobody");
        var proposal = EpochBench.Change(_bench.Policy(1000), e => e with
        {
            Anchors = e.Anchors.SetItem(3, e.Anchors[3] with { Gov = fresh.Key, Seal = fresh.Key }),
            Op = new EpochOp { Type = OpType.Rotate },
            Policy = _bench.Ground.Epoch.Value.Policy,
        });
        var digest = EpochBench.DigestOf(proposal);
        var consent = Document.Make(new Consent { Digest = digest, Epoch = 2, Segment = _bench.Ground.Genesis });
        proposal = proposal with
        {
            Consent = Envelope.Sign(consent, [fresh, _bench.World.Signer("gov a0"), _bench.World.Signer("gov a1")]),
        };
        var ignored = Assert.Single(
            _bench.Receive("a1", new EpochMessage.Offer(2, proposal)).OfType<EpochOutput.Ignored>());
        Assert.Equal(VerificationFailure.DuplicateKey, ignored.Refusal.Failure);
        Assert.Equal(0, _bench.Engine.Waiting);
    }

    [Fact]
    [MaliciousInput(138, "Peer named above or below me: NameConflict")]
    public void Peer_AboveOrBelowMe_IsNameConflict()
    {
        foreach (var name in new[] { "acme.internal", "us1.acme.internal", "west.us1.acme.internal", "internal" })
        {
            Refused(VerificationFailure.NameConflict, Peer(name));
        }

        Accepted(Peer("eu1.acme.internal"));
    }

    [Fact]
    [MaliciousInput(83, "label in hold-down: LabelInHoldDown")]
    public void Link_OfALabelInHoldDown_IsLabelInHoldDown()
    {
        var held = Hold("c1", EpochBench.Stranger(1), until: _bench.Now + 1000);
        var bench = new EpochBench(change: o => o with { Ground = held });
        Refused(VerificationFailure.LabelInHoldDown, Join(held, bench, 2), bench);
        bench.Now += 1000;
        Accepted(Join(held, bench, 2), bench);
    }

    [Fact]
    public void Link_OfTheSegmentThatTheHoldWaitsFor_IsAccepted()
    {
        var held = Hold("c1", EpochBench.Stranger(1), until: _bench.Now + 1000);
        var bench = new EpochBench(change: o => o with { Ground = held });
        Accepted(Join(held, bench, 1), bench);
    }

    [Fact]
    public void Renew_DropsTombstonesPastTheirTimeOnly()
    {
        var held = Hold("c1", EpochBench.Stranger(1), until: _bench.Now + 1000);
        Assert.True(RenewOperation.Build(held, new Dictionary<Digest, ForeignSegment>(), _bench.Now, _bench.Opening)
            .Manifest.IsEmpty);
        var renewal = RenewOperation.Build(
            held, new Dictionary<Digest, ForeignSegment>(), _bench.Now + 1000, _bench.Opening);
        Assert.False(renewal.Manifest.IsEmpty);
        var bench = new EpochBench(change: o => o with { Ground = held });
        Accepted(renewal, bench);
        Refused(
            VerificationFailure.OpMismatch,
            EpochBench.Change(renewal, e => e with { Issued = _bench.Now, Expires = _bench.Now + 1000 }),
            bench);
    }

    [Fact]
    [MaliciousInput(85, "manifest that lacks a leaf: ManifestMismatch")]
    public void Manifest_WithoutItsLeaf_IsManifestMismatch() =>
        Refused(VerificationFailure.ManifestMismatch, Peer("eu1.acme.internal") with { Leaves = [] });

    [Fact]
    public void Join_MoreThan64Children_IsTooLarge()
    {
        JoinOperation.BuildParent(_bench.Ground, Children(65), _bench.Now, _bench.Opening, out var refusal);
        Assert.Equal(VerificationFailure.TooLarge, refusal?.Failure);
        Accepted(JoinOperation.BuildParent(_bench.Ground, Children(64), _bench.Now, _bench.Opening, out _)!);
    }

    [Fact]
    public void Join_LabelOfAnotherChild_IsLinkRepointed()
    {
        var first = JoinOperation.BuildParent(_bench.Ground, Children(1), _bench.Now, _bench.Opening, out _)!;
        var ground = Follow(_bench.Ground, first);
        var other = Children(1)[0] with { Genesis = EpochBench.Stranger(99) };
        JoinOperation.BuildParent(ground, [other], _bench.Now, _bench.Opening, out var refusal);
        Assert.Equal(VerificationFailure.LinkRepointed, refusal?.Failure);
    }

    [Fact]
    public void Floor_Lowered_IsBelowLinkFloor()
    {
        var ground = Follow(
            _bench.Ground, JoinOperation.BuildParent(_bench.Ground, Children(1), _bench.Now, _bench.Opening, out _)!);
        var bench = new EpochBench(change: o => o with { Ground = ground });
        var lower = Children(1)[0] with { Floor = new Floor(EpochBench.Stranger(5), 1) };
        Refused(
            VerificationFailure.BelowLinkFloor,
            JoinOperation.BuildParent(ground, [lower], bench.Now, bench.Opening, out _)!,
            bench);
        var forked = Children(1)[0] with { Floor = new Floor(EpochBench.Stranger(5), 2) };
        Refused(
            VerificationFailure.FloorMismatch,
            JoinOperation.BuildParent(ground, [forked], bench.Now, bench.Opening, out _)!,
            bench);
    }

    /// <summary>1,000 children, all with a newer epoch: as many epochs as batches, each due right behind the one before
    /// and valid, and then none before its time.</summary>
    [Fact]
    public void Renew_OfAThousandLinks_TakesSixteenEpochs()
    {
        const int Count = 1000;
        var ground = _bench.Ground;
        foreach (var batch in Children(Count).Chunk(Limits.LinksPerEpoch))
        {
            ground = Next(ground, JoinOperation.BuildParent(ground, batch, _bench.Now, _bench.Opening, out _)!);
        }

        var known = Enumerable.Range(0, Count).ToDictionary(
            EpochBench.Stranger, i => new ForeignSegment(new Floor(EpochBench.Stranger(5000 + i), 9), []));
        var epochs = 0;
        var now = RenewOperation.DueAt(ground);
        Assert.Equal(RenewOperation.DueAt(ground.Epoch.Value), now);
        do
        {
            Assert.True(RenewOperation.DueAt(ground) <= now);
            var renewal = RenewOperation.Build(ground, known, now, _bench.Opening);
            Assert.InRange(renewal.Leaves.Length, 1, RenewOperation.BatchMax);
            ground = Next(ground, renewal);
            epochs++;
        }
        while (RenewOperation.IsUnfinished(ground) && RenewOperation.HasFresh(ground, known));

        Assert.Equal(16, epochs);
        Assert.All(
            ground.Leaves.Leaves.Values.Select(leaf => leaf.Document).OfType<Link>(),
            link => Assert.Equal(known[link.Genesis].Floor, link.Floor));
        Assert.True(RenewOperation.DueAt(ground) > now);
    }

    /// <summary>An anchor that knows of more to refresh goes on at once; one that does not, in its time.</summary>
    [Fact]
    public void Renewal_ThatWasFull_IsFollowedByTheNextAtOnce()
    {
        var ground = Next(_bench.Ground, JoinOperation.BuildParent(
            _bench.Ground, Children(64), _bench.Now, _bench.Opening, out _)!);
        ground = Next(ground, JoinOperation.BuildParent(
            ground, [.. Children(70).Skip(64)], _bench.Now, _bench.Opening, out _)!);
        var known = Enumerable.Range(0, 70).ToDictionary(
            EpochBench.Stranger, i => new ForeignSegment(new Floor(EpochBench.Stranger(5000 + i), 9), []));
        ground = Next(ground, RenewOperation.Build(ground, known, _bench.Now, _bench.Opening));

        Assert.Empty(Renewals(known.Take(64).ToDictionary()));
        Assert.Equal(6, Assert.Single(Renewals(known)).Candidate.Proposal.Leaves.Length);

        List<EpochOutput.Queued> Renewals(Dictionary<Digest, ForeignSegment> facts)
        {
            var bench = new EpochBench(change: o => o with { Ground = ground, Foreign = facts });
            bench.Now += 20_000;
            return [.. bench.Step(new EpochInput.Tick()).OfType<EpochOutput.Queued>()
                .Where(queued => queued.IsWilling)];
        }
    }

    /// <summary>A renewal over the same Links that raises no floor, as one that wants epochs without end would propose
    /// behind a full one, is no renewal.</summary>
    [Fact]
    public void Renew_OfLinksWithoutAFresherFloor_IsOpMismatch()
    {
        var (ground, _) = Renewed(64);
        var again = Rewritten(ground, link => link with { Opening = _bench.Opening() });
        var bench = new EpochBench(change: o => o with { Ground = ground });
        Refused(VerificationFailure.OpMismatch, again, bench);
        Assert.Empty(bench.Step(new EpochInput.Submit(1, again)).OfType<EpochOutput.Queued>());
        Assert.Equal(0, bench.Engine.Waiting);
    }

    /// <summary>Children that make epochs as fast as they can are refreshed once in a period: a run goes on with what
    /// it has not written yet, and another length or start of life does not make the next one due.</summary>
    [Fact]
    public void Renew_OfLinksThatTheRunHasWritten_WaitsForTheOperator()
    {
        var (ground, known) = Renewed(130);
        known = Fresher(known);
        ground = Next(ground, RenewOperation.Build(ground, known, _bench.Now, _bench.Opening));
        Assert.True(RenewOperation.IsUnfinished(ground));
        known = Fresher(known);
        var rest = RenewOperation.Build(ground, known, _bench.Now, _bench.Opening);
        Assert.Equal(2, rest.Leaves.Length);
        Assert.True(IsWilling(rest));

        var first = Rewritten(ground, link => link with { Floor = known[link.Genesis].Floor });
        Assert.False(IsWilling(first));
        Assert.False(IsWilling(EpochBench.Change(rest, epoch => epoch with { Expires = epoch.Expires - 1 })));
        var due = RenewOperation.DueAt(ground.Epoch.Value) - ground.Epoch.Value.Policy.ClockDelta;
        Assert.False(IsWilling(EpochBench.Change(
            first, epoch => epoch with { Issued = due - 1, Expires = due - 1 + ground.Life }), due));
        Assert.True(IsWilling(EpochBench.Change(
            first, epoch => epoch with { Issued = due, Expires = due + ground.Life }), due));
        Assert.False(RenewOperation.HasFresh(Next(ground, rest), Fresher(known)));

        bool IsWilling(EpochProposal proposal, long? now = null)
        {
            var bench = new EpochBench(change: o => o with { Ground = ground, Foreign = known });
            bench.Now = now ?? bench.Now;
            var digest = EpochBench.DigestOf(proposal);
            return Assert.Single(
                bench.Step(new EpochInput.Submit(1, proposal)).OfType<EpochOutput.Queued>(),
                queued => queued.Candidate.Digest == digest).IsWilling;
        }
    }

    private static Dictionary<Digest, ForeignSegment> Fresher(Dictionary<Digest, ForeignSegment> known) =>
        known.ToDictionary(one => one.Key, one => one.Value with
        {
            Floor = new Floor(EpochBench.Stranger(9000), one.Value.Floor.Epoch + 1),
        });

    // Links, and the first renewal of them.
    private (EpochGround Ground, Dictionary<Digest, ForeignSegment> Known) Renewed(int count)
    {
        var ground = _bench.Ground;
        foreach (var batch in Children(count).Chunk(Limits.LinksPerEpoch))
        {
            ground = Next(ground, JoinOperation.BuildParent(ground, batch, _bench.Now, _bench.Opening, out _)!);
        }

        var known = Enumerable.Range(0, count).ToDictionary(
            EpochBench.Stranger, i => new ForeignSegment(new Floor(EpochBench.Stranger(5000 + i), 9), []));
        return (Next(ground, RenewOperation.Build(ground, known, _bench.Now, _bench.Opening)), known);
    }

    // A renewal of the Links that the first renewal wrote, by somebody who keeps to no order.
    private EpochProposal Rewritten(EpochGround ground, Func<Link, Link> change)
    {
        var links = ground.Leaves.Leaves.Values.Select(leaf => leaf.Document).OfType<Link>()
            .Where(link => link.Made >= ground.RenewedSince).Take(Limits.LinksPerEpoch)
            .Select(link => Document.Make(change(link) with { Made = ground.Next })).ToList();
        var manifest = Document.Make(new Manifest
        {
            Changes =
            [
                .. links.OrderBy(link => link.Value.LeafName, StringComparer.Ordinal).Select(link => new ManifestChange
                {
                    Class = (long)LeafClass.Link, Digest = link.Digest, Name = link.Value.LeafName,
                }),
            ],
        });
        var bare = RenewOperation.Build(ground, new Dictionary<Digest, ForeignSegment>(), _bench.Now, _bench.Opening);
        return EpochBench.Change(
            bare with
            {
                Manifest = manifest.Payload,
                Leaves =
                [
                    .. links.OrderBy(link => link.Value.LeafName, StringComparer.Ordinal)
                        .Select(link => new ProposedLeaf(LeafClass.Link, link.Payload)),
                ],
            },
            epoch => epoch with { Op = epoch.Op with { Manifest = manifest.Digest } });
    }

    [Fact]
    public void Renew_WithAFloorNotVerifiedHere_WaitsForTheOperator()
    {
        var ground = Follow(
            _bench.Ground, JoinOperation.BuildParent(_bench.Ground, Children(1), _bench.Now, _bench.Opening, out _)!);
        var bench = new EpochBench(change: o => o with { Ground = ground });
        bench.Now = RenewOperation.DueAt(ground.Epoch.Value) - 500;
        var fresh = new ForeignSegment(new Floor(EpochBench.Stranger(7), 9), []);
        var known = new Dictionary<Digest, ForeignSegment> { [EpochBench.Stranger(0)] = fresh };
        var renewal = RenewOperation.Build(ground, known, bench.Now, bench.Opening);
        var outputs = bench.Step(new EpochInput.Submit(1, renewal));
        Assert.False(Assert.Single(outputs.OfType<EpochOutput.Queued>()).IsWilling);
        outputs = bench.Step(new EpochInput.Learned(EpochBench.Stranger(0), fresh));
        var said = outputs.OfType<EpochOutput.Broadcast>().Select(b => b.Message).OfType<EpochMessage.Status>();
        Assert.Single(said, s => s.Willing.Count == 1);
    }

    [Fact]
    public void Builders_WhatChangesNothing_IsOpMismatch()
    {
        PolicyOperation.Build(_bench.Ground, new PolicyRequest(), _bench.Now, _bench.Opening, out var refusal);
        Assert.Equal(VerificationFailure.OpMismatch, refusal?.Failure);
        CredentialOperation.Build(
            _bench.Ground, new CredentialRequest { Revoke = [EpochBench.Stranger(1)] }, _bench.Now, _bench.Opening,
                out refusal);
        Assert.Equal(VerificationFailure.OpMismatch, refusal?.Failure);
    }

    [Fact]
    public void Policy_WithOneTrustDomainInTwoScopes_IsOpMismatch()
    {
        PolicyOperation.Build(
            _bench.Ground,
            new PolicyRequest { Scopes = [ScopeOf(1, "us1.example"), ScopeOf(2, "eu1.example", "us1.example")] },
            _bench.Now, _bench.Opening, out var refusal);
        Assert.Equal(VerificationFailure.OpMismatch, refusal?.Failure);
        Assert.Contains("trust domain us1.example", refusal!.Detail, StringComparison.Ordinal);
        Assert.NotNull(PolicyOperation.Build(
            _bench.Ground, new PolicyRequest { Scopes = [ScopeOf(1, "us1.example"), ScopeOf(2, "eu1.example")] },
            _bench.Now, _bench.Opening, out _));

        static Scope ScopeOf(int segment, params string[] domains) => new()
        {
            Segment = EpochBench.Stranger(segment),
            Domains = [.. domains],
            Made = 0,
            Opening = TestSegment.Bytes16("scope"),
        };
    }

    [Fact]
    public void Rebase_DisjointChanges_BothHold_AndConflictsAreRefused()
    {
        var ground = _bench.Ground;
        var peer = Candidate(ground, Peer("eu1.acme.internal"));
        var policy = Candidate(ground, _bench.Policy(1000));
        var decided = ground.Follow(policy);
        var rebased = EpochRebase.Rebase(ground, peer, decided, out var refusal);
        Assert.Null(refusal);
        var both = Candidate(decided, rebased!);
        Assert.Equal((3L, 1000L, 1), (both.Epoch.Value.Number, both.Epoch.Value.Policy.MaxTtl,
            both.Epoch.Value.Peers.Length));
        Assert.Null(EpochRebase.Rebase(ground, Candidate(ground, _bench.Policy(2000)), decided, out refusal));
        Assert.Equal(VerificationFailure.EpochSuperseded, refusal?.Failure);
    }

    /// <summary>A renewal for another life goes on behind what is decided before it, as any change; one that only
    /// prolongs is not needed there.</summary>
    [Fact]
    public void Rebase_OfARenewal_KeepsTheLifeThatItAsksFor()
    {
        var ground = _bench.Ground;
        var longer = Candidate(ground, Renewal(ground, 2 * ground.Life));
        var decided = ground.Follow(Candidate(ground, _bench.Policy(1000)));
        var rebased = Candidate(decided, EpochRebase.Rebase(ground, longer, decided, out _)!);
        Assert.Equal((3L, 2 * ground.Life, 1000L), (
            rebased.Epoch.Value.Number, rebased.Life, rebased.Epoch.Value.Policy.MaxTtl));

        decided = ground.Follow(longer);
        foreach (var life in new[] { ground.Life, 2 * ground.Life, 3 * ground.Life })
        {
            var other = Candidate(ground, Renewal(ground, life));
            Assert.Null(EpochRebase.Rebase(ground, other, decided, out var refusal));
            Assert.Equal(VerificationFailure.EpochSuperseded, refusal?.Failure);
        }

        // What changes something else gets the life that is decided.
        rebased = Candidate(
            decided, EpochRebase.Rebase(ground, Candidate(ground, _bench.Policy(1000)), decided, out _)!);
        Assert.Equal(2 * ground.Life, rebased.Life);
    }

    [Fact]
    public void DryRun_NamesLinksAndWithdrawals()
    {
        var ground = _bench.Ground;
        var kid = _bench.World.SecondPublisher.Key.Kid;
        var revoke = CredentialOperation.Build(
            ground, new CredentialRequest { Revoke = [kid] }, _bench.Now, _bench.Opening, out _)!;
        var impact = DryRun.Of(ground, Candidate(ground, revoke), [("a.shop.svc", kid), ("b.shop.svc", default)]);
        Assert.Equal(["*.svc"], impact.Names);
        Assert.Equal(["a.shop.svc"], impact.Withdrawn);
        Assert.False(impact.TouchesOthers);
        impact = DryRun.Of(ground, Candidate(ground, Peer("eu1.acme.internal")), []);
        Assert.Equal(new LinkImpact("Peer eu1.acme.internal", "added", EpochBench.Stranger(3)),
            Assert.Single(impact.Links));
        Assert.Equal(["peers"], impact.Members);
        Assert.True(DryRun.Of(ground, Candidate(ground, _bench.Policy(1000)), []).TouchesOthers);
    }

    /// <summary>Whom a Rule matches is a digest: what the segment's own leaves say of it is told with it.</summary>
    [Fact]
    public void DryRun_TellsWhichSegmentsRulesSpeakOf()
    {
        var ground = Next(_bench.Ground, Peer("eu1.acme.internal"));
        var (peer, nobody) = (EpochBench.Stranger(3), EpochBench.Stranger(77));
        var rule = new Rule
        {
            Effect = RuleEffect.Deny,
            Id = "x",
            Names = [NamePattern.Parse("*.svc")],
            Subjects =
            [
                .. new[] { $"{peer}", $"{nobody}", $"{ground.Genesis}", RuleSubject.Any }
                    .Select(segment => new RuleSubject { Segment = segment }),
            ],
            Made = 0,
            Opening = default,
        };
        var proposal = PolicyOperation.Build(
            ground, new PolicyRequest { Rules = [rule] }, _bench.Now, _bench.Opening, out _)!;
        var impact = DryRun.Of(ground, Candidate(ground, proposal), []);
        Assert.Equal("eu1.acme.internal", impact.Named[peer]);
        Assert.Equal(ground.Names[0].Text, impact.Named[ground.Genesis]);
        Assert.Equal(2, impact.Named.Count);
        Assert.Equal([nobody], impact.Unnamed);
    }

    private EpochProposal Renewal(EpochGround ground, long life) => RenewOperation.Build(
        ground, new Dictionary<Digest, ForeignSegment>(), _bench.Now, _bench.Opening, life);

    private static JoiningChild[] Children(int count) =>
    [
        .. Enumerable.Range(0, count).Select(i => new JoiningChild(
            $"c{i}", EpochBench.Stranger(i), new Floor(EpochBench.Stranger(-i), 2), [EpochBench.Endpoint], null)),
    ];

    private EpochCandidate Candidate(EpochGround ground, EpochProposal proposal) =>
        CandidateRules.TryRead(ground, proposal, new PortChecks(_bench.World.Check), out var candidate, out var refusal)
            ? candidate
            : throw new InvalidOperationException(refusal.ToString());

    private EpochGround Next(EpochGround ground, EpochProposal proposal) =>
        ground.Follow(Candidate(ground, proposal));

    private EpochGround Follow(EpochGround ground, EpochProposal proposal)
    {
        // The next epoch stands where the bench's does: number and prev are the engine's to check, not the test's
        // subject.
        var after = ground.Follow(Candidate(ground, proposal));
        var epoch = Document.Make(after.Epoch.Value with { Number = 1 });
        return after with { Epoch = epoch };
    }

    private EpochGround Hold(string at, Digest genesis, long until)
    {
        var tombstone = Document.Make(new Tombstone
        {
            At = LinkPoint.Parse(at), Genesis = genesis, Made = 1, Opening = _bench.Opening(), Until = until,
        });
        var manifest = Document.Make(new Manifest
        {
            Changes = [new ManifestChange { Class = (long)LeafClass.Tombstone, Digest = tombstone.Digest, Name = at }],
        });
        var epoch = Document.Make(_bench.Ground.Epoch.Value with
        {
            Op = new EpochOp { Type = OpType.Evict, Manifest = manifest.Digest },
        });
        var leaves = _bench.Ground.Leaves.Apply(
            epoch, manifest.Payload, [(LeafClass.Tombstone, tombstone.Payload)], out var refusal);
        Assert.Null(refusal);
        return _bench.Ground with { Epoch = epoch, Leaves = leaves! };
    }

    private static EpochProposal Join(EpochGround ground, EpochBench bench, int stranger) => JoinOperation.BuildParent(
        ground,
        [new JoiningChild("c1", EpochBench.Stranger(stranger), new Floor(EpochBench.Stranger(9), 0),
            [EpochBench.Endpoint], null)],
        bench.Now,
        bench.Opening,
        out _)!;

    private EpochProposal Peer(string name) => PeerOperation.Build(
        _bench.Ground,
        new PeerRequest(
            SegmentName.Parse(name), EpochBench.Stranger(3), new Floor(EpochBench.Stranger(4), 0),
                [EpochBench.Endpoint]),
        _bench.Now,
        _bench.Opening,
        out _)!;

    /// <summary>Refused with this error, and nothing waits.</summary>
    private void Refused(VerificationFailure failure, EpochProposal proposal, EpochBench? bench = null)
    {
        bench ??= _bench;
        var waiting = bench.Engine.Waiting;
        var outputs = bench.Step(new EpochInput.Submit(7, proposal));
        Assert.Equal(failure, Assert.Single(outputs.OfType<EpochOutput.Refused>()).Refusal.Failure);
        Assert.Equal(waiting, bench.Engine.Waiting);
    }

    private void Accepted(EpochProposal proposal, EpochBench? bench = null)
    {
        var outputs = (bench ?? _bench).Step(new EpochInput.Submit(7, proposal));
        Assert.Empty(outputs.OfType<EpochOutput.Refused>().Select(r => r.Refusal.ToString()));
    }
}
