using System.Text.Json;
using Fairlead.TestKit.Processes;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Functional;

/// <summary>gRPC's C core as a client: <c>xds:///name</c> in Python.</summary>
public sealed class GrpcClientTests
{
    private const string Name = "catalog.shop.svc.us1.internal:9000";
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Call_OfAnXdsName_ReachesItsBackend(bool unix)
    {
        await using var backend = await GrpcBackend.StartAsync("one");
        await using var host = await AdsHost.StartAsync();
        await using var client = await StartAsync(host, unix);
        host.Publish(Service(backend.Port));

        Assert.Equal("ok one", await client.AskAsync("100", Bound, Cancellation));

        var stream = Assert.Single(host.Service.Streams());
        Assert.True(stream.Node.IsGrpc, stream.Node.UserAgent);
        Assert.Equal("pod", stream.Node.Id);
        Assert.Equal(["cds", "eds", "lds", "rds"], stream.Types.Select(t => t.Type.ShortName));
        Assert.All(stream.Types, type => Assert.Equal([Name], type.Names));
        Assert.All(stream.Types, type => Assert.Null(type.Refused));
    }

    [Fact]
    public async Task Name_ThatAppearsLater_IsAskedForAndThenServed()
    {
        await using var backend = await GrpcBackend.StartAsync("one");
        await using var host = await AdsHost.StartAsync();
        host.Publish();
        await using var client = await StartAsync(host, unix: true);
        var answer = client.AskAsync("100", Bound, Cancellation);
        await Eventually.HoldsAsync(
            () => Task.FromResult(host.Interest.Told), told => told.Contains("+lds " + Name), Bound, Cancellation);

        host.Publish(Service(backend.Port));

        Assert.Equal("ok one", await answer);
    }

    [Fact]
    public async Task Endpoints_Replaced_MoveTheCalls()
    {
        await using var one = await GrpcBackend.StartAsync("one");
        await using var two = await GrpcBackend.StartAsync("two");
        await using var host = await AdsHost.StartAsync();
        host.Publish(Service(one.Port));
        await using var client = await StartAsync(host, unix: true);
        Assert.Equal("ok one", await client.AskAsync("100", Bound, Cancellation));

        var moved = Endpoints(Name, two.Port);
        host.Publish(moved);
        await host.AckOfAsync(moved);

        await Eventually.HoldsAsync(
            () => client.AskAsync("100", Bound, Cancellation), answer => answer == "ok two", Bound, Cancellation);
    }

