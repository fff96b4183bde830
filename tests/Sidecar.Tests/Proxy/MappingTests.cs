using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver;
using Fairlead.Sidecar.Dns;
using Fairlead.Sidecar.Proxy;
using Fairlead.Sidecar.Proxy.Forwarding;
using Fairlead.Sidecar.Proxy.Services;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Tests.Serving;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Answers;

namespace Fairlead.Sidecar.Tests.Proxy;

/// <summary>What the resolver's names mean to the proxy; answers are built, signed and verified.</summary>
public sealed class MappingTests
{
    private const string Checkout = PeerWorld.Checkout;

    [Theory]
    [InlineData(NameState.Fresh)]
    [InlineData(NameState.Stale)]
    public void Answer_BecomesEndpointsWithTheirEvidence(NameState state)
    {
        var world = new PeerWorld();
        var slice = AnswerLeaves.SliceOf(Checkout, "us-east", "10.1.0.3", "10.1.0.4", "10.1.0.5") with
        {
            Endpoints =
            [
                new SliceEndpoint { Address = "10.1.0.3", Zone = "a", Weight = 5 },
                new SliceEndpoint { Address = "10.1.0.4", State = EndpointState.Unready },
                new SliceEndpoint { Address = "10.1.0.5", State = EndpointState.Draining },
            ],
        };
        var answer = Answer(world, record => record with { Continuity = 0 }, slice, world.West);
        var service = ProxiedServiceMapping.Map(Cached(answer, state));

        Assert.Equal(ServiceStatus.Served, service.Status);
        Assert.Equal(state.ToString().ToLowerInvariant(), service.State);
        Assert.Equal($"{Checkout}.us1.internal", service.Name);
        Assert.All(service.Endpoints, one => Assert.True(one.IsStrict));
        Assert.Equal([new ServedPort("http", 80, "http")], service.Ports);
        Assert.Equal(
            [
                ("10.1.0.3", "us-east", "a", 5u, EndpointReadiness.Ready),
                    ("10.1.0.4", "us-east", "", 1u, EndpointReadiness.Unready),
                ("10.1.0.5", "us-east", "", 1u, EndpointReadiness.Draining),
                    ("10.2.0.1", "us-west", "", 1u, EndpointReadiness.Ready),
            ],
            service.Endpoints.Select(one => (one.Address, one.Region, one.Zone, one.Weight, one.Readiness)));
        Assert.All(service.Endpoints, one => Assert.Equal([8080], one.Ports));
        Assert.Equal("us1.internal", service.Provenance!.Segment);
        Assert.Equal(answer.Target.Epoch.Value.Number, service.Provenance.Epoch);
        Assert.Equal(answer.Target.Seal!.Position.Seq, service.Provenance.Seal);
    }

    /// <summary>A pod of a dual-stack Service is two endpoints: one of them leads nowhere for who has one family.
    /// </summary>
    [Theory]
    [InlineData("Ipv4", "10.1.0.3")]
    [InlineData("Ipv6", "fd00::3")]
    [InlineData("Both", "10.1.0.3 fd00::3")]
    public void Endpoints_OfAFamilyThatThePodLacks_AreLeftOutWhereOthersCanBeReached(string families, string expected)
    {
        var world = new PeerWorld();
        var slice = AnswerLeaves.SliceOf(Checkout, "us-east", "10.1.0.3", "fd00::3");
        var cached = Cached(Answer(world, record => record, slice), NameState.Fresh);
        var service = ProxiedServiceMapping.Map(cached, Enum.Parse<AddressFamilies>(families));
        Assert.Equal(expected, string.Join(' ', service.Endpoints.Select(one => one.Address)));

        var only = Cached(
            Answer(world, record => record, AnswerLeaves.SliceOf(Checkout, "us-east", "fd00::3")), NameState.Fresh);
        service = ProxiedServiceMapping.Map(only, AddressFamilies.Ipv4);
        Assert.Equal("fd00::3", Assert.Single(service.Endpoints).Address);
    }

    /// <summary>V58: the policies of target and home make a name strict as well, whatever its record says.</summary>
    [Theory]
    [InlineData(0L, 3_600_000L, null, true)]
    [InlineData(3_600_000L, 0L, null, true)]
    [InlineData(3_600_000L, 3_600_000L, 0L, true)]
    [InlineData(3_600_000L, 3_600_000L, null, false)]
    public void Answer_ThatMayNotOutliveItsTime_IsStrict(long home, long target, long? record, bool isStrict)
    {
        var world = new PeerWorld();
        Allow(world.Eu1, home);
        Allow(world.Us1, target);
        world.Eu1.SealAt(world.Now - 400);
        var answer = Answer(world, one => one with { Continuity = record }, world.East);
        var service = ProxiedServiceMapping.Map(Cached(answer, NameState.Fresh));
        Assert.NotEmpty(service.Endpoints);
        Assert.All(service.Endpoints, one => Assert.Equal(isStrict, one.IsStrict));

        void Allow(AnswerSegment segment, long continuity) => segment.Next(
            world.Now - 1_000, epoch => epoch with { Policy = epoch.Policy with { ContinuityMax = continuity } });
    }

