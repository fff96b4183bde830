using System.Text.Json.Nodes;
using Fairlead.Anchor.Tests.Cluster;
using Fairlead.Cli;
using Fairlead.Cli.Ceremony;
using Fairlead.Naming;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Governing;

/// <summary>The operators' commands at the sockets of real anchors: what they propose is what the anchors decide, and
/// what the log tells.</summary>
public sealed class OperatorCommandClusterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-operators-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Operations_ByTheirCommands_AreDecidedAndLogged()
    {
        await using var cluster = new AnchorCluster("us1.internal", 200);
        await cluster.StartAllAsync();
        var neighbour = new TestSegment(new TestSegmentOptions { Name = "eu1.internal", FirstKey = 100 });
        var child = new TestSegment(new TestSegmentOptions { Name = "west.us1.internal", FirstKey = 400 });
        var publisher = TestKeys.Signer(291).Key;
        var proposed = new[]
        {
            await DecideAsync(
                cluster, 1, "credential", "--issue", publisher.ToString(), "--name", "*.shop.svc", "--days", "1"),
            await DecideAsync(cluster, 2, "peer", FileOf(neighbour)),
            await DecideAsync(cluster, 3, "join", "--child", FileOf(child)),
        };

        var view = cluster[3].Views.Current!;
        Assert.Equal(proposed[^1], view.Epoch.Digest.ToString());
        Assert.Equal([neighbour.Genesis], view.Epoch.Value.Peers);
        Assert.Equal(child.Genesis, view.Find<Link>(LeafClass.Link, "west")!.Value.Genesis);
        Assert.NotNull(view.Find<Credential>(LeafClass.Credential, publisher.Kid.ToString()));

        // Of each anchor the log is the same, and names each operation with what it put there.
        (string Op, string Leaf)[] expected =
        [
            ("credential", $"+ credential {publisher.Kid} "), ("peer", "+ peer eu1.internal "),
            ("join", "+ link west "),
        ];
        foreach (var anchor in new[] { 0, 3 })
        {
            var log = JsonNode.Parse(await RunAsync(cluster, anchor, "log", "--from", "1"))!;
            Assert.Equal(3, (int)log["newest"]!);
            var epochs = log["epochs"]!.AsArray();
            Assert.Equal(proposed, epochs.Select(one => (string)one!["digest"]!));
            Assert.All(epochs.Zip(expected), one =>
            {
                Assert.Equal(one.Second.Op, (string)one.First!["op"]!);
                Assert.Contains(
                    one.First["changes"]!.AsArray(),
                    change => ((string)change!).StartsWith(one.Second.Leaf, StringComparison.Ordinal));
            });
        }
    }

    // One operator proposes, two approve: three of four certify. The digest of the epoch.
    private static async Task<string> DecideAsync(AnchorCluster cluster, long epoch, params string[] operation)
    {
        var proposed = JsonNode.Parse(await RunAsync(cluster, 0, ["propose", .. operation]))!;
        Assert.Equal(epoch, (long)proposed["epoch"]!);
        var digest = (string)proposed["digest"]!;
        foreach (var anchor in new[] { 1, 2 })
        {
            await OperatorClient.EventuallyAsync(async () => JsonNode.Parse(
                await RunAsync(cluster, anchor, "proposals"))!["proposals"]!.AsArray()
                .Any(one => (string)one!["digest"]! == digest));
            await RunAsync(cluster, anchor, "approve", digest);
        }

        await EpochClusterTests.SealedAsync(cluster, epoch);
        return digest;
    }

    private static async Task<string> RunAsync(AnchorCluster cluster, int anchor, params string[] arguments)
    {
        await using var @operator = new OperatorClient(cluster, anchor);
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = await FairleadCommand.RunAsync(
            [.. arguments, "--socket", @operator.Socket, "--output", "json"], output,
            TestContext.Current.CancellationToken, error);
        Assert.True(code == ExitCode.Answer, $"{string.Join(' ', arguments)}: {code} {output}{error}");
        return output.ToString();
    }

    private string FileOf(TestSegment segment)
    {
        var path = Path.Combine(_folder, $"{segment.Name}.json");
        File.WriteAllBytes(path, PeerFile.Of(segment.Name, segment.Genesis, segment.Newest).Encode());
        return path;
    }
}
