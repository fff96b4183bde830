using Fairlead.Naming.Traversal;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using Xunit;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Tests.Traversal;

/// <summary>Records, slices and addresses that must not be used, though they are sealed.</summary>
public sealed class ContentAttackTests
{
    private readonly PeerWorld _world = new();

    [Fact]
    [MaliciousInput(50, "record of other name: NameMismatch")]
    public void Record_UnderAnotherName_NameMismatch()
    {
        var other = AnswerLeaves.RecordOf("cart.shop.svc", _world.Now, _world.Us1.Publisher);
        _world.Us1.PutAs(LeafClass.Record, PeerWorld.Checkout, other).SealAt(_world.Now - 500);
        Refused(NameMismatch, _world.Ask().Record());
    }

    [Fact]
    [MaliciousInput(51, "older record version: RecordRollback")]
    public void Record_OlderThanSeen_RecordRollback()
    {
        var state = Answers.Accepted(Verify(_world.State, _world.Answer())).Next;
        Seal(_world.Record with { Version = _world.Record.Version - 1 });
        Answers.Refused(RecordRollback, Verify(state, _world.Answer()));
    }

    [Fact]
    public void Record_OlderThanSeen_IsGoodAfterAnEpochWithBase()
    {
        var state = Answers.Accepted(Verify(_world.State, _world.Answer())).Next;
        _world.Us1.Next(_world.Now - 5000, epoch => epoch with
        {
            Op = new EpochOp { Type = OpType.Rotate, Reason = "compromise", Base = _world.Us1.Seal.Digest },
        });
        Seal(_world.Record with { Version = _world.Record.Version - 1 });
        Answers.Accepted(Verify(state, _world.Answer()));
    }

    [Fact]
    [MaliciousInput(98, "higher version, other uid: UidChanged")]
    public void Record_HigherVersionOtherUid_UidChanged()
    {
        var state = Answers.Accepted(Verify(_world.State, _world.Answer())).Next;
        Seal(_world.Record with { Version = _world.Record.Version + 1, Uid = AnswerLeaves.Opening("another") });
        Answers.Refused(UidChanged, Verify(state, _world.Answer()));
    }

    [Fact]
    [MaliciousInput(52, "expired record in fresh seal: RecordExpired")]
    public void Record_ExpiredInAFreshSeal_RecordExpired()
    {
        Seal(_world.Record with { Expires = _world.Now - 1 });
        Refused(RecordExpired, _world.Answer());
    }

    /// <summary>V26 asks every document that ends, not the published ones alone.</summary>
    [Fact]
    public void Leaf_ThatIsOver_RecordExpired()
    {
        var key = AnchorKeys.NewKey().Key;
        Extra(new Credential
        {
            Expires = _world.Now + 1000,
            Key = key,
            Made = 1,
            MaxTtl = 1,
            Names = [NamePattern.Parse("*.svc")],
            Opening = AnswerLeaves.Opening("credential"),
            Types = [PublishedType.Record],
        });
        Extra(new Withdrawn
        {
            Expires = _world.Now + 1000,
            Name = "gone.shop.svc",
            Of = Digest.Sha256("withdraw"u8),
            OfClass = (long)LeafClass.Record,
            Opening = AnswerLeaves.Opening("withdrawn"),
            Version = 1,
        });

        void Extra(LeafDocument leaf)
        {
            _world.Us1.Put(leaf).SealAt(_world.Now - 500);
            var ask = _world.Ask();
            ask.Extra.Add((1, leaf.Class, leaf.LeafName));
            Refused(RecordExpired, ask.Record(_world.East, _world.West));
            Answers.Accepted(AnswerVerifier.Verify(
                _world.State, ask.Query, new TestAnswers(_world.Eu1, ask.Query.Value.Name.Text, _world.Now)
                    .Via(_world.Us1, HopKind.Peer).Record(_world.East, _world.West), _world.Now));
        }
    }

    [Fact]
    [MaliciousInput(117, "slice not in the head, missing, wrong count or region: SliceMismatch")]
    public void Slices_OtherThanTheRecords_SliceMismatch()
    {
        var foreign = AnswerLeaves.SliceOf(PeerWorld.Checkout, "us-east", "10.9.9.9");
        Refused(SliceMismatch, _world.Ask().Record(_world.East, foreign));
        Refused(SliceMismatch, _world.Ask().Record(_world.East));
        Refused(SliceMismatch, _world.Ask().Record(_world.West, _world.East));
        Refused(SliceMismatch, _world.Ask().Record(_world.East, _world.West, _world.West));
    }

    [Theory]
    [InlineData("count")]
    [InlineData("region")]
    [InlineData("name")]
    [InlineData("ports")]
    public void Slice_ThatDiffersFromItsHead_SliceMismatch(string member)
    {
        var slice = member switch
        {
            "name" => _world.East with { Name = ServicePart.Parse("cart.shop.svc") },
            "ports" => _world.East with { Ports = [8080, 8081] },
            _ => _world.East,
        };
        var head = new SliceReference
        {
            Count = member == "count" ? 3 : 2,
            Digest = Document.Make(slice).Digest,
            Region = member == "region" ? "eu" : "us-east",
        };
        Seal(_world.Record with { Slices = [head] });
        var refusal = Refused(SliceMismatch, _world.Ask().Record(slice));
        Assert.EndsWith(member, refusal.Where, StringComparison.Ordinal);
    }

