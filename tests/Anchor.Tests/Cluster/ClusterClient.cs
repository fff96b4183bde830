using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Google.Protobuf;
using Query = Fairlead.Naming.Query;
using Record = Fairlead.Naming.Record;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>A publisher and a pod that talk to the anchors of a cluster as the real ones do.</summary>
internal sealed class ClusterClient : IAsyncDisposable
{
    internal static readonly Naming.Subject Pod = new() { Namespace = "shop", Account = "frontend" };

    private readonly TlsIdentity _publisher = new(TestKeys.Ecdsa(290), TimeProvider.System);
    private readonly TlsIdentity _pod = new(TestKeys.Ecdsa(900), TimeProvider.System);

    /// <summary>The mapping that makes key 900 the pod.</summary>
    internal static IReadOnlyList<(PublicKey Key, Naming.Subject Subject)> Subjects =>
        [(TestKeys.Signer(900).Key, Pod)];

    internal static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    internal AnchorClient AsPod(AnchorCluster cluster, int anchor) => Client(cluster, anchor, _pod);

    internal static AnchorClient Client(AnchorCluster cluster, int anchor, TlsIdentity identity) =>
        new(cluster.Segment.Newest.Value.Anchors[anchor].Endpoints[0], identity, TimeProvider.System)
        {
            Patience = TimeSpan.FromMinutes(2),
        };

    /// <summary>A record with one slice of one endpoint.</summary>
    internal static (Parsed<Record> Record, Parsed<Slice> Slice) Make(
        AnchorCluster cluster, string name, string address = "127.0.2.1")
    {
        var slice = TestLeaves.Slice(name, 18080, address);
        var now = Now;
        var record = Document.Make(TestLeaves.Record(cluster.Segment, name, now) with
        {
            Slices = [new SliceReference { Count = 1, Digest = slice.Digest }],
        });
        return (record, slice);
    }

    /// <summary>Publishes a record; the last event.</summary>
    internal async Task<PublishEvent> PublishAsync(
        AnchorCluster cluster,
        int anchor,
        Parsed<Record> record,
        Parsed<Slice>? slice,
        ISigner? signer = null,
        CancellationToken? cancellationToken = null)
    {
        var entry = new Entry
        {
            Type = "record",
            Document = WireWriter.ToMessage(Envelope.Sign(record, signer ?? cluster.Segment.Publisher)),
        };
        if (slice is not null)
        {
            entry.Slices.Add(UnsafeByteOperations.UnsafeWrap(slice.Payload));
        }

        return await PublishAsync(cluster, anchor, entry, cancellationToken);
    }

    /// <summary>Publishes a signed document without slices; the last event.</summary>
    internal Task<PublishEvent> PublishAsync(AnchorCluster cluster, int anchor, string type, Envelope document) =>
        PublishAsync(cluster, anchor, new Entry { Type = type, Document = WireWriter.ToMessage(document) }, null);

    /// <summary>Publishes a document that the cluster's publisher signs and waits until it is sealed, at all anchors
    /// that run.</summary>
    internal async Task SealAsync<T>(AnchorCluster cluster, T document, params IEnumerable<Parsed<Slice>> slices)
        where T : PublishedLeaf, IDocument<T>
    {
        var entry = new Entry
        {
            Type = T.Type.Name,
            Document = WireWriter.ToMessage(Envelope.Sign(Document.Make(document), cluster.Segment.Publisher)),
            Slices = { slices.Select(slice => UnsafeByteOperations.UnsafeWrap(slice.Payload)) },
        };
        await SealedAsync(cluster, await PublishAsync(cluster, 0, entry, null));
    }

    // Whoever is asked next may be another one, which is told of a seal a moment later.
    private static async Task SealedAsync(AnchorCluster cluster, PublishEvent last)
    {
        Assert.True(last.KindCase == PublishEvent.KindOneofCase.Sealed, last.ToString());
        var place = ((long)last.Sealed.Epoch, (long)last.Sealed.Seq);
        await Eventually.HoldsAsync(
            () => Task.FromResult(cluster.Running.Select(host => host.Views.Current?.Certified.Seal)
                .Where(seal => seal is null || (seal.Epoch, seal.Seq).CompareTo(place) < 0).ToList()),
            behind => behind.Count == 0, TimeSpan.FromMinutes(4), TestContext.Current.CancellationToken);
    }

