using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Threading.Channels;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Fairlead.TestKit.Answers;
using Query = Fairlead.Naming.Query;

namespace Fairlead.Resolver.Tests.Home;

/// <summary>
/// One anchor of a scripted home over real TLS, with real documents: what it says to a name is its hook's to say, and
/// epochs that a stream carried are not sent on it again, as an anchor does.
/// </summary>
internal sealed class ScriptedAnchor : IAsyncDisposable
{
    private readonly ScriptedHome _home;
    private readonly int _index;
    private readonly ConcurrentDictionary<int, Stream> _streams = new();
    private readonly TlsIdentity _identity;
    private RpcServer? _server;
    private int _opened;
    private int _epochsAsked;
    private int _resolved;

    internal ScriptedAnchor(ScriptedHome home, int index, ECDsa key)
    {
        _home = home;
        _index = index;
        _identity = new TlsIdentity(key, TimeProvider.System);
    }

    /// <summary>What it answers; null says nothing.</summary>
    internal Func<TestAnswers, UnverifiedAnswer?> Say { get; set; } = ScriptedHome.Honest;

    /// <summary>What it tells ahead of an answer.</summary>
    internal Func<UnverifiedAnswer, IEnumerable<UnverifiedAnswer>> Ahead { get; set; } = static _ => [];

    /// <summary>Whether it was asked to tell something ahead.</summary>
    internal bool IsAskedAhead { get; private set; }

    /// <summary>What it fails with instead; null for nothing.</summary>
    internal Func<string, VerificationFailure?> Failing { get; set; } = static _ => null;

    /// <summary>How it writes a failure.</summary>
    internal Func<VerificationFailure, string> Word { get; set; } = static failure => failure.ToString();

    /// <summary>How many epochs it knows; null for all.</summary>
    internal int? EpochsKnown { get; set; }

    internal IPEndPoint Address { get; private set; } = new(IPAddress.Loopback, 0);

    internal IpEndpoint Endpoint => IpEndpoint.Of(Address.Address, Address.Port);

    /// <summary>How many times it was asked where the home stands.</summary>
    internal int Heads { get; private set; }

    /// <summary>The nonces of these questions.</summary>
    internal ConcurrentQueue<Hex16> Nonces { get; } = new();

    /// <summary>How many times it was asked for epochs.</summary>
    internal int EpochsAsked => _epochsAsked;

    /// <summary>How far its clock is off, in milliseconds.</summary>
    internal long ClockOff { get; set; }

    /// <summary>How many times it was asked for one answer without a subscription.</summary>
    internal int Resolved => Volatile.Read(ref _resolved);

    /// <summary>What was shown as <c>authorization</c> with each of these questions, and with each stream.</summary>
    internal ConcurrentQueue<string?> Shown { get; } = new();

    /// <summary>The evidence that it was told of.</summary>
    internal ConcurrentQueue<Contradiction> Reported { get; } = new();

    /// <summary>How many streams were ever opened to it.</summary>
    internal int Opened => _opened;

    /// <summary>The streams that are open.</summary>
    internal int Open => _streams.Count;

