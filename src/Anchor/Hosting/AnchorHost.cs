using Fairlead.Anchor.Home;
using Fairlead.Anchor.Identities;
using Fairlead.Anchor.Journal;
using Fairlead.Anchor.Peers;
using Fairlead.Anchor.Sealing;
using Fairlead.Anchor.Serving;
using Fairlead.Governance;
using Fairlead.Hosting;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.State;
using Fairlead.Rpc;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Hosting;

/// <summary>
/// One running anchor: its keys, its journal, the seal loop, the connections to the other anchors of its segment, and
/// what it serves. Thread-safe; disposing it stops everything.
/// </summary>
internal sealed class AnchorHost : ISealShell, IAsyncDisposable
{
    private readonly SegmentGround _ground;
    private readonly AnchorMetrics _counters = new();
    private readonly ViewSource _views = new();
    private readonly List<PeerLink> _links = [];
    private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private KeyCustody? _keys;
    private Archive? _archive;
    private SealLoop? _loop;
    private StateKeeper? _keeper;
    private AttestBook? _attests;
    private ConsumerService? _consumers;
    private RpcServer? _server;
    private PageServer? _admin;
    private PageServer? _metrics;

    private AnchorHost(SegmentGround ground) => _ground = ground;

    /// <summary>What is served; null until a certified seal is held.</summary>
    internal ViewSource Views => _views;

    /// <summary>Where the admin page listens.</summary>
    internal System.Net.IPEndPoint Admin => _admin!.Address;

    /// <summary>Where readiness and metrics are served.</summary>
    internal System.Net.IPEndPoint Metrics => _metrics!.Address;

    /// <summary>How often the journal was started anew.</summary>
    internal long JournalRotations => _loop!.Rotations;

    /// <summary>Where consumers, publishers and other anchors connect.</summary>
    internal RpcEndpoint Endpoint => _server!.Endpoints[0];

