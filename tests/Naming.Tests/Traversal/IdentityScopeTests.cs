using Fairlead.Naming.Traversal;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using Xunit;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Tests.Traversal;

/// <summary>Whom a foreign segment may say its endpoints are: V54 and V55.</summary>
public sealed class IdentityScopeTests
{
    private const string Own = "eu1.example";
    private const string Theirs = "us1.example";
    private const string Server = "spiffe://us1.example/ns/shop/sa/checkout";

    private readonly PeerWorld _world = new();

    public IdentityScopeTests()
    {
        _world.Eu1.Next(_world.Now - 45_000, epoch => epoch with { Domains = [Own] });
        _world.Us1.Next(_world.Now - 45_000, epoch => epoch with { Domains = ["other.example", Theirs] });
        _world.Eu1.SealAt(_world.Now - 900);
        _world.Us1.SealAt(_world.Now - 900);
    }

    [Fact]
    [MaliciousInput(114, "identity in an undeclared trust domain: IdentityOutOfScope")]
    public void Identity_OfADomainThatItsSegmentDoesNotDeclare_IdentityOutOfScope()
    {
        Refused(OfRecord("spiffe://third.example/ns/shop/sa/checkout"));
        Refused(OfRecord(Server, "spiffe://third.example/a"));
        Refused(OfEndpoint("spiffe://third.example/a"));
        Refused(WithGateway("spiffe://third.example/a"));
        Refused(OfRecord("us1.example/a"));
        Refused(OfRecord("spiffe://us1.example"));
    }

    [Fact]
    public void Identity_OfADeclaredDomain_IsAdmittedAndBound()
    {
        foreach (var answer in new[] { OfRecord(Server), OfEndpoint(Server), WithGateway(Server) })
        {
            var accepted = Answers.Accepted(Verify(_world.State, answer));
            Assert.Equal([KeyValuePair.Create(Theirs, _world.Us1.Genesis)], accepted.Next.Domains);
        }
    }

    [Fact]
    public void Identity_OfTheHomesOwnDomain_IdentityOutOfScopeWhateverTheScopeSays()
    {
        const string Mine = "spiffe://eu1.example/ns/shop/sa/frontend";
        _world.Us1.Next(_world.Now - 44_000, epoch => epoch with { Domains = [Own, "gate.example", Theirs] });
        Refused(OfRecord(Mine));
        Refused(OfEndpoint(Mine));

        // Neither by the home's Scope of the segment, nor where the home's own Scope is what names the domain.
        HomeScope(Own, Theirs);
        Refused(OfRecord(Mine));
        _world.Eu1.Put(AnswerLeaves.ScopeOf(_world.Eu1.Genesis) with { Domains = ["gate.example"] });
        HomeScope("gate.example", Theirs);
        Refused(OfRecord("spiffe://gate.example/a"));
    }

    [Fact]
    public void Identity_OfTheHome_IsOfADomainThatItDeclares()
    {
        var ask = new TestAnswers(_world.Eu1, "cart.shop.svc.eu1.internal", _world.Now);
        Answers.Accepted(AnswerVerifier.Verify(ask.State, ask.Query, Cart("spiffe://eu1.example/a"), ask.Now));
        var refusal = Answers.Refused(
            IdentityOutOfScope, AnswerVerifier.Verify(ask.State, ask.Query, Cart(Server), ask.Now));
        Assert.Equal("record.identities", refusal.Where);

        UnverifiedAnswer Cart(string identity)
        {
            _world.Eu1.Put(AnswerLeaves.RecordOf("cart.shop.svc", _world.Now, _world.Eu1.Publisher) with
            {
                Identities = [identity],
            }).SealAt(_world.Now - 500);
            return ask.Record();
        }
    }