    /// <summary>What was written to the streams and taken by the transport.</summary>
    internal int Written { get; private set; }

    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        var service = ServerServiceDefinition.CreateBuilder()
            .AddMethod(AnchorMethods.Epochs, (request, _) => Task.FromResult(Epochs(request)))
            .AddMethod(AnchorMethods.Head, (request, _) => Task.FromResult(Head(request)))
            .AddMethod(AnchorMethods.Resolve, (request, context) =>
            {
                Shown.Enqueue(context.RequestHeaders.GetValue("authorization"));
                return Task.FromResult(Resolve(request));
            })
            .AddMethod(AnchorMethods.Subscribe, SubscribeAsync)
            .AddMethod(AnchorMethods.Report, (request, _) =>
            {
                Assert.True(WireReader.TryRead(request.Evidence, out var evidence, out var bad), bad?.ToString());
                Reported.Enqueue(evidence);
                return Task.FromResult(new ReportResponse());
            })
            .Build();
        _server = await RpcServer.StartAsync(
            new RpcServerOptions
            {
                Endpoints = { RpcEndpoint.Tcp(Address, new RpcServerTls(_identity)) },
                Services = { service },
            },
            cancellationToken);
        Address = _server.Endpoints[0].Address!;
    }

    internal async Task StopAsync()
    {
        if (_server is { } server)
        {
            _server = null;
            await server.DisposeAsync();
        }
    }

    /// <summary>Says what the hook says now to everybody who asked for the name.</summary>
    internal void Push(string name)
    {
        foreach (var stream in _streams.Values)
        {
            stream.Push(name);
        }
    }

    /// <summary>Sends the same to every stream, as often as it is taken, without being asked.</summary>
    internal void Flood(SubscribeResponse response, int times)
    {
        foreach (var stream in _streams.Values)
        {
            for (var i = 0; i < times; i++)
            {
                stream.Out.Writer.TryWrite(response);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _identity.Dispose();
    }

    private async Task SubscribeAsync(
        IAsyncStreamReader<SubscribeRequest> requests, IServerStreamWriter<SubscribeResponse> responses,
            ServerCallContext context)
    {
        Shown.Enqueue(context.RequestHeaders.GetValue("authorization"));
        var stream = new Stream(this);
        var id = Interlocked.Increment(ref _opened);
        _streams[id] = stream;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        var writing = WriteAsync(stream, responses, ended.Token);
        try
        {
            while (await requests.MoveNext(context.CancellationToken))
            {
                stream.Take(requests.Current);
            }
        }
        finally
        {
            _streams.TryRemove(id, out _);
            await ended.CancelAsync();
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WriteAsync(Stream stream, IServerStreamWriter<SubscribeResponse> responses,
        CancellationToken cancellationToken)
    {
        await foreach (var response in stream.Out.Reader.ReadAllAsync(cancellationToken))
        {
            await responses.WriteAsync(response, cancellationToken);
            Written++;
        }
    }

    private EpochsResponse Epochs(EpochsRequest request)
    {
        Interlocked.Increment(ref _epochsAsked);
        var response = new EpochsResponse();
        var known = _home.Segment.Documents.Take(EpochsKnown ?? int.MaxValue);
        response.Epochs.AddRange(known.Skip((int)request.From).Select(WireWriter.ToMessage));
        return response;
    }

    private ResolveResponse Resolve(ResolveRequest request)
    {
        Interlocked.Increment(ref _resolved);
        Assert.True(Document.TryParse<Query>(request.Query.Memory, out var query, out var bad), bad?.ToString());
        var ask = new TestAnswers(_home.Segment, query.Value.Name.Text, ScriptedHome.Now) { Query = query };
        return Say(ask) is { } answer
            ? new ResolveResponse { Answer = WireWriter.ToMessage(answer) }
            : throw RpcFailures.ToException(new Refusal(VerificationFailure.NotSealed, "scripted", "nothing to say"));
    }

    private HeadResponse Head(HeadRequest request)
    {
        Heads++;
        Nonces.Enqueue(Hex16.FromBytes(request.Nonce.Span));
        var segment = _home.Segment;
        var head = Document.Make(new Head
        {
            Epoch = segment.Seal.Value.Epoch,
            Nonce = Hex16.FromBytes(request.Nonce.Span),
            Seal = segment.Seal.Digest,
            Segment = segment.Genesis,
            Seq = segment.Seal.Value.Seq,
            Time = ScriptedHome.Now + ClockOff,
        });
        return new HeadResponse
        {
            Head = WireWriter.ToMessage(Envelope.Sign(head, segment.Anchors[_index].Seal)),
            Seal = WireWriter.ToMessage(segment.SealEnvelope),
        };
    }

    private sealed class Stream(ScriptedAnchor anchor)
    {
        private readonly ConcurrentDictionary<ulong, Parsed<Query>> _open = new();
        private int _epochsSent = -1;

        internal Channel<SubscribeResponse> Out { get; } = Channel.CreateUnbounded<SubscribeResponse>();

        internal void Take(SubscribeRequest request)
        {
            if (request.KindCase == SubscribeRequest.KindOneofCase.Close)
            {
                _open.TryRemove(request.Close.Id, out _);
                return;
            }

            Assert.True(Document.TryParse<Query>(request.Open.Request.Query.Memory, out var query, out var bad),
                bad?.ToString());
            var known = request.Open.Request.Known
                .FirstOrDefault(one => one.Genesis.Span.SequenceEqual(anchor._home.Segment.Genesis.ToArray()));
            _epochsSent = Math.Max(_epochsSent, known is null ? 0 : (int)known.Epoch + 1);
            anchor.IsAskedAhead |= request.Open.Ahead;
            _open[request.Open.Id] = query;
            Say(request.Open.Id, query);
        }

        internal void Push(string name)
        {
            foreach (var (id, query) in _open.Where(one => one.Value.Value.Name.Text == name))
            {
                Say(id, query);
            }
        }

        private void Say(ulong id, Parsed<Query> query)
        {
            if (anchor.Failing(query.Value.Name.Text) is { } failure)
            {
                Out.Writer.TryWrite(new SubscribeResponse
                {
                    Failed = new Failed { Id = id, Failure = anchor.Word(failure), Detail = "scripted" },
                });
                return;
            }

            var ask = new TestAnswers(anchor._home.Segment, query.Value.Name.Text, ScriptedHome.Now)
            {
                Query = query,
                Epochs = (_, segment) => segment.Documents.Skip(_epochsSent),
            };
            if (anchor.Say(ask) is { } answer)
            {
                foreach (var ahead in anchor.Ahead(answer))
                {
                    Out.Writer.TryWrite(new SubscribeResponse { Ahead = WireWriter.ToMessage(ahead) });
                }

                _epochsSent = anchor._home.Segment.Documents.Count;
                Out.Writer.TryWrite(new SubscribeResponse
                {
                    Update = new Update { Ids = { id }, Answer = WireWriter.ToMessage(answer) },
                });
            }
        }
    }
}
