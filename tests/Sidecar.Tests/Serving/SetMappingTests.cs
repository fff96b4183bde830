using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver;
using Fairlead.Resolver.Sets;
using Fairlead.Sidecar.Dns;
using Fairlead.Sidecar.Proxy.Services;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Answers;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>What a name that several segments serve means to Envoy, the proxy and DNS; all answers are verified
/// ones.</summary>
public sealed class SetMappingTests
{
    private readonly SetWorld _world = new();

    [Fact]
    public void Served_HasEachMembersEndpointsWithItsPlaceAndItsProvenance()
    {
        var served = ServedNameMapping.Map(Joined(_world));
        Assert.Null(served.Reason);
        Assert.Null(served.Provenance);
        Assert.Equal([new ServedPort("http", 80, "http")], served.Ports);
        Assert.Equal(
            [
                ("10.1.0.1", 0, 3u, "us1.internal"), ("10.1.0.2", 0, 3u, "us1.internal"),
                ("10.2.0.1", 0, 3u, "us1.internal"), ("10.9.0.1", 1, 1u, "eu1.internal"),
            ],
            served.Endpoints.Select(one =>
                (one.Address, one.Member!.Priority, one.Member.Weight, one.Member.Provenance.Segment)));
    }

    [Fact]
    public void Served_WithoutTheFirst_KeepsThePortsAndServesTheSecond()
    {
        var served = ServedNameMapping.Map(Joined(_world, NameState.Absent));
        Assert.Equal(["10.9.0.1"], served.Endpoints.Select(one => one.Address));
        Assert.Equal([new ServedPort("http", 80, "http")], served.Ports);
    }

    /// <summary>What clients may hold of a member is emptied; what nobody ever had is pending.</summary>
    [Theory]
    [InlineData(NameState.Absent, NameState.Unreachable, "unreachable")]
    [InlineData(NameState.Unreachable, NameState.Unreachable, "pending")]
    [InlineData(NameState.Denied, NameState.Denied, "denied")]
    [InlineData(NameState.Absent, NameState.Absent, "absent")]
    public void Served_ByNobody_SaysWhy(NameState first, NameState second, string reason)
    {
        var told = Told(_world);
        told.Book.Changed(Of(SetWorld.First, first, first == NameState.Unreachable ? null : _world.FirstAnswer()));
        told.Book.Changed(Of(SetWorld.Second, second, null));
        Assert.Equal(reason, ServedNameMapping.Map(told.Last()).Reason);
    }

    /// <summary>Clients may hold endpoints of all members since before a restart: those of one that is merely out of
    /// reach, or that was not heard of yet, are left to them whatever became of the others.</summary>
    [Theory]
    [InlineData(NameState.Pending, "pending")]
    [InlineData(NameState.Unreachable, "pending")]
    [InlineData(NameState.Absent, "unreachable")]
    [InlineData(null, "refused")]
    public void Served_ByNobody_OfWhomOneIsRefused_IsEmptiedWhereNoneIsMerelyOutOfReach(
        NameState? second, string reason)
    {
        var told = Told(_world);
        told.Book.Changed(CachedNames.Refused(VerificationFailure.ProofMismatch, SetWorld.First));
        told.Book.Changed(second is { } state
            ? Of(SetWorld.Second, state, state == NameState.Absent ? _world.SecondAnswer() : null)
            : CachedNames.Refused(VerificationFailure.BadEnvelope, SetWorld.Second));
        Assert.Equal(reason, ServedNameMapping.Map(told.Last()).Reason);
    }

    /// <summary>Whichever comes first: that one is out of reach says less.</summary>
    [Fact]
    public void Failure_OfAMemberThatIsRefused_IsToldBeforeThatOfAnother()
    {
        var told = Told(_world);
        told.Book.Changed(CachedNames.Unreachable(SetWorld.First) with
        {
            Failure = new Refusal(VerificationFailure.Behind, SetWorld.First, "test"),
        });
        told.Book.Changed(CachedNames.Refused(VerificationFailure.BadEnvelope, SetWorld.Second));
        Assert.Equal(VerificationFailure.BadEnvelope, told.Last().Failure?.Failure);
    }