    [Fact]
    [MaliciousInput(115, "trust domain bound to another genesis: IdentityOutOfScope")]
    public void Domain_BoundToAnotherSegmentByFirstUse_IdentityOutOfScope()
    {
        var answer = OfRecord(Server);
        var bound = StateFile.Write(Answers.Accepted(Verify(_world.State, answer)).Next, "node");
        var home = new HomePin(_world.Eu1.Genesis, _world.Eu1.Name);
        Assert.True(StateFile.TryRead(bound, home, "node", out var state, out _));

        var (thief, ask) = Thief();
        Answers.Refused(
            IdentityOutOfScope, AnswerVerifier.Verify(state, ask.Query, ask.Record(), _world.Now));
        Answers.Accepted(AnswerVerifier.Verify(_world.State, ask.Query, ask.Record(), _world.Now));

        // The home's quorum decides otherwise: then the domain is the other's, and no longer the first one's.
        _world.Eu1.Put(AnswerLeaves.ScopeOf(thief.Genesis, "10.0.0.0/8") with { Domains = [Theirs] });
        _world.Eu1.SealAt(_world.Now - 400);
        var moved = Answers.Accepted(AnswerVerifier.Verify(state, ask.Query, ask.Record(), _world.Now)).Next;
        Assert.Equal(thief.Genesis, moved.Domains[Theirs]);
        Answers.Refused(IdentityOutOfScope, Verify(moved, _world.Ask().Record(_world.East, _world.West)));
    }

    /// <summary>An anchor of the home knows whom each of its Scopes gives a domain: first use takes it from nobody.
    /// </summary>
    [Fact]
    public void Domain_ThatTheHomesScopeGivesToAnother_IdentityOutOfScope()
    {
        var given = new Dictionary<string, Digest> { [Theirs] = _world.Us1.Genesis };
        var options = new VerifierOptions { ScopedDomains = given };
        var (thief, ask) = Thief();
        Answers.Refused(
            IdentityOutOfScope, AnswerVerifier.Verify(_world.State, ask.Query, ask.Record(), _world.Now, options));

        _world.Eu1.Put(AnswerLeaves.ScopeOf(thief.Genesis, "10.0.0.0/8") with { Domains = [Theirs] });
        _world.Eu1.SealAt(_world.Now - 400);
        given[Theirs] = thief.Genesis;
        Answers.Accepted(AnswerVerifier.Verify(_world.State, ask.Query, ask.Record(), _world.Now, options));
    }

    [Fact]
    public void Domain_OutsideTheScope_IdentityOutOfScope()
    {
        HomeScope("other.example");
        Refused(OfRecord(Server));
        HomeScope("other.example", Theirs);
        Answers.Accepted(Verify(_world.State, OfRecord(Server)));
    }

    [Fact]
    public void Domain_WithoutAScopeThatTheHomeRequires_IdentityOutOfScope()
    {
        // Without an endpoint there is no address that V53 would ask first.
        Seal(AnswerLeaves.RecordOf(PeerWorld.Checkout, _world.Now - 40_000, _world.Us1.Publisher) with
        {
            Identities = [Server],
        });
        Answers.Accepted(Verify(_world.State, _world.Ask().Record()));
        _world.Eu1.Next(_world.Now - 5000, epoch => epoch with { Policy = epoch.Policy with { RequireScope = 1 } })
            .SealAt(_world.Now - 500);
        Refused(_world.Ask().Record());
    }

    [Fact]
    public void Domains_OfOneSegment_AreBoundUpToANumber()
    {
        var state = _world.State;
        for (var i = 0; i < VerifierState.MaxDomainsOfOne; i++)
        {
            var domain = $"d{i}.example";
            _world.Us1.Next(_world.Now - 43_000, epoch => epoch with { Domains = [domain] });
            Seal(_world.Record with { Identities = [$"spiffe://{domain}/a"], Version = _world.Record.Version + i });
            state = Answers.Accepted(Verify(state, _world.Answer())).Next;
        }

        _world.Us1.Next(_world.Now - 43_000, epoch => epoch with { Domains = [Theirs] });
        Seal(_world.Record with { Identities = [Server], Version = _world.Record.Version + 100 });
        var refusal = Answers.Refused(IdentityOutOfScope, Verify(state, _world.Answer()));
        Assert.Contains("too many", refusal.Detail, StringComparison.Ordinal);
        Assert.Equal(VerifierState.MaxDomainsOfOne, state.Domains.Count);
    }