    /// <summary>Starts an anchor.</summary>
    /// <exception cref="StartException">It cannot start; the message names file or address, and the remedy.</exception>
    internal static async Task<AnchorHost> StartAsync(
        AnchorOptions options,
        TimeProvider time,
        ILoggerFactory loggers,
        Func<ServerServiceDefinition, ServerServiceDefinition>? decorate,
        CancellationToken cancellationToken)
    {
        var ground = SegmentGround.Read(options.SegmentFile, time.GetUtcNow().ToUnixTimeMilliseconds());
        var host = new AnchorHost(ground);
        try
        {
            host._keys = KeyCustody.Load(options, ground, time);
            await host.OpenAsync(options, time, loggers, cancellationToken).ConfigureAwait(false);
            await host.ServeAsync(options, time, loggers, decorate, cancellationToken).ConfigureAwait(false);
            return host;
        }
        catch
        {
            await host.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Waits until the anchor is told to end or cannot go on.</summary>
    /// <exception cref="Exception">What broke it.</exception>
    internal async Task WaitAsync(CancellationToken cancellationToken)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = cancellationToken.Register(() => ended.TrySetResult());
        await (await Task.WhenAny(_broken.Task, ended.Task).ConfigureAwait(false)).ConfigureAwait(false);
    }

    public void Send(string anchor, SealMessage message) => _links.Find(link => link.Id == anchor)?.Send(message);

    public void Broadcast(SealMessage message) => _links.ForEach(link => link.Send(message));

    public void OnCertified(CertifiedState state)
    {
        _views.Publish(
            new SegmentView(_ground.Name, _ground.Epochs, _ground.Newest, _ground.Leaves, _ground.Rules, state));
        _archive!.Enqueue(state);
        _counters.Seals.Add();
    }

    public void OnBroken(Exception error) => _broken.TrySetException(error);

    public async ValueTask DisposeAsync()
    {
        await DisposeAsync(_metrics).ConfigureAwait(false);
        await DisposeAsync(_admin).ConfigureAwait(false);
        await DisposeAsync(_server).ConfigureAwait(false);
        await DisposeAsync(_consumers).ConfigureAwait(false);
        await DisposeAsync(_attests).ConfigureAwait(false);
        await DisposeAsync(_keeper).ConfigureAwait(false);
        await Task.WhenAll(_links.Select(link => link.DisposeAsync().AsTask())).ConfigureAwait(false);
        await DisposeAsync(_loop).ConfigureAwait(false);
        await DisposeAsync(_archive).ConfigureAwait(false);
        _keys?.Dispose();
    }

    // Journal and archive: what this key signed, and the newest state that the segment certified.
    private async Task OpenAsync(
        AnchorOptions options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var folder = await DataFolder.OpenAsync(options, _ground, _keys!, time, cancellationToken)
            .ConfigureAwait(false);
        var log = loggers.CreateLogger<SealLoop>();
        _archive = new Archive(folder.Store, folder.Mark, _ground.Genesis, time, loggers.CreateLogger<Archive>());
        var engine = new SealEngineOptions
        {
            Self = options.Id,
            Genesis = _ground.Genesis,
            Epoch = _ground.Newest,
            OperationLeaves = _ground.OperationLeaves,
            Handover = _ground.Handover?.Value,
            HandoverDigest = _ground.Handover?.Digest,
            Signer = _keys!.Seal,
            Journal = [.. JournalParts.Join(folder.Journal.Replay()).Select(body => new ReadOnlyMemory<byte>(body))],
            JournalBase = folder.JournalBase(_ground),
            Archived = folder.Archived?.Seal,
            ArchivedEntries = folder.Archived?.Entries ?? [],
        };
        if (engine.JournalBase > folder.ArchivedSeq)
        {
            SealLog.BaseMissing(log, engine.Epoch.Value.Number, engine.JournalBase);
        }

        _loop = new SealLoop(engine, folder.Journal, this, time, log);
        _archive.Written += _loop.OnArchived;
        _keeper = OpenState(options);
    }

    private StateKeeper OpenState(AnchorOptions options)
    {
        try
        {
            var home = new HomePin(_ground.Genesis, _ground.Name);
            return new StateKeeper(home, Path.Combine(options.Data, "verifier.state"), options.Id);
        }
        catch (StateException e)
        {
            throw new StartException(e.Message, e);
        }
    }

    private async Task ServeAsync(
        AnchorOptions options,
        TimeProvider time,
        ILoggerFactory loggers,
        Func<ServerServiceDefinition, ServerServiceDefinition>? decorate,
        CancellationToken cancellationToken)
    {
        var context = new ServingContext
        {
            Views = _views,
            SealKey = _keys!.Seal,
            Transport = _keys.Transport,
            TransportKid = _keys.TransportKid,
            Subjects = new SubjectBook(
                options.Subjects.ToDictionary(mapping => mapping.Key.Kid, mapping => mapping.Subject),
                options.Identities, time, loggers.CreateLogger<SubjectBook>()),
            UnsafeAllowLoopbackEndpoints = options.UnsafeAllowLoopbackEndpoints,
            Time = time,
            Loggers = loggers,
        };
        var mint = new AttestMint(context.SealKey);
        _attests = new AttestBook(mint, AskAsync, time, loggers.CreateLogger<AttestBook>());
        _consumers = new ConsumerService(context, _attests, new HomeVerifier(context, _keeper!));
        var builder = ServerServiceDefinition.CreateBuilder();
        _consumers.AddTo(builder);
        new ReadingService(context, _ground.Epochs, _ground.Genesis).AddTo(builder);
        new PublishService(_loop!, _ground.Genesis, _counters).AddTo(builder);
        var service = builder.Build();
        var peers = new PeerService(
            options.Id,
            () => _ground.Newest.Value,
            (anchor, message) => _loop!.Post(new SealInput.Receive(anchor, message)),
            request => Decide(request, mint, context.Now()));
        var server = new RpcServerOptions
        {
            Endpoints = { RpcEndpoint.Tcp(options.Listen, new RpcServerTls(_keys.Transport)) },
            Services = { decorate?.Invoke(service) ?? service, peers.Build() },
            LoggerFactory = loggers,
        };
        server.Calls.MaxReceiveMessageBytes = PeerMethods.MaxMessageBytes;
        server.Calls.TimeProvider = time;
        try
        {
            _server = await RpcServer.StartAsync(server, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new StartException(
                $"listen: {options.Listen}: {e.Message}; end what uses the address, or give another one", e);
        }

        var pages = new AnchorPages(() => Status(options.Id), _counters, time);
        _admin = await PageServer.StartAsync(
            "admin", options.Admin, pages.Admin, isLoopbackOnly: true, cancellationToken)
            .ConfigureAwait(false);
        _metrics = await PageServer.StartAsync(
            "metrics", options.Metrics, pages.Metrics, isLoopbackOnly: false, cancellationToken)
            .ConfigureAwait(false);
        Connect(options.Id, time);
        _loop!.Start();
    }

    private void Connect(string self, TimeProvider time)
    {
        foreach (var anchor in _ground.Newest.Value.Anchors.Where(anchor => anchor.Id != self))
        {
            _links.Add(new PeerLink(anchor, _keys!.Transport, time, connected => _loop!.Post(
                connected ? new SealInput.Connected(anchor.Id) : new SealInput.Disconnected(anchor.Id))));
        }
    }

    private async Task<Envelope> AskAsync(
        string anchor, SegmentView view, AttestTerms terms, CancellationToken cancellationToken)
    {
        var link = _links.Find(link => link.Id == anchor)
            ?? throw new RpcException(new Status(StatusCode.Unavailable, $"{anchor} is not known"));
        var response = await link.AttestAsync(AttestWire.Write(view, terms), cancellationToken).ConfigureAwait(false);
        return WireReader.TryRead(response.Attest, out var envelope, out var refusal)
            ? envelope
            : throw RpcFailures.ToException(refusal);
    }

    // Another anchor of the segment wants this one's own decision.
    private Envelope Decide(AttestRequest request, AttestMint mint, long now)
    {
        var view = _views.Current ?? throw RpcFailures.ToException(
            new Refusal(VerificationFailure.NotSealed, _ground.Name.Text, "no certified seal is held yet"));
        return AttestWire.Read(request, view, out var terms) is { } refusal
            ? throw RpcFailures.ToException(refusal)
            : mint.Sign(view, terms!, now).Envelope;
    }

    /// <summary>What the admin page shows.</summary>
    internal AnchorStatus Status(string id) => new(
        id, _ground.Name.Text, _ground.Genesis, _ground.Newest.Value.Number, _views.Current, _loop!.Status,
        [.. _links.Select(link => (link.Id, link.IsConnected))], _archive!.Alarm, _consumers!.Streams);

    private static ValueTask DisposeAsync(IAsyncDisposable? part) => part?.DisposeAsync() ?? ValueTask.CompletedTask;
}
