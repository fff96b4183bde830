using Fairlead.Xds.Tests.Functional;
using Fairlead.XdsConformance.Wire;
using Xunit;

namespace Fairlead.Xds.Tests.Conformance;

/// <summary>
/// What the public xDS test harness asks of a control plane, driven by its adapter's calls: of each type in each
/// variant exactly these responses, at the versions that the adapter was told, and no other in between.
/// </summary>
public sealed class ConformanceTests
{
    private const string Node = "test";

    public static MatrixTheoryData<Variant, string> All =>
        new(System.Enum.GetValues<Variant>(), ["cds", "eds", "lds", "rds"]);

    public static MatrixTheoryData<Variant, string> FullState =>
        new(System.Enum.GetValues<Variant>(), ["cds", "lds"]);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Names_AreUpdatedAddedRemovedAndGivenUp(Variant variant, string shortName)
    {
        var type = ResourceType.All.Single(one => one.ShortName == shortName);
        var isWhole = type.FullState && !IsDelta(variant);
        await using var host = await ConformanceHost.StartAsync();
        await using var client = new VariantClient(variant, host.Socket, Cancellation);
        await host.SetAsync(Node, "1", type, "A", "B", "C");

        // A name that is not there gets no answer, and one once it is.
        await client.SubscribeAsync(type, "A", "B", "late");
        await TakeAsync(client, type, "1", "A B");
        Assert.True(await host.TellAsync("Update", Node, "2", type, "A"));
        await TakeAsync(client, type, "2", isWhole ? "A B" : "A");
        Assert.True(await host.TellAsync("Update", Node, "3", type, "C"));
        Assert.True(await host.TellAsync("Add", Node, "4", type, "late"));
        await TakeAsync(client, type, "4", isWhole ? "A B late" : "late");
        Assert.True(await host.TellAsync("Remove", Node, "4", type, "B"));
        if (isWhole)
        {
            await TakeAsync(client, type, "4", "A late");
        }
        else if (IsDelta(variant))
        {
            await TakeAsync(client, type, "4", "-B");
        }

        // The answer to what joins shows that what was given up before is heard.
        await client.UnsubscribeAsync(type, "A");
        await client.SubscribeAsync(type, "C");
        await TakeAsync(client, type, "4", isWhole ? "C late" : "C");
        Assert.True(await host.TellAsync("Update", Node, "5", type, "C"));
        await TakeAsync(client, type, "5", isWhole ? "C late" : "C");
        Assert.True(await host.TellAsync("Update", Node, "6", type, "A"));
        Assert.True(await host.TellAsync("Update", Node, "7", type, "late"));
        await TakeAsync(client, type, "7", isWhole ? "C late" : "late");
    }

    [Theory]
    [MemberData(nameof(FullState))]
    public async Task Everything_IsToldAndFollowed(Variant variant, string shortName)
    {
        var type = ResourceType.All.Single(one => one.ShortName == shortName);
        var isDelta = IsDelta(variant);
        await using var host = await ConformanceHost.StartAsync();
        await using var client = new VariantClient(variant, host.Socket, Cancellation);
        await host.SetAsync(Node, "1", type, "A", "B");
        await host.SetAsync("another", "9", type, "X");
        await client.SubscribeAsync(type);
        await TakeAsync(client, type, "1", "A B");
        await host.TellAsync("Update", "another", "10", type, "X");
        await host.TellAsync("Update", Node, "2", type, "B");
        await TakeAsync(client, type, "2", isDelta ? "B" : "A B");
        await host.TellAsync("Add", Node, "3", type, "C");
        await TakeAsync(client, type, "3", isDelta ? "C" : "A B C");
        await host.TellAsync("Remove", Node, "3", type, "A");
        await TakeAsync(client, type, "3", isDelta ? "-A" : "B C");
        await host.ClearAsync(Node);
        await TakeAsync(client, type, "0", isDelta ? "-B -C" : "");
    }

    [Theory]
    [InlineData(Variant.Sotw)]
    [InlineData(Variant.Delta)]
    public async Task TwoTypes_OnOneStream_AreToldApart(Variant variant)
    {
        var (cds, lds) = (ResourceType.Cluster, ResourceType.Listener);
        await using var host = await ConformanceHost.StartAsync();
        await using var client = new VariantClient(variant, host.Socket, Cancellation);
        await host.SetAsync(Node, "1", cds, "A");
        await host.TellAsync("Add", Node, "1", lds, "L");
        await client.SubscribeAsync(cds);
        await TakeAsync(client, cds, "1", "A");
        await client.SubscribeAsync(lds);
        await TakeAsync(client, lds, "1", "L");
        await host.TellAsync("Update", Node, "2", lds, "L");
        await TakeAsync(client, lds, "2", "L");
        await host.TellAsync("Update", Node, "2", cds, "A");
        await TakeAsync(client, cds, "2", "A");
    }

    [Fact]
    public async Task Adapter_RefusesWhatItCannotServe()
    {
        await using var host = await ConformanceHost.StartAsync();
        var unknown = new SetStateRequest { Node = Node, Version = "1" };
        unknown.Resources.Add(new Google.Protobuf.WellKnownTypes.Any { TypeUrl = "type.googleapis.com/nobody.knows" });
        Assert.False((await host.CallAsync<SetStateRequest, SetStateResponse>("SetState", unknown)).Success);
        await host.SetAsync(Node, "1", ResourceType.Cluster, "A");
        Assert.False(await host.TellAsync("Add", Node, "2", ResourceType.Cluster, "A"));
        Assert.False(await host.TellAsync("Update", Node, "2", ResourceType.Cluster, "B"));
        Assert.False(await host.TellAsync("Remove", Node, "2", ResourceType.Cluster, "B"));
        Assert.False(await host.TellAsync("Add", Node, "2", ResourceType.Cluster, ""));
        Assert.NotEmpty((await host.ClearAsync(Node)).Response);
    }

    private static async Task TakeAsync(VariantClient client, ResourceType type, string version, string names)
    {
        var response = await client.TakeAsync(type);
        await response.AcknowledgeAsync();
        Assert.Equal(
            (type, version, $"{type.ShortName} {names}".Trim()), (response.Type, response.Version, response.Text));
    }

    private static bool IsDelta(Variant variant) => variant is Variant.Delta or Variant.DeltaPerType;
}