    /// <summary>A member without the port, or with another protocol at it, does not serve that port.</summary>
    [Fact]
    public void Ports_AreTheUnion_AndEachMemberServesItsOwn()
    {
        var world = new SetWorld(second: record => record with
        {
            Ports = [new Port { Name = "http", Number = 80, Protocol = "http2" }],
        });
        var served = ServedNameMapping.Map(Joined(world));
        Assert.Equal([new ServedPort("http", 80, "http")], served.Ports);
        Assert.Equal([8080, 8080, 8080, 0], served.Endpoints.Select(one => one.Ports[0]));
        var assignment = AssignmentTranslation.Translate(served, "checkout:80", 0);
        Assert.DoesNotContain(assignment.Endpoints, locality => locality.Priority > 0);

        var other = new SetWorld(second: record => record with
        {
            Ports = [new Port { Name = "http", Number = 8000, Protocol = "http" }],
        });
        var both = ServedNameMapping.Map(Joined(other));
        Assert.Equal(
            [new ServedPort("http", 80, "http"), new ServedPort(null, 8000, "http")], both.Ports);
        Assert.Equal([0, 8080], both.Endpoints[^1].Ports);
        Assert.Equal([8080, 0], both.Endpoints[0].Ports);
    }

    [Fact]
    public void Proxied_HasPrioritiesAndTheMembersShares()
    {
        var service = ProxiedServiceMapping.Map(Joined(_world));
        Assert.Equal(ServiceStatus.Served, service.Status);
        Assert.Equal([0, 0, 0, 1], service.Endpoints.Select(one => one.Priority));
        Assert.Equal(
            [333_333u, 333_333u, 333_333u, 333_333u],
            service.Endpoints.Select(one => one.Weight));
        Assert.Equal("eu1.internal", service.Provenance!.Segment);
        Assert.Equal("us1.internal", service.Endpoints[0].Provenance!.Segment);
        Assert.All(service.Endpoints, one => Assert.True(one.IsStrict)); // By the policies: no continuity.
    }

    /// <summary>The requests of a strict member end when it is left out, though the name is served on, and those of
    /// another member do not.</summary>
    [Fact]
    public void Proxied_StrictMember_HasStrictEndpointsAndAnotherHasNot()
    {
        var world = new SetWorld(second: record => record with { Continuity = 0 });
        Allow(world);
        var (book, last) = Told(world);
        book.Changed(Of(SetWorld.First, NameState.Fresh, world.FirstAnswer()));
        book.Changed(Of(SetWorld.Second, NameState.Fresh, world.SecondAnswer()));
        var both = ProxiedServiceMapping.Map(last()).Endpoints.ToLookup(one => one.Provenance!.Segment);
        Assert.NotEmpty(both["us1.internal"]);
        Assert.All(both["us1.internal"], one => Assert.False(one.IsStrict));
        Assert.NotEmpty(both["eu1.internal"]);
        Assert.All(both["eu1.internal"], one => Assert.True(one.IsStrict));
        book.Changed(Of(SetWorld.Second, NameState.Expired, null));
        Assert.Equal(
            both["us1.internal"].Select(one => one.Address),
            ProxiedServiceMapping.Map(last()).Endpoints.Select(one => one.Address));
    }

    /// <summary>All are one assignment: an end that is past would take the good members' endpoints away.</summary>
    [Fact]
    public void Strict_Set_EndsWithItsOwnAnswer_WhateverStaleMembersSay()
    {
        var world = new SetWorld();
        var (book, last) = Told(world);
        Allow(world);
        var stale = Of(SetWorld.First, NameState.Stale, world.FirstAnswer()) with { ExpiresAt = 10 };
        Assert.False(stale.IsStrict);
        book.Changed(stale);
        book.Changed(Of(SetWorld.Second, NameState.Fresh, world.SecondAnswer()));
        Assert.Equal((true, 10), (last().IsStrict, last().ExpiresAt));
        Assert.Equal(TimeSpan.FromSeconds(60), ServedNameMapping.Map(last()).StrictUntil);
    }

