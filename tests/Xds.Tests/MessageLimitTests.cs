using Fairlead.Xds.Csds;
using Fairlead.Xds.Streams;
using Fairlead.Xds.Tests.Delta;
using Fairlead.Xds.Tests.Sotw;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests;

/// <summary>What no message can bring is held back alone, with a reason, and the client keeps what it has.</summary>
public sealed class MessageLimitTests
{
    private const int Message = 1 << 20;

    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly ResourceType Eds = ResourceType.Endpoints;

    private static readonly XdsLimits Limits = XdsLimits.Default with
    {
        MessageBytes = Message, EnvoyMessageBytes = 2 * Message, PushInterval = TimeSpan.Zero,
    };

    [Fact]
    public void Endpoints_ThatGrowTooLarge_StayAsTheyWere_AndOthersGoOn()
    {
        var snapshot = Snapshot(Endpoints("a", 1), Endpoints("b", 1));
        var (sotw, delta) = (new SotwClient(snapshot, Limits), new DeltaClient(snapshot, Limits));
        sotw.Request(Eds, ["a", "b"]);
        delta.Subscribe(Eds, "a", "b");
        Taken(sotw, delta, "eds a b");
        Ack();
        Publish(LargeEndpoints("a", Message), Endpoints("b", 2));
        Taken(sotw, delta, "eds b");
        Assert.All([sotw.Stream.TakeTold(), delta.Stream.TakeTold()], told => Assert.StartsWith(
            "TooLarge: ", Assert.IsType<StreamEvent.Withheld>(Assert.Single(told)).Reason.Message,
            StringComparison.Ordinal));
        Assert.Equal((ResourceState.Refused, "TooLarge"), Status(sotw.Stream.Types, "a"));
        Ack();

        // Nothing more is said of it, and whoever asks anew gets what is good.
        Publish(Endpoints("b", 3));
        Taken(sotw, delta, "eds b");
        Assert.Empty(sotw.Stream.TakeTold().Concat(delta.Stream.TakeTold()));
        Ack();
        delta.Subscribe(Eds, "a");
        Assert.Equal(["eds a"], delta.Take());
        Assert.Equal(Endpoints("a", 1).Version, delta.Last(Eds).Resources[0].Version);
        delta.Ack(Eds);

        Publish(Endpoints("a", 2));
        Taken(sotw, delta, "eds a");
        Ack();
        Assert.Equal((ResourceState.Taken, null), Status(sotw.Stream.Types, "a"));

        void Publish(params Resource[] resources)
        {
            sotw.Publish(resources);
            delta.Publish(resources);
        }

        void Ack()
        {
            sotw.Ack(Eds, "a", "b");
            delta.Ack(Eds);
        }
    }

    [Fact]
    public void Endpoints_ThatAreTooLargeFromTheFirst_AreToldAsNone_ToWhoHoldsNothing()
    {
        var snapshot = Snapshot(LargeEndpoints("a", Message), Endpoints("b", 1));
        var (sotw, delta) = (new SotwClient(snapshot, Limits), new DeltaClient(snapshot, Limits));
        sotw.Request(Eds, ["a", "b"]);
        delta.Subscribe(Eds, "a", "b");
        Taken(sotw, delta, "eds a b");
        Assert.Equal(Resource.EmptyEndpoints("a").Version, delta.Last(Eds).Resources[0].Version);

        (sotw, delta) = (new SotwClient(snapshot, Limits), new DeltaClient(snapshot, Limits));
        sotw.Request(Eds, ["a", "b"], version: "of another life");
        delta.Send(Eds, ["a", "b"], before: [("a", "1"), ("b", "1")]);
        Taken(sotw, delta, "eds b");
    }

    [Fact]
    public void Limit_IsTheClients()
    {
        var snapshot = Snapshot(LargeEndpoints("a", Message));
        var (sotw, delta) = (
            new SotwClient(snapshot, Limits, isEnvoy: true), new DeltaClient(snapshot, Limits, isEnvoy: true));
        sotw.Request(Eds, ["a"]);
        delta.Subscribe(Eds, "a");
        Taken(sotw, delta, "eds a");
        Assert.Equal(snapshot.Find(Eds, "a")!.Version, delta.Last(Eds).Resources[0].Version);
        Assert.Empty(sotw.Stream.TakeTold().Concat(delta.Stream.TakeTold()));
    }

