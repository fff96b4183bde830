using System.Collections.Immutable;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using Xunit;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Tests.Traversal;

/// <summary>Decisions that are missing, of others, for others, or against the asker.</summary>
public sealed class AttestAttackTests
{
    private readonly PeerWorld _world = new();

    public static TheoryData<string, Func<Attest, Attest>> Lies => new()
    {
        { "role", attest => attest with { Role = AttestRole.Transit } },
        { "home", attest => attest with { Home = Digest.Sha256("another"u8) } },
        { "epoch", attest => attest with { Epoch = 0 } },
        { "policy", attest => attest with { Policy = Digest.Sha256("another"u8) } },
        { "subject", attest => attest with { Subject = Digest.Sha256("another"u8) } },
        { "subject", attest => attest with { Subject = null } },
        { "next", attest => attest with { Next = Digest.Sha256("another"u8) } },
        { "scope", attest => attest with { Scope = NamePattern.Parse("cart.shop.svc") } },
        { "scope", attest => attest with { Scope = NamePattern.Parse("us1.internal") } },
        { "issued", attest => attest with { Issued = attest.Issued + 6000, Expires = attest.Expires + 6000 } },
        { "expires", attest => attest with { Expires = attest.Issued + 300_001 } },
    };

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [MaliciousInput(65, "attest missing at hop 2: AttestationMissing")]
    public void Hop_WithoutAttest_AttestationMissing(int hop)
    {
        var answer = _world.Answer();
        Refused(
            AttestationMissing,
            answer with { Hops = answer.Hops.SetItem(hop, answer.Hops[hop] with { Attests = [] }) });
    }

    [Theory]
    [MemberData(nameof(Lies))]
    [MaliciousInput(66, "attest for another subject, scope, policy, next: AttestationMismatch")]
    public void Attest_ForSomethingElse_AttestationMismatch(string member, Func<Attest, Attest> lie)
    {
        var ask = _world.Ask();
        ask.ChangeAttest = (hop, attest) => hop == 1 ? lie(attest) : attest;
        var refusal = Refused(AttestationMismatch, ask.Record(_world.East, _world.West));
        Assert.EndsWith(member, refusal.Where, StringComparison.Ordinal);
    }