    [Fact]
    public void Answer_ThatIsOver_GivesNoEndpoint()
    {
        var world = new PeerWorld();
        var service = ProxiedServiceMapping.Map(Cached(Answer(world, record => record, world.East), NameState.Expired));
        Assert.Equal(ServiceStatus.Expired, service.Status);
        Assert.Empty(service.Endpoints);
        Assert.Empty(service.Ports);
    }

    [Theory]
    [InlineData(VerificationFailure.Behind, "Unreachable")]
    [InlineData(VerificationFailure.NotSealed, "Unreachable")]
    [InlineData(VerificationFailure.RateLimited, "Unreachable")]
    [InlineData(VerificationFailure.TransportKeyMismatch, "Unreachable")]
    [InlineData(VerificationFailure.AddressOutOfScope, "Refused")]
    [InlineData(VerificationFailure.SealRollback, "Refused")]
    [InlineData(VerificationFailure.BudgetExceeded, "Refused")]
    [InlineData(null, "Unreachable")]
    // Nor is what fails here, or who is not known there.
    [InlineData(VerificationFailure.StateNotDurable, "Unreachable")]
    [InlineData(VerificationFailure.ClockSkew, "Unreachable")]
    [InlineData(VerificationFailure.ClockRollback, "Unreachable")]
    [InlineData(VerificationFailure.NoFreshHead, "Unreachable")]
    [InlineData(VerificationFailure.SubjectUnknown, "Unidentified")]
    [InlineData(VerificationFailure.TokenAudience, "Unidentified")]
    public void Failure_OfTheWay_IsNoVerdict(VerificationFailure? failure, string status)
    {
        var refusal = failure is { } one ? new Refusal(one, "subject", "detail") : null;
        var name = new CachedName("checkout.shop.svc.us1.internal", NameState.Unreachable, null, 0, 0, 0, refusal);
        Assert.Equal(status, ProxiedServiceMapping.Map(name).Status.ToString());

        // Nor does what fails later make good what was refused.
        var refused = CachedNames.Refused(VerificationFailure.ProofMismatch) with { Failure = refusal };
        Assert.Equal(ServiceStatus.Refused, ProxiedServiceMapping.Map(refused).Status);
    }

    /// <summary>What the cache has no room for did not fail any check.</summary>
    [Fact]
    public void Name_ThatIsTurnedAway_IsOneTooMany()
    {
        var cache = new NameCache(new NameCacheOptions { Anchors = 1, NamesMax = 1 }, new Random(1));
        cache.Step(new CacheInput.Want($"{Checkout}.us1.internal"), new CacheTime(0, 0));
        var told = cache.Step(new CacheInput.Want("other.shop.svc.us1.internal"), new CacheTime(0, 0))
            .OfType<CacheOutput.Changed>().First().Name;
        Assert.Equal($"{Checkout}.us1.internal", told.Name);
        var service = ProxiedServiceMapping.Map(told);
        Assert.Equal(ServiceStatus.TurnedAway, service.Status);
        Assert.Equal((503, ProxyReason.TooManyNames), Refusal(ServiceStatus.TurnedAway));
        Assert.Equal((502, ProxyReason.NoIdentity), Refusal(ServiceStatus.Unidentified));
        var reply = NameAnswers.Answer(
            new DnsQuestion(DnsName.Parse(told.Name), DnsType.A, DnsClass.IN),
            new DnsTarget(DnsTargetKind.Service, DnsName.Parse("svc.us1.internal"), told.Name),
            ResolverNames.Map(told), new AnswerContext { Now = 0, TtlMax = 5, RecordsMax = 10 });
        Assert.Equal("unreachable: too many names are held: BudgetExceeded", Assert.Single(reply.Errors).Text);
        Assert.Equal("unreachable", ServedNameMapping.ReasonOf(told));
        var other = told with { Failure = told.Failure! with { IsOfNameAlone = false } };
        Assert.Equal("pending", ServedNameMapping.ReasonOf(other));
        var full = told.Failure! with { Failure = VerificationFailure.StateNotDurable };
        Assert.Equal(ServiceStatus.Unreachable, ProxiedServiceMapping.Map(told with { Failure = full }).Status);

        (int, string) Refusal(ServiceStatus status) =>
            ProxyRefusal.Of(service with { Status = status }) is { } said ? (said.Status, said.Reason) : default;
    }

    private static CachedName Cached(VerifiedAnswer answer, NameState state) =>
        new(answer.Name.Text, state, answer, 0, 0, 0, null);

    private static VerifiedAnswer Answer(
        PeerWorld world, Func<Fairlead.Naming.Record, Fairlead.Naming.Record> change, params Slice[] slices)
    {
        var record = change(AnswerLeaves.RecordOf(Checkout, world.Now - 30_000, world.Us1.Publisher, slices));
        world.Us1.Put(record);
        world.Us1.SealAt(world.Now - 500);
        var ask = world.Ask();
        var verdict = AnswerVerifier.Verify(
            world.State, ask.Query, ask.Record(slices), world.Now, VerifierOptions.Default, new VerifiedCache());
        return Assert.IsType<Verdict.Accepted>(verdict).Answer;
    }
}