    [Fact]
    public async Task Endpoints_Emptied_FailCallsAtOnce()
    {
        await using var backend = await GrpcBackend.StartAsync("one");
        await using var host = await AdsHost.StartAsync();
        host.Publish(Service(backend.Port));
        await using var client = await StartAsync(host, unix: true);
        Assert.Equal("ok one", await client.AskAsync("100", Bound, Cancellation));

        var empty = Resource.EmptyEndpoints(Name);
        host.Publish(empty);
        await host.AckOfAsync(empty);

        var answer = await Eventually.HoldsAsync(
            () => client.AskAsync("100", Bound, Cancellation), said => !said.StartsWith("ok"), Bound, Cancellation);
        Assert.StartsWith("UNAVAILABLE", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BadEndpoints_AreRefusedAndTheGoodOnesStay()
    {
        await using var one = await GrpcBackend.StartAsync("one");
        await using var two = await GrpcBackend.StartAsync("two");
        await using var host = await AdsHost.StartAsync();
        host.Publish(Service(one.Port));
        await using var client = await StartAsync(host, unix: true);
        Assert.Equal("ok one", await client.AskAsync("100", Bound, Cancellation));

        host.Publish(BadEndpoints(Name));
        await Eventually.HoldsAsync(
            () => Task.FromResult(host.Service.Streams().Single().Types.Single(t => t.Type == ResourceType.Endpoints)),
            type => type.Refused is not null,
            Bound,
            Cancellation);
        Assert.Equal("ok one", await client.AskAsync("100", Bound, Cancellation));

        var good = Endpoints(Name, two.Port);
        host.Publish(good);
        await host.AckOfAsync(good);
    }

    /// <summary>A cluster or a listener that this client takes nothing of, beside good ones in the same response: the
    /// other name is followed, and of the bad one that is used which was good.</summary>
    [Theory]
    [InlineData("cds")]
    [InlineData("lds")]
    public async Task BadOne_OfTwoNames_KeepsNothingFromTheOther(string which)
    {
        const string Bad = "bad.shop.svc.us1.internal:9000";
        await using var one = await GrpcBackend.StartAsync("one");
        await using var two = await GrpcBackend.StartAsync("two");
        await using var host = await AdsHost.StartAsync();
        host.Publish([.. Service(one.Port), .. Service(two.Port, Bad)]);
        await using var client = await StartAsync(host, unix: true, Bad);
        Assert.Equal("ok one", await client.AskAsync("20", Bound, Cancellation));
        Assert.Equal("ok two", await client.AskAsync("20 1", Bound, Cancellation));

        var bad = which == "cds" ? Unreadable(Bad)
            : Resource.Create(new EnvoyApi.Listeners.Listener { Name = Bad });
        host.Publish([.. Service(two.Port, "second"), bad, Leading(which, Name, "second")]);
        await UntilAsync(client, "20", "ok two");
        await Eventually.HoldsAsync(
            () => Task.FromResult(TypeOf(host, bad.Type).RefusedNames), names => names.Contains(Bad), Bound,
            Cancellation);
        host.Publish([.. Service(one.Port, "third"), Leading(which, Name, "third")]);
        await UntilAsync(client, "20", "ok one");
        Assert.Equal("ok two", await client.AskAsync("20 1", Bound, Cancellation));

        host.Publish(Leading(which, Bad, "third"));
        await UntilAsync(client, "20 1", "ok one");
        await Eventually.HoldsAsync(
            () => Task.FromResult(TypeOf(host, bad.Type)), type => type.Refused is null && type.RefusedNames.IsEmpty,
            Bound, Cancellation);
    }

    // A cluster of the endpoints, or a listener of the routes, of another name.
    private static Resource Leading(string which, string name, string to) =>
        which == "cds" ? Cluster(name, service: to) : Listener(name, to);

    private static TypeStatus TypeOf(AdsHost host, ResourceType type) =>
        host.Service.Streams().Single().Types.Single(one => one.Type == type);

    private static Task UntilAsync(ChildProcess client, string call, string due) => Eventually.HoldsAsync(
        () => client.AskAsync(call, Bound, Cancellation), answer => answer == due, Bound, Cancellation);

    /// <summary>After a restart one name is known before the other, which the client holds: calls to neither
    /// fail.</summary>
    [Fact]
    public async Task Server_RestartedWithOneNameUnknown_KeepsTheOther()
    {
        const string Late = "late.shop.svc.us1.internal:9000";
        await using var one = await GrpcBackend.StartAsync("one");
        await using var two = await GrpcBackend.StartAsync("two");

        // However long it takes to publish it: what is not known by then is not there.
        var options = new AdsOptions { Limits = XdsLimits.Default with { HeldWaitMax = Bound } };
        await using var host = await AdsHost.StartAsync(options);
        host.Interest.AnswersMissing = false;
        host.Publish([.. Service(one.Port), .. Service(two.Port, Late)]);
        await using var client = await StartAsync(host, unix: true, Late);
        Assert.Equal("ok one", await client.AskAsync("100", Bound, Cancellation));
        Assert.Equal("ok two", await client.AskAsync("100 1", Bound, Cancellation));

        await host.StopServerAsync();
        host.View.Update(builder =>
        {
            foreach (var resource in Service(two.Port, Late))
            {
                builder.Remove(resource.Type, resource.Name);
            }
        });
        await host.StartServerAsync(options);
        await host.AckOfAsync(Endpoints(Name, one.Port));
        Assert.Equal("ok two", await client.AskAsync("100 1", Bound, Cancellation));
        Assert.Equal("ok one", await client.AskAsync("100", Bound, Cancellation));

        host.Publish(Service(two.Port, Late));
        await host.AckOfAsync(Listener(Late, Late));
        Assert.Equal("ok two", await client.AskAsync("100 1", Bound, Cancellation));
    }

    /// <summary>This library takes 4 MiB and ends the stream for more: one name that is larger is held back, and the
    /// other is served all the time.</summary>
    [Fact]
    public async Task Endpoints_LargerThanTheClientTakes_KeepNoOtherNameFromIt()
    {
        const string Large = "large.shop.svc.us1.internal:9000";
        await using var one = await GrpcBackend.StartAsync("one");
        await using var two = await GrpcBackend.StartAsync("two");
        await using var host = await AdsHost.StartAsync();
        var large = LargeEndpoints(Large, 5 << 20);
        host.Publish([.. Service(one.Port), .. Service(two.Port, Large).Where(r => r.Type != large.Type), large]);
        await using var client = await StartAsync(host, unix: true, Large);
        Assert.StartsWith("UNAVAILABLE", await client.AskAsync("100 1", Bound, Cancellation), StringComparison.Ordinal);
        Assert.Equal("ok one", await client.AskAsync("100", Bound, Cancellation));

        var good = Endpoints(Large, two.Port);
        host.Publish(good);
        await host.AckOfAsync(good);
        await Eventually.HoldsAsync(
            () => client.AskAsync("100 1", Bound, Cancellation), answer => answer == "ok two", Bound, Cancellation);

        var moved = Endpoints(Name, two.Port);
        host.Publish(large, moved);
        await host.AckOfAsync(moved);
        Assert.Equal("ok two", await client.AskAsync("100 1", Bound, Cancellation));
        var stream = Assert.Single(host.Service.Streams());
        Assert.Equal([Large], stream.Types.SelectMany(type => type.Withheld).Select(one => one.Name));
        Assert.Equal(1, stream.Id);
    }

    /// <summary>A set as it is served: to the first member, to the second while the first is unready or left out, and
    /// back.</summary>
    [Fact]
    public async Task Members_OfASet_AreTakenInTheirOrder()
    {
        await using var one = await GrpcBackend.StartAsync("one");
        await using var two = await GrpcBackend.StartAsync("two");
        await using var host = await AdsHost.StartAsync();
        var (first, second) = (("catalog.us1", one.Port, true), ("catalog.eu1", two.Port, true));
        host.Publish(Listener(Name, Name), Routes(Name, Name), Cluster(Name), MembersOf(Name, first, second));
        await using var client = await StartAsync(host, unix: true);
        Assert.Equal("ok one", await client.AskAsync("100", Bound, Cancellation));

        foreach (var (members, by) in new[]
        {
            (MembersOf(Name, first with { Item3 = false }, second), "ok two"),
            (MembersOf(Name, first, second), "ok one"),
            (MembersOf(Name, second), "ok two"),
            (MembersOf(Name, first, second), "ok one"),
        })
        {
            host.Publish(members);
            await host.AckOfAsync(members);
            await Eventually.HoldsAsync(
                () => client.AskAsync("100", Bound, Cancellation), answer => answer == by, Bound, Cancellation);
        }
    }

    [Fact]
    public async Task Client_ThatEnds_FreesItsNames()
    {
        await using var backend = await GrpcBackend.StartAsync("one");
        await using var host = await AdsHost.StartAsync();
        host.Publish(Service(backend.Port));
        await using (var client = await StartAsync(host, unix: true))
        {
            Assert.Equal("ok one", await client.AskAsync("100", Bound, Cancellation));
        }

        await Eventually.HoldsAsync(
            () => Task.FromResult(host.Service.Streams().Count), count => count == 0, Bound, Cancellation);
        Assert.Contains("-eds " + Name, host.Interest.Told);
    }

    private static Resource[] Service(int port, string name = Name)
    {
        return [Listener(name, name), Routes(name, name), Cluster(name), Endpoints(name, port)];
    }

    private static async Task<ChildProcess> StartAsync(AdsHost host, bool unix, params string[] others)
    {
        if (PythonGrpc.Program is not { } python)
        {
            Assert.Skip("no python3 with grpcio; install python3-grpcio or set PYTHON");
            return null;
        }

        var bootstrap = JsonSerializer.Serialize(new
        {
            xds_servers = new[]
            {
                new
                {
                    server_uri = unix ? "unix:" + host.Socket : host.Address.ToString(),
                    channel_creds = new[] { new { type = "insecure" } },
                    server_features = new[] { "xds_v3" },
                },
            },
            node = new { id = "pod", cluster = "test", locality = new { region = "eu" } },
        });
        var script = Path.Combine(AppContext.BaseDirectory, "Functional", "xds_client.py");
        var environment = new Dictionary<string, string?>
        {
            ["GRPC_XDS_BOOTSTRAP_CONFIG"] = bootstrap,
            // Between calls this library looks at its sockets every 5 s only.
            ["GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS"] = "20",
        };
        var client = ChildProcess.Start(python, [script, Name, .. others], environment);
        Assert.Equal("ready", await client.ReadLineAsync(Bound, Cancellation));
        return client;
    }
}
