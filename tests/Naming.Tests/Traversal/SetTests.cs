using System.Text;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using Xunit;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Tests.Traversal;

/// <summary>Names that several segments serve: the Set is the home's, each member its own segment's (V60).</summary>
public sealed class SetTests
{
    private const string Cart = "cart.shop.svc";
    private const string Checkout = PeerWorld.Checkout;

    private readonly PeerWorld _world = new();

    public SetTests()
    {
        _world.Us1.Next(_world.Now - 45_000, epoch => epoch with { Domains = ["us1.internal"] });
        _world.Us1.SealAt(_world.Now - 500);
    }

    private Set Set => AnswerLeaves.SetOf(
        Cart, _world.Now - 40_000, _world.Eu1.Publisher, AnswerLeaves.MemberOf(_world.Us1, Checkout));

    [Fact]
    public void Set_OfTheHome_IsAnAnswerWithItsOwnTtl()
    {
        Put(Set with { TtlMax = 2_500 });
        var answer = Answers.Accepted(Verify(Ask().Set())).Answer;
        Assert.Equal(Outcome.Set, answer.Outcome);
        Assert.Equal($"{Checkout}.us1.internal", Assert.Single(answer.Set!.Members).Name.Text);
        Assert.Equal((2_500L, "record_ttl"), answer.Ttl.At(_world.Now));
        Assert.Equal(AnswerLeaves.DigestOf(answer.Set), answer.RecordDigest);
        Assert.Null(answer.Record);
    }

    [Fact]
    public void Set_OlderThanOneSeen_RecordRollback()
    {
        Put(Set);
        var state = Answers.Accepted(Verify(Ask().Set())).Next;
        _world.Eu1.Put(Set with { Version = Set.Version - 1 }).SealAt(_world.Now - 200);
        Answers.Refused(RecordRollback, AnswerVerifier.Verify(state, Ask().Query, Ask().Set(), _world.Now));
    }

    [Fact]
    public void Set_ThatExpired_RecordExpired()
    {
        Put(Set with { Expires = _world.Now + Limits.DefaultClockDelta });
        Answers.Refused(RecordExpired, Verify(Ask().Set()));
    }

    [Fact]
    public void Set_NotAmongTheProofs_ProofMismatch()
    {
        Put(Set);
        var ask = Ask();
        ask.Withheld.Add((0, LeafClass.Set, Cart));
        Answers.Refused(ProofMismatch, Verify(ask.Set()));
    }

    [Fact]
    public void Set_WithSlices_SliceMismatch()
    {
        Put(Set);
        Answers.Refused(SliceMismatch, Verify(Ask().Set(_world.East)));
    }

    /// <summary>A Set answers names under clusterset.local, a record those of a segment, never the other way.</summary>
    [Fact]
    public void ResultOfTheOtherKind_PathBroken()
    {
        Put(Set);
        var ask = Ask();
        Answers.Refused(PathBroken, Verify(ask.Set() with { Result = AnswerResult.Record }));
        Answers.Refused(
            PathBroken,
            AnswerVerifier.Verify(
                _world.State, _world.Ask().Query, _world.Answer() with { Result = AnswerResult.Set, Slices = [] },
                _world.Now));
    }

    /// <summary>No other segment's Set is believed: behind the home's hop there is none.</summary>
    [Fact]
    public void Set_ByASecondHop_PathBroken()
    {
        Put(Set);
        var set = Ask().Set();
        Answers.Refused(PathBroken, Verify(set with { Hops = set.Hops.Add(_world.Answer().Hops[1]) }));
    }

    [Fact]
    public void DenialOfASetsName_IsADenial()
    {
        Assert.Equal(Outcome.Denied, Answers.Accepted(Verify(Ask().Denied())).Answer.Outcome);
    }

    [Fact]
    [MaliciousInput(119, "Set member answered by another genesis: SetMismatch")]
    public void Member_AnsweredByAnotherGenesis_SetMismatch()
    {
        var set = Set;
        var member = set.Members[0];
        Assert.Null(SetRules.Check(set, member, Member()));
        var other = member with { Genesis = _world.Eu1.Genesis };
        Assert.Equal(SetMismatch, SetRules.Check(set, other, Member())?.Failure);
    }

    /// <summary>That a name is absent is no word of the member's either, where another segment says it.</summary>
    [Fact]
    public void Member_AbsentInAnotherSegment_SetMismatch()
    {
        var ask = _world.Ask("gone.shop.svc");
        var gone = Answers.Accepted(
            AnswerVerifier.Verify(_world.State, ask.Query, ask.Negative(), _world.Now)).Answer;
        var member = AnswerLeaves.MemberOf(_world.Us1, "gone.shop.svc");
        Assert.Null(SetRules.Check(Set, member, gone));
        var other = member with { Genesis = _world.Eu1.Genesis };
        Assert.Equal(SetMismatch, SetRules.Check(Set, other, gone)?.Failure);
    }

    [Fact]
    public void Member_WithAnIdentityThatTheSetDoesNotName_SetMismatch()
    {
        const string Mine = "spiffe://us1.internal/ns/shop/sa/checkout";
        const string Theirs = "spiffe://us1.internal/ns/other/sa/other";
        var set = Set with { Identities = [Mine] };
        Assert.Null(Check(set, [Mine]));
        Assert.Equal(SetMismatch, Check(set, [Mine, Theirs]));
        Assert.Equal(SetMismatch, Check(set, []));
        Assert.Null(Check(Set, [Theirs]));
        Assert.Null(Check(set, [Theirs], endpoint: Mine));
        Assert.Equal(SetMismatch, Check(set, [Mine], endpoint: Theirs));
    }

