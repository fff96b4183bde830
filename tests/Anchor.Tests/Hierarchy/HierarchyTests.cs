using System.Collections.Concurrent;
using System.Diagnostics;
using Fairlead.Anchor.Tests.Cluster;
using Fairlead.Anchor.Tests.Governing;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol.V1;
using Fairlead.TestKit.Processes;

namespace Fairlead.Anchor.Tests.Hierarchy;

/// <summary>Paths over up, peer and down hops, between real anchors over real sockets (4.9).</summary>
public sealed class HierarchyTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private readonly CancellationTokenSource _bounded =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    private CancellationToken Token => _bounded.Token;

    public ValueTask InitializeAsync()
    {
        _bounded.CancelAfter(Patience);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _bounded.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>One world for all of it, since starting it is most of the work: siblings, the parent itself, names that
    /// are not there, and a foreign tree behind the parent's peer.</summary>
    [Fact]
    public async Task Names_OfEachSegmentOfBothTrees_ResolveOverTheLongestMatch()
    {
        await using var world = new HierarchyWorld();
        await world.StartAsync(world.Acme, world.Eu1, world.Us1, world.Corp, world.Db);
        await world.Client.SealAsync(world.Us1, 0, "checkout.shop.svc", Token);
        await world.Client.SealAsync(world.Acme, 0, "portal.shop.svc", Token);
        await world.Client.SealAsync(world.Db, 0, "orders.shop.svc", Token);

        var sibling = await world.ResolveAsync("checkout.shop.svc.us1.acme.internal", Token);
        Assert.Equal(
            "Home eu1.acme.internal, Up acme.internal, Down us1.acme.internal", HierarchyWorld.PathOf(sibling));
        Assert.Equal(Outcome.Record, sibling.Outcome);
        Assert.Equal(3, sibling.Target.Seal!.Signers.Length);
        Assert.Equal([true, true, false], sibling.Hops.Select(hop => hop.Introduces));

        var parent = await world.ResolveAsync("portal.shop.svc.acme.internal", Token);
        Assert.Equal("Home eu1.acme.internal, Up acme.internal", HierarchyWorld.PathOf(parent));
        Assert.Equal(Outcome.Record, parent.Outcome);

        var foreign = await world.ResolveAsync("orders.shop.svc.db.corp.internal", Token);
        Assert.Equal(
            "Home eu1.acme.internal, Up acme.internal, Peer corp.internal, Down db.corp.internal",
            HierarchyWorld.PathOf(foreign));
        Assert.Equal(Outcome.Record, foreign.Outcome);

        var missing = await world.ResolveAsync("nobody.shop.svc.us1.acme.internal", Token);
        Assert.Equal((Outcome.Absent, 3), (missing.Outcome, missing.Hops.Length));

        // No such child: the parent proves it. No such segment anywhere: acme has no parent, and no peer of that name.
        var unborn = await world.ResolveAsync("checkout.shop.svc.ap1.acme.internal", Token);
        Assert.Equal((Outcome.Absent, 2), (unborn.Outcome, unborn.Hops.Length));
        // The parent decides before it looks: a name that no Rule of its lets through is denied, whether it exists.
        var elsewhere = await world.ResolveAsync("checkout.shop.svc.us1.elsewhere.internal", Token);
        Assert.Equal((Outcome.Denied, 2), (elsewhere.Outcome, elsewhere.Hops.Length));
    }

    /// <summary>A transit that leads through to some regions only: what is elsewhere is left out, and the names of the
    /// segment go on.</summary>
    [Fact]
    public async Task Transit_ThatAdmitsSomeRegions_LeavesOutTheOthers()
    {
        await using var world = new HierarchyWorld(transit: new Constraints { Regions = ["eu*"] });
        await world.StartAsync(world.Acme, world.Eu1, world.Us1);
        await world.Client.SealInRegionsAsync(world.Us1, "checkout.shop.svc", "eu-west", "us-east");
        var answer = await world.ResolveAsync("checkout.shop.svc.us1.acme.internal", Token);
        Assert.Equal(["eu-west"], answer.Slices.Select(slice => slice.Region));
    }

    /// <summary>A parent of 1,000 introduces one child to another, and proves of a label that it is nobody's.</summary>
    [Fact]
    public async Task Parent_OfAThousandChildren_IntroducesEach()
    {
        await using var world = new HierarchyWorld(children: 998);
        await world.StartAsync(world.Acme, world.Eu1, world.Us1);
        await world.Client.SealAsync(world.Us1, 0, "checkout.shop.svc", Token);

        var sibling = await world.ResolveAsync("checkout.shop.svc.us1.acme.internal", Token);
        Assert.Equal(
            "Home eu1.acme.internal, Up acme.internal, Down us1.acme.internal", HierarchyWorld.PathOf(sibling));
        Assert.Equal(Outcome.Record, sibling.Outcome);
        var unborn = await world.ResolveAsync("checkout.shop.svc.c0998.acme.internal", Token);
        Assert.Equal((Outcome.Absent, 2), (unborn.Outcome, unborn.Hops.Length));
        var parent = world.Acme[0].Views.Current!;
        Assert.Equal(1_000, parent.Around().Count(one => one.Key != world.Corp.Segment.Genesis));
        Assert.InRange(parent.Epoch.Value.Number, 998 / Limits.LinksPerEpoch, Limits.PageEpochs);
    }

    /// <summary>
    /// The parent is asked for segments and hears of no service; one introduction serves all names of a segment; the
    /// parent may die and its keys be misused, and the home's anchor start anew, and the names go on, the new ones and
    /// the changed ones too.
    /// </summary>
    [Fact]
    public async Task Parent_IntroducesOnceByNameOfTheSegment_AndIsNotNeededAfterwards()
    {
        await using var world = new HierarchyWorld();
        await world.StartAsync(world.Acme, world.Eu1, world.Us1);
        await world.Client.SealAsync(world.Us1, 0, "checkout.shop.svc", Token);
        await world.Client.SealAsync(world.Us1, 1, "cart.shop.svc", Token);
        await world.ResolveAsync("checkout.shop.svc.us1.acme.internal", Token);
        var asked = world.Heard.CountOf(nameof(IntroduceRequest));
        await world.ResolveAsync("cart.shop.svc.us1.acme.internal", Token);

        // A parent that was slow may have been asked again for the first; for the second it was not.
        Assert.NotEqual(0, asked);
        Assert.Equal(asked, world.Heard.CountOf(nameof(IntroduceRequest)));
        Assert.Equal(0, world.Heard.CountOf(nameof(ResolveRequest)) + world.Heard.CountOf(nameof(SubscribeRequest)));
        Assert.Contains(world.Heard.Requests, request => request.Text.Contains("us1", StringComparison.Ordinal));
        Assert.DoesNotContain(world.Heard.Requests, request =>
            request.Text.Contains("checkout", StringComparison.Ordinal)
            || request.Text.Contains("cart", StringComparison.Ordinal)
            || request.Text.Contains(".svc", StringComparison.Ordinal));

        await world.Acme.StopAsync(0);
        await world.Client.SealAsync(world.Us1, 2, "late.shop.svc", Token);
        await Eventually.HoldsAsync(
            () => Task.FromResult(world.Us1.Running.All(host =>
                host.Views.Current!.Entry(new(Naming.LeafClass.Record, "late.shop.svc")) is not null)),
            isKnown => isKnown, Patience, Token);
        Assert.Equal(
            Outcome.Record, (await world.ResolveAsync("late.shop.svc.us1.acme.internal", Token)).Outcome);

        // V38: two certificates of one slot, which are remembered over the restart.
        var acme = world.Acme.Segment;
        var (one, other) = (Digest.Sha256("a"u8), Digest.Sha256("b"u8));
        await using (var pod = world.Client.AsPod(world.Eu1, 0))
        {
            await pod.ReportAsync(
                new Contradiction(
                    ContradictionKind.Certificates, acme.Genesis,
                    acme.Certify(acme.SealOf(one, 1, 7_000, ClusterClient.Now)),
                    acme.Certify(acme.SealOf(other, 1, 7_000, ClusterClient.Now))),
                Token);
        }

        await Eventually.HoldsAsync(
            () => Task.FromResult(world.Eu1[0].Evidence.Count()), count => count == 1, Patience, Token);
        await world.Eu1.StopAsync(0);
        await world.Eu1.StartAsync(0);
        Assert.Single(world.Eu1[0].Evidence);
        var after = await world.ResolveAsync("checkout.shop.svc.us1.acme.internal", Token);
        Assert.Equal((Outcome.Record, 3), (after.Outcome, after.Hops.Length));
    }

    /// <summary>V48: a home whose network has no route to the next transit hears of it through the one before, and
    /// verifies what it hears, however long the chains are by now; the target it asks itself.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(40)]
    public async Task Transit_WithoutARouteFromTheHome_IsAskedThroughTheOneBefore(int renewed)
    {
        await using var world = new HierarchyWorld(renewed: renewed);
        world.HeardByCorp.Unreachable = [world.Eu1.Segment.Tls(0).Key.Point.ToArray()];
        await world.StartAsync(world.Acme, world.Eu1, world.Corp, world.Db);
        await world.Client.SealAsync(world.Db, 0, "orders.shop.svc", Token);

        var foreign = await world.AskAsync(world.Memory(), "orders.shop.svc.db.corp.internal", Token);

        Assert.Equal(
            "Home eu1.acme.internal, Up acme.internal, Peer corp.internal, Down db.corp.internal",
            HierarchyWorld.PathOf(foreign));
        Assert.Equal(Outcome.Record, foreign.Outcome);

        // Or more of the same, where the machine was too slow for the first.
        var relayed = world.HeardByCorp.Messages.OfType<IntroduceRequest>().ToList();
        Assert.NotEmpty(relayed);
        Assert.All(relayed, ask => Assert.Equal(
            [world.Eu1.Segment.Genesis, world.Acme.Segment.Genesis],
            ask.Visited.Select(segment => Digest.FromBytes(segment.Span))));
        Assert.Equal(
            renewed > 0, world.Heard.Messages.OfType<PresentRequest>().Any(page => page.To.Length == Digest.Size));
        var most = world.Heard.Messages.OfType<IntroduceRequest>().Max(ask => ask.HopsLeft);
        Assert.All(relayed, ask => Assert.True(ask.HopsLeft < most));
    }

    /// <summary>What each transit did stands in the trace of the question that it was done for, also where one of them
    /// asked the next.</summary>
    [Fact]
    public async Task Transits_HaveASpanEachInTheTraceOfTheQuestion()
    {
        var ended = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name.StartsWith("Fairlead.", StringComparison.Ordinal),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using var world = new HierarchyWorld();
        world.HeardByCorp.Unreachable = [world.Eu1.Segment.Tls(0).Key.Point.ToArray()];
        await world.StartAsync(world.Acme, world.Eu1, world.Corp, world.Db);
        await world.Client.SealAsync(world.Db, 0, "orders.shop.svc", Token);
        await world.AskAsync(world.Memory(), "orders.shop.svc.db.corp.internal", Token);

        // Other tests of this process end spans as well: those of these genesis digests are this world's.
        // One that was too slow for its answer comes to nothing, and another one is asked. Those above it end after it,
        // the last of them when its answer is gone.
        var above = await Eventually.HoldsAsync(
            () => Task.FromResult(Above(ended.FirstOrDefault(span => span.OperationName == "hop"
                && "corp.internal".Equals(span.GetTagItem("fairlead.segment"))
                && "Record".Equals(span.GetTagItem("fairlead.outcome"))
                && Home(world).Equals(span.GetTagItem("fairlead.consumer.segment"))))),
            spans => spans is [.., { } last] && last.ParentSpanId == default, Patience, Token);
        Assert.Equal(
            "hop corp.internal, introduce, introduce, hop acme.internal, introduce, introduce, "
            + "introduction eu1.acme.internal, resolve, resolve",
            string.Join(", ", above.Select(NameOf)));
        var corp = above[0];
        Assert.All(above, span => Assert.Equal(corp.TraceId, span.TraceId));
        Assert.Equal("db.corp.internal", corp.GetTagItem("fairlead.name"));
        Assert.Equal("transit", corp.GetTagItem("fairlead.role"));

        List<Activity> Above(Activity? span)
        {
            var spans = new List<Activity>();
            for (; span is not null; span = ended.FirstOrDefault(one => one.SpanId == spans[^1].ParentSpanId))
            {
                spans.Add(span);
            }

            return spans;
        }
    }

    private static string Home(HierarchyWorld world) => world.Eu1.Segment.Genesis.ToString();

    private static string NameOf(Activity span) => span.GetTagItem("fairlead.segment") is { } segment
        ? $"{span.OperationName} {segment}"
        : span.OperationName[(span.OperationName.LastIndexOf('/') + 1)..].ToLowerInvariant();

    /// <summary>The transit's Attests are renewed before they end, though nobody asks for anything (4.9); what it
    /// denies then ends, also a name that is held (4.7).</summary>
    [Fact]
    public async Task Introduction_WhoseAttestIsToBeRenewed_IsRenewedInTheBackground()
    {
        await using var world = new HierarchyWorld(attestTransit: 500);
        await world.StartAsync(world.Acme, world.Eu1, world.Us1);
        await world.Client.SealAsync(world.Us1, 0, "checkout.shop.svc", Token);
        await world.ResolveAsync("checkout.shop.svc.us1.acme.internal", Token);
        var asked = world.Heard.CountOf(nameof(IntroduceRequest));

        await Eventually.HoldsAsync(
            () => Task.FromResult(world.Heard.CountOf(nameof(IntroduceRequest))),
            count => count >= asked + 3, Patience, Token);

        var again = await world.ResolveAsync("checkout.shop.svc.us1.acme.internal", Token);
        Assert.Equal((Outcome.Record, 3), (again.Outcome, again.Hops.Length));

        var query = ClusterClient.Ask(world.Eu1, "checkout.shop.svc.us1.acme.internal");
        await using var pod = world.Client.AsPod(world.Eu1, 0);
        using var held = pod.Subscribe(Token);
        await held.RequestStream.WriteAsync(EpochClusterTests.Opening(query), Token);
        var state = VerifierState.Start(new HomePin(world.Eu1.Segment.Genesis, world.Eu1.Segment.Name));
        state = await EpochClusterTests.UntilAsync(held, query, state, Outcome.Record, Token);
        await using var @operator = new OperatorClient(world.Acme, 0);
        await @operator.ProposeAsync("no-us1", RuleEffect.Deny, "us1.acme.internal");
        await EpochClusterTests.UntilAsync(held, query, state, Outcome.Denied, Token);
        var denied = await world.ResolveAsync("checkout.shop.svc.us1.acme.internal", Token);
        Assert.Equal((Outcome.Denied, "acme.internal"), (denied.Outcome, denied.Target.Name.Text));
    }

    /// <summary>A parent decides whether its children reach one another; by default they do not (4.10).</summary>
    [Fact]
    public async Task Parent_WithoutARuleForTransit_Denies()
    {
        await using var world = new HierarchyWorld(isTransitAllowed: false);
        await world.StartAsync(world.Acme, world.Eu1);

        var denied = await world.ResolveAsync("checkout.shop.svc.us1.acme.internal", Token);

        Assert.Equal((Outcome.Denied, "acme.internal"), (denied.Outcome, denied.Target.Name.Text));
    }
}
