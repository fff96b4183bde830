using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Anchor.Identities;
using Fairlead.Anchor.Tests.Cluster;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.Files;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using Fairlead.Sidecar.Hosting;
using Fairlead.TestKit;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>
/// Two segments of four real anchors each, peers, in this process over real sockets; a pod of the first, and whatever
/// records a test publishes in the second.
/// </summary>
public class TwoClusters : IAsyncLifetime
{
    internal const string Checkout = "checkout.shop.svc.us1.internal";

    private const int PodKey = 900;
    private static readonly Subject Pod = new() { Namespace = "shop", Account = "frontend" };

    internal string Folder { get; } = Directory.CreateTempSubdirectory("fairlead-sidecar-").FullName;

    internal AnchorCluster Home { get; private set; } = null!;

    internal AnchorCluster Target { get; private set; } = null!;

    internal string Bootstrap => Path.Combine(Folder, "bootstrap.json");

    internal string Key => Path.Combine(Folder, "frontend.pem");

    /// <value>How long both let an answer outlive its time, in milliseconds; 0, so that all names are strict.</value>
    internal long ContinuityMax { get; init; }

    /// <value>How long a seal of both lives, in milliseconds: 15 s, of which no test must wait for all.</value>
    internal long SealValidity { get; init; } = 15_000;

    /// <summary>Signs the tokens that the home's anchors take.</summary>
    internal TokenMaker Issuer { get; } = new();

    /// <summary>Signs the SVIDs that the home's anchors take.</summary>
    internal CertificateAuthority Authority { get; } = new("eu1.internal", TimeProvider.System.GetUtcNow());

    /// <summary>Lets the home's anchors take the tokens of these issuers alone.</summary>
    internal void Trust(params IEnumerable<TokenMaker> issuers) =>
        Replace(Path.Combine(Folder, "jwks.json"), TokenMaker.KeySet(issuers));

    /// <summary>Lets the home's anchors take the SVIDs of these authorities alone.</summary>
    internal void Trust(params IEnumerable<CertificateAuthority> authorities) => Replace(
        Path.Combine(Folder, "bundle.pem"),
        string.Join('\n', authorities.Select(one => one.Certificate.ExportCertificatePem())));