    [Fact]
    [MaliciousInput(116, "Bundle for a foreign domain: IdentityOutOfScope")]
    public void Bundle_ForAForeignDomain_IdentityOutOfScope()
    {
        Refused(WithBundle("third.example"));
        Refused(WithBundle(Own));
        _world.Us1.Next(_world.Now - 44_000, epoch => epoch with { Domains = [Own, Theirs] });
        Refused(WithBundle(Own));
    }

    [Fact]
    public void Bundle_OfItsOwnDomain_IsHeldForThatDomainAlone()
    {
        var answer = Answers.Accepted(Verify(_world.State, WithBundle(Theirs))).Answer;
        Assert.Equal(Theirs, Assert.Single(answer.Bundles).Domain);
        Assert.Empty(Answers.Accepted(Verify(_world.State, OfRecord(Server))).Answer.Bundles);
    }

    // A peer of eu1 that declares us1's trust domain as its own, and the way to its service.
    private (AnswerSegment Thief, TestAnswers Ask) Thief()
    {
        var thief = AnswerSegment.Create("ap1.internal", _world.Now - 60_000);
        thief.Next(_world.Now - 40_000, epoch => epoch with
        {
            Domains = [Theirs],
            Op = new EpochOp { Type = OpType.Peer },
            Peers = [_world.Eu1.Genesis],
        });
        thief.Put(AnswerLeaves.RecordOf(PeerWorld.Checkout, _world.Now - 40_000, thief.Publisher) with
        {
            Identities = [Server],
        });
        _world.Eu1.Next(_world.Now - 40_000, epoch => epoch with
        {
            Peers = [.. new[] { _world.Us1.Genesis, thief.Genesis }.Order()],
        });
        _world.Eu1.Put(AnswerLeaves.PeerOf(thief)).SealAt(_world.Now - 500);
        thief.SealAt(_world.Now - 500);
        var ask = new TestAnswers(_world.Eu1, $"{PeerWorld.Checkout}.ap1.internal", _world.Now);
        return (thief, ask.Via(thief, HopKind.Peer));
    }

    private void HomeScope(params string[] domains) => _world.Eu1
        .Put(AnswerLeaves.ScopeOf(_world.Us1.Genesis, "10.0.0.0/8") with { Domains = [.. domains] })
        .SealAt(_world.Now - 450);

    private UnverifiedAnswer OfRecord(params string[] identities)
    {
        Seal(_world.Record with { Identities = [.. identities.Order(StringComparer.Ordinal)] });
        return _world.Answer();
    }

    private UnverifiedAnswer OfEndpoint(string identity)
    {
        var endpoints = _world.East.Endpoints;
        var east = _world.East with { Endpoints = [endpoints[0], endpoints[1] with { Identity = identity }] };
        Seal(AnswerLeaves.RecordOf(PeerWorld.Checkout, _world.Now - 40_000, _world.Us1.Publisher, east));
        return _world.Ask().Record(east);
    }

    private UnverifiedAnswer WithGateway(string identity)
    {
        _world.Us1.Put(AnswerLeaves.GatewayOf("vpc-2", _world.Now, _world.Us1.Publisher, "10.9.9.9:15443") with
        {
            Identities = [identity],
        });
        return With(LeafClass.Gateway, "vpc-2");
    }

    private UnverifiedAnswer WithBundle(string domain)
    {
        _world.Us1.Put(AnswerLeaves.BundleOf(domain, _world.Now, _world.Us1.Publisher, "AQID"));
        return With(LeafClass.Bundle, domain);
    }

    private UnverifiedAnswer With(LeafClass kind, string name)
    {
        Seal(_world.Record);
        var ask = _world.Ask();
        ask.Extra.Add((1, kind, name));
        return ask.Record(_world.East, _world.West);
    }

    private void Seal(Record record) => _world.Us1.Put(record).SealAt(_world.Now - 500);

    private Verdict Verify(VerifierState state, UnverifiedAnswer answer) =>
        AnswerVerifier.Verify(state, _world.Ask().Query, answer, _world.Now);

    private void Refused(UnverifiedAnswer answer) =>
        Answers.Refused(IdentityOutOfScope, Verify(_world.State, answer));
}