    /// <summary>What a member bounds streams by, a cluster has whether it serves now or not: else each failover would
    /// cost the connections of all.</summary>
    [Fact]
    public void Strict_Member_BoundsStreams_AlsoWhileItServesNothing()
    {
        var world = new SetWorld(second: record => record with { TtlMax = record.TtlMax / 2 });
        var (book, last) = Told(world);
        var second = Of(SetWorld.Second, NameState.Fresh, world.SecondAnswer());
        book.Changed(Of(SetWorld.First, NameState.Fresh, world.FirstAnswer()));
        book.Changed(second);
        var before = ServedNameMapping.Map(last());
        Assert.Equal(TimeSpan.FromMilliseconds(second.LastRecord!.TtlMax), before.StreamMax);
        Assert.True(second.LastRecord.TtlMax < world.FirstAnswer().Record!.TtlMax);
        CachedName[] losses =
        [
            second with { State = NameState.Expired }, Gone(NameState.Absent), Gone(NameState.Denied),
        ];
        foreach (var lost in losses)
        {
            book.Changed(lost);
            var after = ServedNameMapping.Map(last());
            Assert.NotEqual(before.Endpoints.Length, after.Endpoints.Length);
            Assert.Equal(Cluster(before), Cluster(after));
        }

        // It was not strict when it was known last.
        book.Changed(Gone(NameState.Absent) with { WasStrict = false });
        Assert.NotEqual(before.StreamMax, ServedNameMapping.Map(last()).StreamMax);

        CachedName Gone(NameState state) =>
            Of(SetWorld.Second, state, null) with { LastRecord = second.LastRecord, WasStrict = true };

        static EnvoyApi.Clusters.Cluster Cluster(ServedName name) =>
            ClusterTranslation.Translate(Audience.Envoy, "one", "one", name.Ports[0], null, name);
    }

    /// <summary>How long streams to a strict name outlive it, and which do without end: whoever asks is told.</summary>
    [Fact]
    public void NamesPage_TellsWhichStreamsEndAndWhen()
    {
        var world = new SetWorld(second: record => record with
        {
            Ports = [new Port { Name = "http", Number = 5432, Protocol = "tcp" }],
        });
        var second = Of(SetWorld.Second, NameState.Fresh, world.SecondAnswer());
        Assert.True(second.IsStrict);
        var max = second.LastRecord!.TtlMax;
        Assert.Equal(("[]", "[5432]"), Bounds(second, null));
        Assert.Equal(("""[{"port":5432,"within_ms":750}]""", "[]"), Bounds(second, TimeSpan.FromMilliseconds(750)));
        Assert.Equal("[5432]", Bounds(Joined(world), null).Unbounded);
        Assert.Contains("""{"port":5432,"within_ms":750}""", Bounds(Joined(world), TimeSpan.FromSeconds(0.75)).Bounded);
        Assert.Equal(("[]", "[]"), Bounds(second with { State = NameState.Expired }, null));
        Assert.Equal(
            ($$"""[{"port":80,"within_ms":{{max}}}]""", "[]"),
            Bounds(Of(SetWorld.First, NameState.Fresh, world.FirstAnswer()), null));

        static (string Bounded, string Unbounded) Bounds(CachedName name, TimeSpan? within)
        {
            var page = StaleServingTests.Page(name, 0, within);
            return (page["bounded"]!.ToJsonString(), page["unbounded"]!.ToJsonString());
        }
    }

    [Fact]
    public void Dns_NamesEndpointsByTheirClusterAndKnowsTheirOrder()
    {
        var view = ResolverNames.Map(Joined(_world));
        Assert.Equal(
            [("us1", 0), ("us1", 0), ("us1", 0), ("eu1", 1)],
            view.Service!.Endpoints.Select(one => (one.Cluster!, one.Priority)));
        Assert.Contains(
            $"member={SetWorld.First} priority=0 weight=3 used", view.Service.Evidence);
    }

