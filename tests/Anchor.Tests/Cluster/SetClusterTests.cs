using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>Names under clusterset.local at real anchors: sealed at home, asked at home alone.</summary>
public sealed class SetClusterTests
{
    private const string Catalog = "catalog.shop.svc";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Set_IsSealedAnsweredAndWithdrawn(int attest)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(Patience);
        await using var home = new AnchorCluster("eu1.internal", 100, ClusterClient.Subjects, attest);
        await using var client = new ClusterClient();
        await home.StartAllAsync();

        var absent = await client.ResolveAsync(home, 1, $"{Catalog}.clusterset.local", bounded.Token);
        Assert.Equal(Outcome.Absent, Assert.IsType<Verdict.Accepted>(absent).Answer.Outcome);

        var set = Make(home);
        await SealAsync(home, client, "set", Envelope.Sign(Document.Make(set), home.Segment.Publisher));
        var answer = Assert.IsType<Verdict.Accepted>(
            await ResolveUntilAsync(home, client, Outcome.Set, bounded.Token)).Answer;
        Assert.Equal(Document.Make(set).Digest, Document.Make(answer.Set!).Digest);
        Assert.Equal(attest, answer.Target.Attests.Length);

        var withdraw = new Withdraw
        {
            Class = (long)LeafClass.Set, Expires = set.Expires, Issued = ClusterClient.Now, Name = Catalog,
            Opening = TestSegment.Bytes16("gone"), Publisher = set.Publisher,
            Version = Math.Max(set.Version + 1, ClusterClient.Now),
        };
        await SealAsync(home, client, "withdraw", Envelope.Sign(Document.Make(withdraw), home.Segment.Publisher));
        await ResolveUntilAsync(home, client, Outcome.Absent, bounded.Token);
    }

    [Fact]
    public async Task Set_OfANeighbour_IsAskedOfNobody()
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(Patience);
        await using var home = new AnchorCluster("eu1.internal", 100, ClusterClient.Subjects);
        await using var client = new ClusterClient();
        await home.StartAllAsync();
        await client.ResolveAsync(home, 0, $"{Catalog}.clusterset.local", bounded.Token);
        await using var pod = client.AsPod(home, 0);
        var query = Document.Make(new Naming.Query
        {
            Home = Digest.Sha256("another home"u8), Name = FullName.Parse($"{Catalog}.clusterset.local"),
            Subject = Hashes.Subject(home.Segment.Genesis, ClusterClient.Pod),
        });
        var refused = await Assert.ThrowsAsync<RpcException>(
            () => ClusterClient.ResolveOnceAsync(pod, query, bounded.Token));
        Assert.Equal(VerificationFailure.QueryMismatch, RpcFailures.Read(refused)!.Failure);
    }

    private static Set Make(AnchorCluster home) => new()
    {
        Expires = ClusterClient.Now + 3_600_000,
        Issued = ClusterClient.Now,
        Members =
        [
            new SetMember
            {
                Genesis = home.Segment.Genesis, Name = FullName.Parse($"{Catalog}.eu1.internal"), Priority = 0,
                Weight = 1,
            },
        ],
        Name = ServicePart.Parse(Catalog),
        Opening = TestSegment.Bytes16("set"),
        Publisher = home.Segment.Publisher.Key.Kid,
        TtlMax = 10_000,
        Version = ClusterClient.Now,
    };

    private static async Task SealAsync(AnchorCluster home, ClusterClient client, string type, Envelope document)
    {
        var last = await client.PublishAsync(home, 0, type, document);
        Assert.True(last.KindCase == PublishEvent.KindOneofCase.Sealed, last.ToString());
    }

    // Another anchor may be a seal behind the one that was published to.
    private static async Task<Verdict> ResolveUntilAsync(
        AnchorCluster home, ClusterClient client, Outcome outcome, CancellationToken cancellationToken)
    {
        while (true)
        {
            var verdict = await client.ResolveAsync(home, 1, $"{Catalog}.clusterset.local", cancellationToken);
            if (verdict is Verdict.Accepted { Answer: var answer } && answer.Outcome == outcome)
            {
                return verdict;
            }

            await Task.Delay(50, cancellationToken);
        }
    }
}