    public async ValueTask InitializeAsync()
    {
        Trust(Issuer);
        Trust(Authority);
        Home = new AnchorCluster(
            "eu1.internal", 100, [(TestKeys.Key(PodKey), Pod)],
            genesis: epoch => Founded(epoch, "eu1.example"))
        {
            Identities = new IdentityOptions(
                [new SpiffeDomain("eu1.internal", Path.Combine(Folder, "bundle.pem"), true,
                    ImmutableDictionary<string, Subject>.Empty)],
                [new TokenIssuer(TokenMaker.Issuer, TokenMaker.Audience, Path.Combine(Folder, "jwks.json"))]),
        };
        Target = new AnchorCluster(
            "us1.internal", 200, genesis: epoch => Founded(epoch, "eu1.example", "us1.example"));
        Home.Segment.PeerWith(Target.Segment);
        Target.Segment.PeerWith(Home.Segment);
        await Task.WhenAll(Home.StartAllAsync(), Target.StartAllAsync());
        WriteBootstrap(Bootstrap, null);
        await File.WriteAllTextAsync(Key, KeyPem.Format(TestKeys.Ecdsa(PodKey)));
        File.SetUnixFileMode(Key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await PublishAsync("checkout.shop.svc", "127.0.2.1", "127.0.2.2");
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Home.DisposeAsync();
        await Target.DisposeAsync();
        Issuer.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Writes the pod's trust root.</summary>
    internal void WriteBootstrap(string path, Floor? floor, bool isUnsafe = true) => File.WriteAllBytes(
        path,
        new BootstrapFile(
            new BootstrapFile.Segment(Home.Segment.Name, Home.Segment.Genesis,
                floor ?? new Floor(Home.Segment.Genesis, 0)),
            [.. Home.Segment.Newest.Value.Anchors.Select(anchor => anchor.Endpoints[0])],
            [],
            [(TestKeys.Key(PodKey), Pod)],
            isUnsafe).Encode());

    /// <summary>Writes a configuration with ports that the system chooses; lines may be added or replaced.</summary>
    internal string Configure(string name, params string[] lines)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Folder, name)).FullName;
        var all = new Dictionary<string, string>
        {
            ["bootstrap"] = Bootstrap,
            ["key"] = Key,
            ["imports"] = $"[{Checkout}]",
            ["xds"] = $"{{socket: {Path.Combine(folder, "xds.sock")}, address: 127.0.0.1:0}}",
            ["admin"] = "127.0.0.1:0",
            ["metrics"] = "127.0.0.1:0",
        };
        foreach (var line in lines)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            all[line[..colon]] = line[(colon + 1)..].Trim();
        }

        var path = Path.Combine(folder, "sidecar.yaml");
        File.WriteAllLines(path, all.Where(pair => pair.Value.Length > 0).Select(pair => $"{pair.Key}: {pair.Value}"));
        return path;
    }

    internal static Task<SidecarHost> StartAsync(
        string configuration, ILoggerFactory? loggers = null, TimeProvider? time = null) => SidecarHost.StartAsync(
        SidecarOptions.Load(configuration, new Dictionary<string, string>()),
        time ?? TimeProvider.System,
        new Random(1),
        loggers ?? NullLoggerFactory.Instance,
        TestContext.Current.CancellationToken);

    /// <summary>Publishes a record of one slice in the second segment and returns once it is sealed.</summary>
    internal Task PublishAsync(string service, params string[] addresses) =>
        PublishAsync(Target, service, addresses);

    /// <summary>Publishes a record of one slice and returns once it is sealed.</summary>
    internal static Task PublishAsync(AnchorCluster cluster, string service, params string[] addresses) =>
        PublishAsync(cluster, service, [], [.. addresses.Select(address => new SliceEndpoint { Address = address })]);

    /// <summary>Publishes a record of one slice in the second segment, its endpoints as given.</summary>
    internal Task PublishAsync(string service, string[] identities, SliceEndpoint[] endpoints, int port = 18080) =>
        PublishAsync(Target, service, identities, endpoints, port);

    /// <summary>Publishes a record of one slice, its endpoints as given, and returns once it is sealed.</summary>
    internal static async Task PublishAsync(
        AnchorCluster cluster, string service, string[] identities, SliceEndpoint[] endpoints, int port = 18080)
    {
        var slice = Document.Make(TestLeaves.Slice(service, port, []).Value with
        {
            Endpoints = [.. endpoints.OrderBy(endpoint => endpoint.Address, StringComparer.Ordinal)],
        });
        await PublishAsync(
            cluster,
            TestLeaves.Record(cluster.Segment, service, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()) with
            {
                Identities = [.. identities],
                Slices = [new SliceReference { Count = endpoints.Length, Digest = slice.Digest }],
            },
            slice);
    }

    /// <summary>Publishes any document of the second segment's publisher and returns once it is sealed.</summary>
    internal Task PublishAsync<T>(T document, params Parsed<Slice>[] slices)
        where T : PublishedLeaf, IDocument<T> => PublishAsync(Target, document, slices);

    /// <summary>Publishes any document of a segment's publisher and returns once it is sealed.</summary>
    internal static Task PublishAsync<T>(AnchorCluster cluster, T document, params Parsed<Slice>[] slices)
        where T : PublishedLeaf, IDocument<T> => PublishAsync(cluster, new Entry
        {
            Type = T.Type.Name,
            Document = WireWriter.ToMessage(Envelope.Sign(Document.Make(document), cluster.Segment.Publisher)),
            Slices = { slices.Select(slice => UnsafeByteOperations.UnsafeWrap(slice.Payload)) },
        });

    /// <summary>Withdraws a record and returns once that is sealed.</summary>
    internal async Task WithdrawAsync(string service)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        var withdraw = Document.Make(new Withdraw
        {
            Class = (long)LeafClass.Record,
            Expires = now + 3_600_000,
            Issued = now,
            Name = service,
            Opening = TestSegment.Bytes16($"withdraw {service} {now}"),
            Publisher = Target.Segment.Publisher.Key.Kid,
            Uid = TestSegment.Bytes16($"uid {service}"),
            Version = now,
        });
        await PublishAsync(Target, new Entry
        {
            Type = "withdraw",
            Document = WireWriter.ToMessage(Envelope.Sign(withdraw, Target.Segment.Publisher)),
        });
    }

    /// <summary>One page of the admin port, as JSON.</summary>
    internal static async Task<(int Status, JsonNode? Page)> GetAsync(System.Net.IPEndPoint address, string page)
    {
        var (status, text) = await GetTextAsync(address, page);
        return (status, status == 404 ? null : JsonNode.Parse(text));
    }

    internal static async Task<(int Status, string Text)> GetTextAsync(System.Net.IPEndPoint address, string page)
    {
        using var client = new HttpClient();
        var url = string.Create(CultureInfo.InvariantCulture, $"http://{address}/{page}");
        using var response = await client.GetAsync(url, TestContext.Current.CancellationToken);
        return ((int)response.StatusCode,
            await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    // Who reads it at any moment reads all of it, the old or the new.
    private static void Replace(string path, string text)
    {
        File.WriteAllText(path + ".new", text);
        File.Move(path + ".new", path, overwrite: true);
    }

    private Epoch Founded(Epoch epoch, params string[] domains) => epoch with
    {
        Domains = [.. domains],
        Policy = epoch.Policy with { ContinuityMax = ContinuityMax, SealValidity = SealValidity },
    };

    /// <summary>Publishes a signed document and returns once it is sealed.</summary>
    internal static async Task PublishAsync(AnchorCluster cluster, Entry entry)
    {
        using var publisher = new TlsIdentity(TestKeys.Ecdsa(290), TimeProvider.System);
        await using var anchor = new AnchorClient(
            cluster.Segment.Newest.Value.Anchors[2].Endpoints[0], publisher, TimeProvider.System);
        using var call = anchor.Publish(
            new PublishRequest { Genesis = WireWriter.ToBytes(cluster.Segment.Genesis), Entries = { entry } },
            TestContext.Current.CancellationToken);
        var last = "";
        while (await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken))
        {
            last = call.ResponseStream.Current.ToString();
            if (call.ResponseStream.Current.KindCase == PublishEvent.KindOneofCase.Sealed)
            {
                return;
            }
        }

        throw new InvalidOperationException($"not sealed: {last}");
    }
}