    [Fact]
    public void Slices_OfRegionsThatAreNotAdmitted_AreLeftOut()
    {
        var ask = _world.Ask();
        ask.ChangeAttest = (hop, attest) => hop == 1
            ? attest with { Constraints = new Constraints { Regions = ["us-w*"] } }
            : attest;
        Refused(SliceMismatch, ask.Record(_world.East, _world.West));
        var answer = Answers.Accepted(Verify(_world.State, ask.Record(_world.West))).Answer;
        Assert.Equal("us-west", Assert.Single(answer.Slices).Region);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("0.0.0.0")]
    [InlineData("224.0.0.1")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("fe80::1")]
    [InlineData("ff02::1")]
    [InlineData("192.168.0.7")]
    [MaliciousInput(112, "127.0.0.1, 169.254.169.254, ::, 224.0.0.1, home CIDR: AddressOutOfScope")]
    public void Address_NotForForeigners_AddressOutOfScope(string address)
    {
        _world.Eu1.Put(AnswerLeaves.ScopeOf(_world.Eu1.Genesis, "192.168.0.0/16")).SealAt(_world.Now - 500);
        Refused(AddressOutOfScope, At(address));
    }

    [Fact]
    [MaliciousInput(113, "::ffff:127.0.0.1 / 010.0.0.1: AddressOutOfScope")]
    public void Address_MappedIPv4_AddressOutOfScope() => Refused(AddressOutOfScope, At("::ffff:127.0.0.1"));

    [Fact]
    [MaliciousInput(113, "::ffff:127.0.0.1 / 010.0.0.1: BadAddress")]
    public void Address_WithLeadingZero_BadAddress()
    {
        var answer = _world.Answer();
        var text = System.Text.Encoding.ASCII.GetString(answer.Slices[0].Span)
            .Replace("10.1.0.1", "010.0.0.1", StringComparison.Ordinal);
        Refused(
            BadAddress, answer with { Slices = answer.Slices.SetItem(0, System.Text.Encoding.ASCII.GetBytes(text)) });
    }

    [Fact]
    public void Address_Loopback_IsAdmittedByTheUnsafeOptionOnly()
    {
        var answer = At("127.0.0.9");
        var options = new VerifierOptions { UnsafeAllowLoopbackEndpoints = true };
        var verdict = AnswerVerifier.Verify(_world.State, _world.Ask().Query, answer, _world.Now, options);

        Assert.True(Answers.Accepted(verdict).Answer.UnsafeLoopbackAllowed);
        Answers.Refused(
            AddressOutOfScope,
            AnswerVerifier.Verify(_world.State, _world.Ask().Query, At("169.254.169.254"), _world.Now, options));
    }

    [Fact]
    public void Address_InsideItsScope_IsAdmittedAndOutsideNot()
    {
        _world.Eu1.Put(AnswerLeaves.ScopeOf(_world.Us1.Genesis, "10.1.0.0/16")).SealAt(_world.Now - 500);
        Answers.Accepted(Verify(_world.State, At("10.1.0.1")));
        Refused(AddressOutOfScope, At("10.2.0.1"));
    }

    [Fact]
    public void Scopes_NotProven_AddressOutOfScope()
    {
        foreach (var segment in new[] { _world.Eu1, _world.Us1 })
        {
            var ask = _world.Ask();
            ask.Withheld.Add((0, LeafClass.Scope, segment.Genesis.ToString()));
            Refused(AddressOutOfScope, ask.Record(_world.East, _world.West));
        }
    }

    [Fact]
    public void Scope_RequiredByTheHome_AddressOutOfScope()
    {
        _world.Eu1.Next(_world.Now - 5000, epoch => epoch with { Policy = epoch.Policy with { RequireScope = 1 } })
            .SealAt(_world.Now - 500);
        Refused(AddressOutOfScope, _world.Answer());
    }

    private UnverifiedAnswer At(string address)
    {
        var slice = AnswerLeaves.SliceOf(PeerWorld.Checkout, null, address);
        Seal(AnswerLeaves.RecordOf(PeerWorld.Checkout, _world.Now - 40_000, _world.Us1.Publisher, slice));
        return _world.Ask().Record(slice);
    }

    private void Seal(Record record) => _world.Us1.Put(record).SealAt(_world.Now - 500);

    private Verdict Verify(VerifierState state, UnverifiedAnswer answer) =>
        AnswerVerifier.Verify(state, _world.Ask().Query, answer, _world.Now);

    private Refusal Refused(VerificationFailure failure, UnverifiedAnswer answer) =>
        Answers.Refused(failure, Verify(_world.State, answer));
}