    /// <summary>A gateway that ends the TLS itself is who is spoken to; one that passes it on is not.</summary>
    [Fact]
    public void Member_BehindAGatewayThatTheSetDoesNotName_SetMismatch()
    {
        const string Mine = "spiffe://us1.internal/ns/shop/sa/checkout";
        const string Gate = "spiffe://us1.internal/ns/mesh/sa/gateway";
        var set = Set with { Identities = [Mine] };
        Assert.Null(Check(set, [Mine], gateway: []));
        Assert.Null(Check(set, [Mine], gateway: [Mine]));
        Assert.Equal(SetMismatch, Check(set, [Mine], gateway: [Gate]));
        Assert.Null(Check(Set, [Mine], gateway: [Gate]));
        Assert.Null(Check(set with { Identities = [Gate, Mine] }, [Mine], gateway: [Gate]));

        // One that the home needs no gateway for is reached itself.
        _world.Eu1.Put(AnswerLeaves.ScopeOf(_world.Us1.Genesis, "10.0.0.0/8") with
        {
            Domains = ["us1.internal"], Networks = ["vpc-2"],
        }).SealAt(_world.Now - 500);
        Assert.Null(Check(set, [Mine], gateway: [Gate]));
    }

    [Fact]
    public void Member_AnswerToAnotherName_QueryMismatch()
    {
        var member = AnswerLeaves.MemberOf(_world.Us1, "other.shop.svc");
        Assert.Equal(QueryMismatch, SetRules.Check(Set, member, Member())?.Failure);
    }

    [Theory]
    [InlineData("\"priority\":0", "\"priority\":128", NonCanonicalPayload)]
    [InlineData("\"weight\":1}", "\"weight\":0}", NonCanonicalPayload)]
    [InlineData("\"weight\":1}", "\"weight\":10001}", NonCanonicalPayload)]
    [InlineData("checkout.shop.svc.us1.internal", "checkout.shop.svc.clusterset.local", BadName)]
    [InlineData("checkout.shop.svc.us1.internal", "us1.internal", BadName)]
    [InlineData("checkout.shop.svc.us1.internal", "pod-0.checkout.shop.svc.us1.internal", BadName)]
    public void Form_OutsideItsBounds_IsRefused(string good, string bad, VerificationFailure failure)
    {
        var text = Encoding.ASCII.GetString(Document.Make(Set).Payload.Span);
        Assert.Contains(good, text, StringComparison.Ordinal);
        Assert.True(Document.TryParse<Set>(Encoding.ASCII.GetBytes(text), out _, out _));
        var changed = Encoding.ASCII.GetBytes(text.Replace(good, bad, StringComparison.Ordinal));
        Assert.False(Document.TryParse<Set>(changed, out _, out var refusal));
        Assert.Equal(failure, refusal.Failure);
    }

    [Fact]
    public void Form_NoneTooManyOrUnorderedMembers_IsRefused()
    {
        var all = Enumerable.Range(0, 33)
            .Select(i => AnswerLeaves.MemberOf(_world.Us1, $"s{i:00}.shop.svc")).ToArray();
        Assert.True(Read(Set with { Members = [.. all[..32]] }));
        Assert.False(Read(Set with { Members = [.. all] }));
        Assert.False(Read(Set with { Members = [] }));
        Assert.False(Read(Set with { Members = [all[1], all[0]] }));
        Assert.False(Read(Set with { Members = [all[0], all[0] with { Priority = 1 }] }));
    }

    private static bool Read(Set set) => Document.TryParse<Set>(Document.Make(set).Payload, out _, out _);

    private TestAnswers Ask() => new(_world.Eu1, $"{Cart}.clusterset.local", _world.Now);

    private void Put(Set set) => _world.Eu1.Put(set).SealAt(_world.Now - 500);

    private Verdict Verify(UnverifiedAnswer answer) =>
        AnswerVerifier.Verify(_world.State, Ask().Query, answer, _world.Now);

    private VerifiedAnswer Member() => Answers.Accepted(
        AnswerVerifier.Verify(_world.State, _world.Ask().Query, _world.Answer(), _world.Now)).Answer;

    private VerificationFailure? Check(Set set, string[] identities, string? endpoint = null, string[]? gateway = null)
    {
        var east = _world.East with
        {
            Endpoints = [.. _world.East.Endpoints.Select(one => one with
            {
                Identity = endpoint, Network = gateway is null ? null : "vpc-2",
            })],
        };
        var record = AnswerLeaves.RecordOf(Checkout, _world.Now - 40_000, _world.Us1.Publisher, east) with
        {
            Identities = [.. identities.Order(StringComparer.Ordinal)],
        };
        var ask = _world.Ask();
        if (gateway is not null)
        {
            _world.Us1.Put(AnswerLeaves.GatewayOf("vpc-2", _world.Now, _world.Us1.Publisher, "10.9.9.9:15443") with
            {
                Identities = [.. gateway],
            });
            ask.Extra.Add((1, LeafClass.Gateway, "vpc-2"));
        }

        _world.Us1.Put(record).SealAt(_world.Now - 500);
        var answer = Answers.Accepted(
            AnswerVerifier.Verify(_world.State, ask.Query, ask.Record(east), _world.Now)).Answer;
        return SetRules.Check(set, set.Members[0], answer)?.Failure;
    }
}