    private async Task<PublishEvent> PublishAsync(
        AnchorCluster cluster, int anchor, Entry entry, CancellationToken? cancellationToken)
    {
        await using var client = Client(cluster, anchor, _publisher);
        var request = new PublishRequest { Genesis = WireWriter.ToBytes(cluster.Segment.Genesis), Entries = { entry } };
        using var call = client.Publish(request, cancellationToken ?? TestContext.Current.CancellationToken);
        PublishEvent? last = null;
        while (await call.ResponseStream.MoveNext(cancellationToken ?? TestContext.Current.CancellationToken))
        {
            last = call.ResponseStream.Current;
        }

        return last!;
    }

    /// <summary>Publishes a record and waits until it is sealed, at all anchors that run.</summary>
    internal async Task SealAsync(AnchorCluster cluster, int anchor, string name, CancellationToken cancellationToken)
    {
        var (record, slice) = Make(cluster, name);
        await SealedAsync(
            cluster, await PublishAsync(cluster, anchor, record, slice, cancellationToken: cancellationToken));
    }

    /// <summary>Publishes a record with one slice in each region, of one endpoint whose host is the region's name, and
    /// waits until it is sealed.</summary>
    internal async Task SealInRegionsAsync(AnchorCluster cluster, string name, params IEnumerable<string> regions)
    {
        Parsed<Slice>[] slices =
        [
            .. regions.Select((region, i) => Document.Make(new Slice
            {
                Endpoints = [new SliceEndpoint { Address = $"127.0.2.{i + 1}", Host = region }],
                Name = ServicePart.Parse(name),
                Ports = [18080],
                Region = region,
            })),
        ];
        var record = TestLeaves.Record(cluster.Segment, name, Now) with
        {
            Slices =
            [
                .. slices.Select(slice => new SliceReference
                {
                    Count = 1, Digest = slice.Digest, Region = slice.Value.Region,
                }),
            ],
        };
        await SealAsync(cluster, record, slices);
    }

    internal static Parsed<Query> Ask(AnchorCluster home, string name) => Document.Make(new Query
    {
        Home = home.Segment.Genesis,
        Name = FullName.Parse(name),
        Subject = Hashes.Subject(home.Segment.Genesis, Pod),
    });

    /// <summary>Asks until something other than a retriable error comes; the verdict of a verifier that knows
    /// nothing.</summary>
    internal async Task<Verdict> ResolveAsync(
        AnchorCluster home, int anchor, string name, CancellationToken cancellationToken)
    {
        var query = Ask(home, name);
        await using var client = AsPod(home, anchor);
        while (true)
        {
            try
            {
                return Verify(home, query, await ResolveOnceAsync(client, query, cancellationToken));
            }
            catch (RpcException e) when (RpcFailures.Read(e) is { } refusal && RpcFailures.IsRetriable(refusal.Failure))
            {
                TestContext.Current.TestOutputHelper?.WriteLine(refusal.ToString());
            }
        }
    }

    internal static async Task<UnverifiedAnswer> ResolveOnceAsync(
        AnchorClient client, Parsed<Query> query, CancellationToken cancellationToken, params IEnumerable<Known> known)
    {
        var request = new ResolveRequest { Query = UnsafeByteOperations.UnsafeWrap(query.Payload), Known = { known } };
        var response = await client.ResolveAsync(request, cancellationToken);
        Assert.True(WireReader.TryRead(response.Answer, out var answer, out var malformed), malformed?.ToString());
        return answer;
    }

    internal static Verdict Verify(AnchorCluster home, Parsed<Query> query, UnverifiedAnswer answer) =>
        AnswerVerifier.Verify(
        VerifierState.Start(new HomePin(home.Segment.Genesis, home.Segment.Name)),
        query,
        answer,
        Now,
        new VerifierOptions { UnsafeAllowLoopbackEndpoints = true, Subject = Pod });

    public ValueTask DisposeAsync()
    {
        _publisher.Dispose();
        _pod.Dispose();
        return ValueTask.CompletedTask;
    }
}
