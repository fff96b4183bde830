using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver;
using Fairlead.TestKit.Answers;
using Record = Fairlead.Naming.Record;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>Names in every state, with real verified answers of the two clusters behind them.</summary>
internal static class CachedNames
{
    internal const string Checkout = "checkout.shop.svc.us1.internal";

    private static readonly PeerWorld World = new();

    internal static CachedName Fresh { get; } = Of(NameState.Fresh, Verify(World.Ask().Record(World.East, World.West)));

    /// <summary>The same name with these ports, all HTTP.</summary>
    internal static CachedName FreshAt(params int[] ports) => FreshWith(
        record => record with
        {
            Ports = [.. ports.Select(port => new Port { Number = port, Protocol = "http" })],
        },
        slice => slice with { Ports = [.. ports] });

    /// <summary>The same name by another record with one slice.</summary>
    internal static CachedName FreshWith(Func<Record, Record> change, Func<Slice, Slice> changeSlice)
    {
        var world = new PeerWorld();
        var slice = changeSlice(world.East);
        world.Us1.Put(change(
            AnswerLeaves.RecordOf(PeerWorld.Checkout, world.Now - 30_000, world.Us1.Publisher, slice)));
        world.Us1.SealAt(world.Now - 500);
        var ask = world.Ask();
        return Of(NameState.Fresh, Verify(world.State, ask, ask.Record(slice)));
    }

    internal static CachedName Absent { get; } =
        Of(NameState.Absent, Verify(World.Ask("nobody.shop.svc").Negative(),
            "nobody.shop.svc")) with { LastRecord = World.Record };

    internal static CachedName Denied { get; } =
        Of(NameState.Denied, Verify(World.Ask().Denied())) with { LastRecord = World.Record };

    internal static CachedName Expired { get; } = Fresh with { State = NameState.Expired };

    internal static CachedName Stale { get; } = Fresh with { State = NameState.Stale, StaleUntil = 70_000 };

    internal static CachedName Pending(string name = Checkout) => new(name, NameState.Pending, null, 0, 0, 0, null);

    internal static CachedName Unreachable(string name = Checkout) =>
        new(name, NameState.Unreachable, null, 0, 0, 0, null);

    /// <summary>What every anchor was asked for, and failed so at one of them; the last was out of reach.</summary>
    internal static CachedName Refused(VerificationFailure failure, string name = Checkout) =>
        Unreachable(name) with
        {
            Refused = new Refusal(failure, name, "test"),
            Failure = new Refusal(VerificationFailure.Behind, name, "test"),
        };

    /// <summary>The same name with two endpoints: one at hand, one behind a network that only a gateway leads
    /// to.</summary>
    internal static CachedName BehindAGateway(bool all, params string[] reached)
    {
        var world = new PeerWorld();
        var slice = AnswerLeaves.SliceOf(PeerWorld.Checkout, null, "10.3.0.1", "10.3.0.2");
        slice = slice with
        {
            Endpoints = [.. slice.Endpoints.Select(
                (endpoint, i) => all || i == 1 ? endpoint with { Network = "vpc-2" } : endpoint)],
        };
        world.Us1.Put(AnswerLeaves.RecordOf(PeerWorld.Checkout, world.Now - 30_000, world.Us1.Publisher, slice));
        world.Us1.Put(new Gateway
        {
            Addresses = [IpEndpoint.Parse("10.9.0.1:15443")],
            Expires = world.Now + 3_600_000,
            Issued = world.Now - 30_000,
            Network = "vpc-2",
            Opening = Hex16.FromBytes(new byte[16]),
            Publisher = world.Us1.Publisher.Key.Kid,
            Version = world.Now - 30_000,
        });
        if (reached.Length > 0)
        {
            world.Eu1.Put(AnswerLeaves.ScopeOf(world.Us1.Genesis, "10.0.0.0/8") with { Networks = [.. reached] });
        }

        world.Eu1.SealAt(world.Now - 500);
        world.Us1.SealAt(world.Now - 500);
        var ask = world.Ask();
        ask.Extra.Add((1, LeafClass.Gateway, "vpc-2"));
        return Of(NameState.Fresh, Verify(world.State, ask, ask.Record(slice)));
    }

    private static CachedName Of(NameState state, VerifiedAnswer answer) =>
        new(Checkout, state, answer, 0, 10_000, World.Now - 1000, null) { LastRecord = answer.Record };

    private static VerifiedAnswer Verify(UnverifiedAnswer answer, string service = PeerWorld.Checkout) =>
        Verify(World.State, World.Ask(service), answer);

    private static VerifiedAnswer Verify(VerifierState state, TestAnswers ask, UnverifiedAnswer answer) =>
        AnswerVerifier.Verify(state, ask.Query, answer, ask.Now) switch
        {
            Verdict.Accepted accepted => accepted.Answer,
            Verdict.Refused refused => throw new InvalidOperationException(refused.Refusal.ToString()),
            _ => throw new InvalidOperationException(),
        };
}