    /// <summary>V1: what nobody needs in a decision makes it no larger than what others keep of it.</summary>
    [Theory]
    [InlineData(Limits.AttestExtBytes, true)]
    [InlineData(Limits.AttestExtBytes + 1, false)]
    public void Attest_PaddedWithExtensions_TooLarge(int bytes, bool fits)
    {
        var ask = _world.Ask();
        ask.ChangeAttest = (hop, attest) => hop == 1
            ? attest with
            {
                Ext = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal)
                    .Add("a", new string('x', bytes - 512 - 2)).Add("b", new string('x', 512)),
            }
            : attest;
        var answer = ask.Record(_world.East, _world.West);
        if (fits)
        {
            Answers.Accepted(AnswerVerifier.Verify(_world.State, ask.Query, answer, _world.Now));
        }
        else
        {
            Refused(TooLarge, answer);
        }
    }

    [Fact]
    [MaliciousInput(67, "attest by retired anchor: AttestationMismatch")]
    public void Attest_ByRetiredAnchor_AttestationMismatch()
    {
        var ask = _world.Ask();
        ask.Attesters = hop => hop == 1 ? [AnchorKeys.NewKey()] : [_world.Eu1.Anchors[0].Seal];
        Refused(AttestationMismatch, ask.Record(_world.East, _world.West));
    }

    [Fact]
    public void Attest_ByATransportKey_WrongKeyRole()
    {
        var ask = _world.Ask();
        ask.Attesters = hop => hop == 1 ? [_world.Us1.Anchors[0].Tls] : [_world.Eu1.Anchors[0].Seal];
        Refused(WrongKeyRole, ask.Record(_world.East, _world.West));
    }

    [Fact]
    public void Attest_ByARecoveryKey_WrongKeyRole()
    {
        var recovery = AnchorKeys.NewKey();
        _world.Us1.Next(
            _world.Now - 5000,
            epoch =>
                epoch with { Recovery = new Recovery { Delay = Limits.Hour, Keys = [recovery.Key], Threshold = 1 } },
            consents: true).SealAt(_world.Now - 500);
        var ask = _world.Ask();
        ask.Attesters = hop => hop == 1 ? [recovery] : [_world.Eu1.Anchors[0].Seal];
        Refused(WrongKeyRole, ask.Record(_world.East, _world.West));
    }

    /// <summary>V6's order: how many there may be at all, their order, then how many there must be.</summary>
    [Fact]
    public void Attest_OfSeveralSignatures_IsRefusedByTheOrderOfV6()
    {
        var answer = _world.Answer();
        var good = answer.Hops[1].Attests[0];
        var one = good.Signatures[0];
        Signed(DuplicateSigner, [one, one]);
        Signed(SignatureOrder, [one, one with { Kid = default }]);
        Signed(TooManySignatures, [one with { Kid = default }, one]);
        Signed(TooManySignatures, [.. Enumerable.Repeat(one, Limits.Signatures + 1)]);
        Signed(ThresholdNotMet, []);

        void Signed(VerificationFailure failure, ImmutableArray<SignatureEntry> signatures) =>
            Refused(failure, answer with
        {
            Hops = answer.Hops.SetItem(
                1, answer.Hops[1] with { Attests = [good with { Signatures = signatures }] }),
        });
    }

    [Fact]
    public void Attests_MoreThanWanted_TooManySignatures()
    {
        var ask = _world.Ask();
        ask.Attesters = hop => (hop == 1 ? _world.Us1 : _world.Eu1).Anchors.Take(hop + 1).Select(anchor => anchor.Seal);
        Refused(TooManySignatures, ask.Record(_world.East, _world.West));
    }

    [Fact]
    public void Attests_QuorumOfTwo_ArePickedByKid()
    {
        _world.Us1.Next(
            _world.Now - 5000, epoch => epoch with { Quorum = epoch.Quorum with { Attest = 2 } }, consents: true)
            .SealAt(_world.Now - 500);
        var ask = _world.Ask();
        ask.Attesters = hop => (hop == 1 ? _world.Us1 : _world.Eu1).Anchors.Take(hop + 1).Select(anchor => anchor.Seal);
        var answer = ask.Record(_world.East, _world.West);
        Assert.Equal(2, Answers.Accepted(Verify(answer)).Answer.Target.Attests.Length);

        var target = answer.Hops[1];
        Refused(
            SignatureOrder,
            answer with { Hops = answer.Hops.SetItem(1, target with { Attests = [.. target.Attests.Reverse()] }) });
        Refused(DuplicateSigner, answer with
        {
            Hops = answer.Hops.SetItem(1, target with { Attests = [target.Attests[0], target.Attests[0]] }),
        });
        Refused(
            AttestationMissing,
            answer with { Hops = answer.Hops.SetItem(1, target with { Attests = [target.Attests[0]] }) });
    }

    [Fact]
    [MaliciousInput(68, "decision deny with data attached: PolicyDenied")]
    public void Deny_WithDataAttached_PolicyDenied()
    {
        var ask = _world.Ask();
        ask.ChangeAttest = (hop, attest) => hop == 1 ? attest with { Decision = RuleEffect.Deny } : attest;
        Refused(PolicyDenied, ask.Record(_world.East, _world.West));
    }

    [Fact]
    public void DeniedAnswer_WithASeal_PolicyDenied()
    {
        var answer = _world.Ask().Denied();
        Refused(PolicyDenied, answer with
        {
            Hops = answer.Hops.SetItem(1, answer.Hops[1] with { Seal = _world.Us1.SealEnvelope }),
        });
    }

    [Fact]
    public void DeniedAnswer_ByAnAllow_AttestationMismatch()
    {
        var ask = _world.Ask();
        ask.ChangeAttest = (hop, attest) => attest with { Decision = RuleEffect.Allow };
        Refused(AttestationMismatch, ask.Denied());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [MaliciousInput(91, "attest past expires: AttestationExpired")]
    public void Attest_PastItsEnd_AttestationExpired(int expired)
    {
        var ask = _world.Ask();
        ask.ChangeAttest = (hop, attest) => hop == expired
            ? attest with { Issued = _world.Now - 300_000, Expires = _world.Now - 1 }
            : attest;
        Refused(AttestationExpired, ask.Record(_world.East, _world.West));
    }

    [Fact]
    public void ShownRule_ThatIsNotForMe_AttestationMismatch()
    {
        var rule = AnswerLeaves.OpenRule() with { Names = [NamePattern.Parse("cart.shop.svc")] };
        Refused(AttestationMismatch, Ruled(rule));
        Refused(AttestationMismatch, Ruled(AnswerLeaves.OpenRule() with { Effect = RuleEffect.Deny }));
        Refused(AttestationMismatch, Ruled(AnswerLeaves.OpenRule() with
        {
            Subjects = [new RuleSubject { Segment = _world.Us1.Genesis.ToString() }],
        }));

        var mine = Answers.Accepted(Verify(Ruled(AnswerLeaves.OpenRule())));
        Assert.Equal("open", mine.Answer.Target.Attests[0].RuleId);
    }

    [Fact]
    public void ShownRule_ThatDidNotDecide_AttestationMismatch()
    {
        _world.Us1.Put(AnswerLeaves.OpenRule()).SealAt(_world.Now - 500);
        var ask = _world.Ask();
        ask.Extra.Add((1, LeafClass.Rule, "open"));
        Refused(AttestationMismatch, ask.Record(_world.East, _world.West));
        ask.ChangeAttest = (hop, attest) => hop == 1 ? attest with { Rule = Digest.Sha256("another"u8) } : attest;
        Refused(AttestationMismatch, ask.Record(_world.East, _world.West));
    }

    /// <summary>The Rule's bounds are sealed: anchors that show it and do not apply them are caught by it.</summary>
    [Theory]
    [InlineData(null, null, "constraints.max_ttl")]
    [InlineData(30_001L, "us-w*", "constraints.max_ttl")]
    [InlineData(30_000L, null, "constraints.regions")]
    [InlineData(30_000L, "us*", "constraints.regions")]
    [InlineData(30_000L, "us-w* eu", "constraints.regions")]
    [InlineData(30_000L, "us-e*", "constraints.regions")]
    [InlineData(30_000L, "us-w*", null)]
    [InlineData(20_000L, "us-west", null)]
    public void ShownRule_WhoseBoundsAreNotApplied_AttestationMismatch(long? maxTtl, string? regions, string? where)
    {
        var rule = AnswerLeaves.OpenRule() with
        {
            Constraints = new Constraints { MaxTtl = 30_000, Regions = ["us-w*"] },
        };
        _world.Us1.Put(rule).SealAt(_world.Now - 500);
        var ask = _world.Ask();
        ask.Extra.Add((1, LeafClass.Rule, rule.Id));
        ask.ChangeAttest = (hop, attest) => hop != 1 ? attest : attest with
        {
            Rule = AnswerLeaves.DigestOf(rule),
            Constraints = maxTtl is null ? null : new Constraints
            {
                MaxTtl = maxTtl, Regions = regions is null ? [] : [.. regions.Split(' ').Order(StringComparer.Ordinal)],
            },
        };
        var isWest = regions is "us-w*" or "us-west";
        var answer = isWest ? ask.Record(_world.West) : ask.Record(_world.East, _world.West);
        if (where is null)
        {
            var accepted = Answers.Accepted(Verify(answer)).Answer;
            Assert.Equal(maxTtl, accepted.Target.Attests[0].Constraints?.MaxTtl);
            Assert.Equal("open", accepted.Target.Attests[0].ShownRule?.Id);
            return;
        }

        Assert.EndsWith(where, Refused(AttestationMismatch, answer).Where, StringComparison.Ordinal);
    }

    [Fact]
    public void ShownRule_ForAnotherAccount_IsRefusedWhereTheAskerIsKnown()
    {
        var rule = AnswerLeaves.OpenRule() with { Subjects = [new RuleSubject { Namespace = "bank", Segment = "*" }] };
        var answer = Ruled(rule);
        var options = new VerifierOptions { Subject = new Subject { Namespace = "shop", Account = "frontend" } };

        Answers.Refused(
            AttestationMismatch, AnswerVerifier.Verify(_world.State, _world.Ask().Query, answer, _world.Now, options));
    }

    private UnverifiedAnswer Ruled(Rule rule)
    {
        _world.Us1.Put(rule).SealAt(_world.Now - 500);
        var ask = _world.Ask();
        ask.Extra.Add((1, LeafClass.Rule, rule.Id));
        ask.ChangeAttest = (hop, attest) => hop == 1 ? attest with { Rule = AnswerLeaves.DigestOf(rule) } : attest;
        return ask.Record(_world.East, _world.West);
    }

    private Verdict Verify(UnverifiedAnswer answer) =>
        AnswerVerifier.Verify(_world.State, _world.Ask().Query, answer, _world.Now);

    private Refusal Refused(VerificationFailure failure, UnverifiedAnswer answer) =>
        Answers.Refused(failure, Verify(answer));
}
