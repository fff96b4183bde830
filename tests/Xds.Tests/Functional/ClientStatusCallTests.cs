using Fairlead.TestKit;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Functional;

/// <summary>grpc-js with the official protos reads the status of clients by both methods.</summary>
public sealed class ClientStatusCallTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Status_IsReadByAStranger()
    {
        if (PeerTools.Node is not { } node || PeerTools.NodePackages is not { } folder)
        {
            Assert.Skip("node with the packages of tests/node is not there (make test installs it)");
            return;
        }

        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(Bound);
        await using var host = await AdsHost.StartAsync();
        await using var client = new VariantClient(Variant.Delta, host.Socket, bounded.Token);
        host.Publish(Cluster("a"), Endpoints("a", 1));
        await client.SubscribeAsync(ResourceType.Cluster, "a", "b");
        Assert.Equal("cds a", await client.NextAsync(ResourceType.Cluster));
        await host.AckOfAsync(Cluster("a"));

        var (code, output, error) = await PeerTools.RunAsync(
            node, ["client-status.js", "unix:" + host.Socket, "te"], folder, bounded.Token);
        Assert.True(code == 0, error);
        Assert.Equal(
            """
            fetch test Cluster a SYNCED a -
            fetch test Cluster b NOT_SENT - -
            stream test Cluster a SYNCED a -
            stream test Cluster b NOT_SENT - -

            """,
            output);
        (code, output, error) = await PeerTools.RunAsync(
            node, ["client-status.js", "unix:" + host.Socket, "other"], folder, bounded.Token);
        Assert.Equal((0, ""), (code, output));
    }
}
