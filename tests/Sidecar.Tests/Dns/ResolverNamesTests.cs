using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver;
using Fairlead.Sidecar.Dns;
using Fairlead.Sidecar.Tests.Serving;
using Fairlead.TestKit.Answers;

namespace Fairlead.Sidecar.Tests.Dns;

/// <summary>From answers that the verifier accepted to what DNS says.</summary>
public sealed class ResolverNamesTests
{
    private const string Checkout = "checkout.shop.svc.us1.internal";

    [Fact]
    public void Map_AVerifiedService_HasPortsAndEvidence()
    {
        var world = new PeerWorld();
        var view = ResolverNames.Map(Cached(Checkout, NameState.Fresh, Verify(world, world.Ask(), world.Answer())));
        Assert.NotNull(view.Service);
        Assert.False(view.Service.IsHeadless);
        Assert.Equal(world.Record.Ports.Select(port => (int)port.Number),
            view.Service.Ports.Select(port => port.Number));
        Assert.Equal(["10.1.0.1", "10.1.0.2", "10.2.0.1"],
            view.Service.Endpoints.Select(host => host.Address.ToString()));
        Assert.Contains("segment=us1.internal", view.Service.Evidence);
        Assert.Contains("path=eu1.internal>us1.internal", view.Service.Evidence);
        Assert.Contains("epoch=1", view.Service.Evidence);
        Assert.Equal(10_000, view.Service.NegativeTtl);
    }

    [Fact]
    public void Map_AnExpiredService_TellsNothingAnyMore()
    {
        var world = new PeerWorld();
        var view = ResolverNames.Map(Cached(Checkout, NameState.Expired, Verify(world, world.Ask(), world.Answer())));
        Assert.Null(view.Service);
        Assert.Equal(NameState.Expired, view.State);
    }

    /// <summary>As Envoy and the proxy do, whatever failed later.</summary>
    [Fact]
    public void Map_AServiceThatIsRefused_SaysSo()
    {
        var view = ResolverNames.Map(CachedNames.Refused(VerificationFailure.ProofMismatch));
        Assert.Equal((NameState.Unreachable, VerificationFailure.ProofMismatch), (view.State, view.Failure!.Failure));
    }

    [Fact]
    public void Map_AHeadlessService_NamesItsHosts_ReadyOrNot()
    {
        const string Cart = "cart.shop.svc";
        var world = new PeerWorld();
        var slice = AnswerLeaves.SliceOf(Cart, null, "10.3.0.1") with
        {
            Endpoints =
            [
                new SliceEndpoint { Address = "10.3.0.1", Host = "cart-0" },
                new SliceEndpoint { Address = "10.3.0.2", Host = "cart-1", State = EndpointState.Unready },
                new SliceEndpoint { Address = "10.3.0.3", Host = "cart-2", State = EndpointState.Draining },
            ],
        };
        var record = AnswerLeaves.RecordOf(Cart, world.Now - 40_000, world.Us1.Publisher, slice)
            with { Kind = RecordKind.Headless };
        world.Us1.Put(record);
        world.Us1.SealAt(world.Now - 500);
        var ask = world.Ask(Cart);
        var view = ResolverNames.Map(
            Cached("cart.shop.svc.us1.internal", NameState.Fresh, Verify(world, ask, ask.Record(slice))));
        Assert.True(view.Service!.IsHeadless);
        Assert.Equal(
            [("cart-0", true), ("cart-1", false), ("cart-2", false)],
            view.Service.Endpoints.Select(host => (host.Label, host.IsReady)));
        Assert.Equal([8080], view.Service.Endpoints[0].Ports);
    }

    [Fact]
    public void Map_AnAbsence_HasNoService()
    {
        const string Nobody = "nobody.shop.svc";
        var world = new PeerWorld();
        var ask = world.Ask(Nobody);
        var view = ResolverNames.Map(
            Cached($"{Nobody}.us1.internal", NameState.Absent, Verify(world, ask, ask.Negative())));
        Assert.Null(view.Service);
        Assert.Equal(NameState.Absent, view.State);
    }

    [Fact]
    public void Source_PassesInterestOn()
    {
        var heard = new List<(string, bool)>();
        var renewed = new List<string>();
        var source = new ResolverNames(
            name => name == Checkout ? Cached(Checkout, NameState.Pending, null) : null,
            (name, isWanted) => heard.Add((name, isWanted)),
            renewed.Add);
        source.Want(Checkout);
        source.Renew(Checkout);
        source.Forget(Checkout);
        Assert.Equal([(Checkout, true), (Checkout, false)], heard);
        Assert.Equal([Checkout], renewed);
        Assert.Equal(NameState.Pending, source.Find(Checkout)!.State);
        Assert.Null(source.Find("other.shop.svc.us1.internal"));
    }

    private static VerifiedAnswer Verify(PeerWorld world, TestAnswers ask, UnverifiedAnswer answer) =>
        AnswerVerifier.Verify(world.State, ask.Query, answer, world.Now) switch
        {
            Verdict.Accepted accepted => accepted.Answer,
            Verdict.Refused refused => throw new InvalidOperationException(refused.Refusal.ToString()),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };

    private static CachedName Cached(string name, NameState state, VerifiedAnswer? answer) =>
        new(name, state, answer, 0, 10_000, 0, null);
}
