using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.Files;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Fairlead.TestKit.Answers;
using Query = Fairlead.Naming.Query;

namespace Fairlead.Cli.Tests.Commands;

/// <summary>
/// The anchors of one test segment over real TLS, with real documents: each one answers as its hook says. The key of
/// the folder is known to them as shop/frontend.
/// </summary>
internal sealed class FakeHome : IAsyncDisposable
{
    internal const string Web = "web.shop.svc";

    private readonly List<RpcServer> _servers = [];
    private readonly List<TlsIdentity> _identities = [];
    private readonly ECDsa[] _keys;
    private int _asked;

    private FakeHome()
    {
        _keys = [.. Enumerable.Range(0, 4).Select(_ => ECDsa.Create(ECCurve.NamedCurves.nistP256))];
        Now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        Segment = AnswerSegment.Create("eu1.internal", Now - 60_000, change: epoch => epoch with
        {
            Anchors = [.. epoch.Anchors.Select((anchor, i) => anchor with { Tls = KeyOf(_keys[i]) })],
        });
        Slice = AnswerLeaves.SliceOf(Web, "eu", "10.0.0.1", "10.0.0.2");
        Segment.Put(AnswerLeaves.OpenRule()).Put(AnswerLeaves.RecordOf(Web, Now - 40_000, Segment.Publisher, Slice));
        Segment.SealAt(Now - 1000);
    }

    internal long Now { get; }

    internal AnswerSegment Segment { get; }

    internal Naming.Slice Slice { get; }

    /// <summary>What becomes of an anchor's honest answer.</summary>
    internal Func<int, UnverifiedAnswer, UnverifiedAnswer> Twist { get; set; } = static (_, answer) => answer;

    /// <summary>How an answer is made.</summary>
    internal Func<FakeHome, TestAnswers, UnverifiedAnswer> Say { get; set; } =
        static (home, ask) => ask.Service.Text == Web ? ask.Record(home.Slice) : ask.Negative();

    internal int Asked => Volatile.Read(ref _asked);

    /// <summary>What an anchor waits for before it tells where the segment stands.</summary>
    internal Func<int, Task> BeforeHead { get; set; } = static _ => Task.CompletedTask;

    /// <summary>How askers proved who they are: a header, and the key of their connection.</summary>
    internal ConcurrentQueue<(string? Token, byte[]? Key)> Proofs { get; } = [];

    /// <summary>Which anchors show no epoch any more.</summary>
    internal Func<int, bool> Withholds { get; set; } = static _ => false;

    internal static async Task<FakeHome> StartAsync(CancellationToken cancellationToken, bool foreignKeys = false)
    {
        var home = new FakeHome();
        for (var i = 0; i < 3; i++)
        {
            var index = i;
            var identity = new TlsIdentity(
                foreignKeys ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : home._keys[i], TimeProvider.System);
            home._identities.Add(identity);
            var service = ServerServiceDefinition.CreateBuilder()
                .AddMethod(AnchorMethods.Epochs, (request, _) => Task.FromResult(home.Epochs(index, request)))
                .AddMethod(AnchorMethods.Head, async (request, _) =>
                {
                    await home.BeforeHead(index);
                    return home.Head(index, request);
                })
                .AddMethod(AnchorMethods.Resolve, (request, call) =>
                {
                    home.Proofs.Enqueue((call.RequestHeaders.GetValue("authorization"), call.PeerKey));
                    return Task.FromResult(home.Resolve(index, request));
                })
                .Build();
            home._servers.Add(await RpcServer.StartAsync(
                new RpcServerOptions
                {
                    Endpoints = { RpcEndpoint.Tcp(new IPEndPoint(IPAddress.Loopback, 0), new RpcServerTls(identity)) },
                    Services = { service },
                },
                cancellationToken));
        }

        return home;
    }

    internal BootstrapFile Bootstrap(Naming.PublicKey pod) => new(
        new BootstrapFile.Segment(Segment.Name, Segment.Genesis, new Floor(Segment.Genesis, 0)),
        [
            .. _servers.Select(server => server.Endpoints[0].Address!)
                .Select(address => IpEndpoint.Of(address.Address, address.Port)),
        ],
        [],
        [(pod, new Naming.Subject { Namespace = "shop", Account = "frontend" })]);

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        _identities.ForEach(identity => identity.Dispose());
    }

    private EpochsResponse Epochs(int index, EpochsRequest request)
    {
        if (Withholds(index))
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "withheld"));
        }

        var response = new EpochsResponse();
        response.Epochs.AddRange(Segment.Documents.Skip((int)request.From).Select(WireWriter.ToMessage));
        return response;
    }

    private HeadResponse Head(int index, HeadRequest request)
    {
        var head = Document.Make(new Head
        {
            Epoch = Segment.Seal.Value.Epoch,
            Nonce = Hex16.FromBytes(request.Nonce.Span),
            Seal = Segment.Seal.Digest,
            Segment = Segment.Genesis,
            Seq = Segment.Seal.Value.Seq,
            Time = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(),
        });
        return new HeadResponse
        {
            Head = WireWriter.ToMessage(Envelope.Sign(head, Segment.Anchors[index].Seal)),
            Seal = WireWriter.ToMessage(Segment.SealEnvelope),
        };
    }

    private ResolveResponse Resolve(int index, ResolveRequest request)
    {
        Interlocked.Increment(ref _asked);
        if (!Document.TryParse<Query>(request.Query.Memory, out var query, out var refusal))
        {
            throw RpcFailures.ToException(refusal);
        }

        var ask = new TestAnswers(Segment, query.Value.Name.Text, Now) { Query = query };
        return new ResolveResponse { Answer = WireWriter.ToMessage(Twist(index, Say(this, ask))) };
    }

    private static Naming.PublicKey KeyOf(ECDsa key)
    {
        var q = key.ExportParameters(false).Q;
        return Naming.PublicKey.TryFromPoint([4, .. q.X!, .. q.Y!], out var known, out _)
            ? known
            : throw new InvalidOperationException();
    }
}