    /// <summary>Of clusters that a client of delta holds from before it is not told that they are gone.</summary>
    [Fact]
    public void Cluster_ThatIsTooLarge_IsNotCalledRemoved_UntilItIs()
    {
        var client = new DeltaClient(Snapshot(Large("a"), Cluster("b")), Limits);
        client.Send(Cds, before: [("a", "1"), ("b", "1")]);
        Assert.Equal(["cds b"], client.Take());
        client.Ack(Cds);
        client.Publish(Cluster("a"));
        Assert.Equal(["cds a"], client.Take());
        client.Ack(Cds);
        client.Publish(Large("a"));
        Assert.Empty(client.Take());
        client.Remove(Cds, "a");
        Assert.Equal(["cds -a"], client.Take());
    }

    [Fact]
    public void Clusters_ThatTogetherAreTooMany_LeaveTheLastNamesOut_AndNoneThatIsHeld()
    {
        Resource[] all = [.. Enumerable.Range(0, 12).Select(i => Large($"c{i:d2}", 99_000))];
        var client = new SotwClient(Snapshot(all), Limits);
        client.Request(Cds, []);
        Assert.Equal([$"cds {Names(0, 9)}"], client.Take());
        Assert.Equal(3, client.Stream.TakeTold().Count);
        Assert.Equal((ResourceState.Refused, "NoRoom"), Status(client.Stream.Types, "c11"));
        client.Ack(Cds);

        // One that grows stays as it was; a new one that is small has room.
        client.Publish(Large("c03", 400_000));
        Assert.Empty(client.Take());
        Assert.Single(client.Stream.TakeTold());
        client.Publish(Cluster("b"));
        Assert.Equal([$"cds b {Names(0, 9)}"], client.Take());
        Assert.Empty(client.Stream.TakeTold());
        client.Ack(Cds);

        // What leaves makes room.
        client.Publish(Large("c03", 99_000));
        client.Publish(client.Snapshot.ToBuilder().Remove(Cds, "c00").Remove(Cds, "c01").Remove(Cds, "c02").Build());
        Assert.Equal([$"cds b {Names(3, 9)}"], client.Take());

        static string Names(int from, int count) =>
            string.Join(' ', Enumerable.Range(from, count).Select(i => $"c{i:d2}"));
    }

    /// <summary>Clusters leave behind the routes to them, as far as there is room for that.</summary>
    [Fact]
    public void Clusters_ThatAreAboutToLeave_MakeNoResponseTooLarge()
    {
        var routes = ResourceType.Route;
        var client = new SotwClient(
            Snapshot(Large("old", 600_000), Cluster("a"), Cluster("c"), Routes("r", "old")), Limits);
        client.Request(Cds, []);
        client.Request(routes, ["r"]);
        Assert.Equal(["cds a c old", "rds r"], client.Take());
        client.Ack(Cds);
        client.Ack(routes, "r");
        client.Publish(Next(
            client.Snapshot.ToBuilder().Remove(Cds, "old").Remove(Cds, "c").Build(),
            Large("new", 600_000), Routes("r", "new")));
        Assert.Equal(["cds a c new"], client.Take());
        client.Ack(Cds);
        client.Now += Limits.WarmWaitMax;
        Assert.Equal(["rds r"], client.Take());
        client.Ack(routes, "r");
        Assert.Equal(["cds a new"], client.Take());
        Assert.Empty(client.Stream.TakeTold());
    }

    private static Resource Large(string name, int bytes = Message) => Cluster(name, service: new string('s', bytes));

    private static (ResourceState State, string? Why) Status(IEnumerable<TypeState> types, string name)
    {
        var status = types.Single().Resources().Single(one => one.Name == name);
        return (status.State, status.Refused?.Message.Split(':')[0]);
    }

    private static void Taken(SotwClient sotw, DeltaClient delta, params string[] responses)
    {
        Assert.Equal(responses, sotw.Take());
        Assert.Equal(responses, delta.Take());
    }
}