    [Fact]
    public void Dns_LeftOutMember_IsEvidenceOnly()
    {
        var view = ResolverNames.Map(Joined(_world, NameState.Denied));
        Assert.Equal(["10.9.0.1"], view.Service!.Endpoints.Select(one => one.Address.ToString()));
        Assert.Contains(
            $"member={SetWorld.First} priority=0 weight=3 left-out=Denied", view.Service.Evidence);
    }

    /// <summary>A member that is proven to be absent has nothing; of any other that is left out nobody knows.</summary>
    [Theory]
    [InlineData(NameState.Absent, null)]
    [InlineData(NameState.Denied, "denied")]
    [InlineData(NameState.Expired, "expired")]
    [InlineData(NameState.Unreachable, "unreachable")]
    public void Dns_LeftOutMember_IsProvenOnlyWhereItIsAbsent(NameState state, string? why)
    {
        var unproven = ResolverNames.Map(Joined(_world, state)).Service!.Unproven;
        Assert.Equal(
            why is null ? [] : [("us1", $"{SetWorld.First} is left out: {why}")],
            unproven.Select(one => (one.Cluster, one.Why)));
    }

    /// <summary>What none of the members has may come to be in any of them.</summary>
    [Fact]
    public void Dns_Negatives_EndWithTheShortestOfTheMembers()
    {
        _world.World.Us1.Next(
            _world.World.Now - 450, epoch => epoch with { Policy = epoch.Policy with { NegativeTtl = 3_000 } });
        _world.World.Us1.SealAt(_world.World.Now - 400);
        var service = ResolverNames.Map(Joined(_world)).Service!;
        Assert.Equal((3_000, long.MaxValue), (service.NegativeTtl, service.NegativesEnd));
        service = ResolverNames.Map(Joined(_world, NameState.Absent)).Service!;
        Assert.Equal((10_000, 60_000), (service.NegativeTtl, service.NegativesEnd));
    }

    /// <summary>An Envoy has one assignment and one cluster of all of them.</summary>
    [Fact]
    public void Served_EndsWithItsStrictestMember()
    {
        var (book, last) = Told(_world);
        var first = Of(SetWorld.First, NameState.Fresh, _world.FirstAnswer()) with { ExpiresAt = 45_000 };
        book.Changed(first);
        book.Changed(Of(SetWorld.Second, NameState.Fresh, _world.SecondAnswer()));
        Assert.True(first.IsStrict);
        var served = ServedNameMapping.Map(last());
        Assert.Equal(TimeSpan.FromSeconds(45), served.StrictUntil);
        Assert.Equal(TimeSpan.FromMilliseconds(first.Answer!.Record!.TtlMax), served.StreamMax);

        book.Changed(first with { State = NameState.Absent });
        Assert.Equal(TimeSpan.FromSeconds(60), ServedNameMapping.Map(last()).StrictUntil);
    }

    private static void Allow(SetWorld world)
    {
        foreach (var segment in new[] { world.World.Us1, world.World.Eu1 })
        {
            segment.Next(
                world.World.Now - 450,
                epoch => epoch with { Policy = epoch.Policy with { ContinuityMax = 3_600_000 } });
            segment.SealAt(world.World.Now - 400);
        }
    }

    private static CachedName Joined(SetWorld world, NameState first = NameState.Fresh)
    {
        var (book, last) = Told(world);
        book.Changed(Of(SetWorld.First, first, world.FirstAnswer()));
        book.Changed(Of(SetWorld.Second, NameState.Fresh, world.SecondAnswer()));
        return last();
    }

    private static (SetBook Book, Func<CachedName> Last) Told(SetWorld world)
    {
        var told = new List<CachedName>();
        var book = new SetBook((_, _) => { }, told.Add);
        book.Changed(Of(SetWorld.Name, NameState.Fresh, world.SetAnswer()));
        return (book, () => told.Last(name => name.Name == SetWorld.Name));
    }

    private static CachedName Of(string name, NameState state, VerifiedAnswer? answer) =>
        new(name, state, answer, 0, 60_000, 0, null) { StaleUntil = 90_000, LastRecord = answer?.Record };
}
