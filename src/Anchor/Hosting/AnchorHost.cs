using System.Collections.Immutable;
using System.Security.Cryptography;
using Fairlead.Anchor.Governing;
using Fairlead.Anchor.Home;
using Fairlead.Anchor.Home.Reports;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Identities;
using Fairlead.Anchor.Peers;
using Fairlead.Anchor.Sealing;
using Fairlead.Anchor.Serving;
using Fairlead.Governance;
using Fairlead.Hosting;
using Fairlead.Hosting.Reloading;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.State;
using Fairlead.Rpc;
using Fairlead.Telemetry;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Hosting;

/// <summary>
/// One running anchor: its keys, its journal, the seal loop, the connections to the other anchors of its segment, and
/// what it serves. Thread-safe; disposing it stops everything.
/// </summary>
internal sealed class AnchorHost : ISealShell, IAsyncDisposable
{
    // A pod has one stream, an anchor of another segment one for each of its homes' ways here, and calls beside it.
    private const int StreamsMax = 4_096;

    private volatile SegmentGround _ground;
    private readonly ChainFolder _chain;
    private readonly ILogger _log;
    private readonly Lock _changing = new();
    private volatile AnchorOptions _options;
    private readonly AnchorMetrics _counters = new();
    private readonly ViewSource _views = new();
    private readonly VerifiedCache _verified = new(ServingContext.VerifiedMost);
    private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private KeyCustody? _keys;
    private PeerLinks? _links;
    private OperationBook? _operations;
    private Archive? _archive;
    private SealLoop? _loop;
    private StateKeeper? _keeper;
    private WitnessBook? _witnesses;
    private AttestBook? _attests;
    private IntroductionBook? _introductions;
    private IntroductionRelay? _relay;
    private IntroduceService? _introduce;
    private SubjectBook? _subjects;
    private ServingContext? _context;
    private ConsumerService? _consumers;
    private EvidenceCourier? _courier;
    private EngineFindings? _findings;
    private RpcServer? _server;
    private RpcServer? _operator;
    private int _servedAtStart;
    private PageServer? _admin;
    private PageServer? _metrics;
    private TelemetrySwitch? _telemetry;

    private AnchorHost(AnchorOptions options, SegmentGround ground, ChainFolder chain, ILogger log)
    {
        _options = options;
        _ground = ground;
        _chain = chain;
        _log = log;
    }

    /// <summary>What is served; null until a certified seal is held.</summary>
    internal ViewSource Views => _views;

    /// <summary>Where the admin page listens.</summary>
    internal System.Net.IPEndPoint Admin => _admin!.Address;

    /// <summary>Where readiness and metrics are served.</summary>
    internal System.Net.IPEndPoint Metrics => _metrics!.Address;

    /// <summary>How often the journal was started anew.</summary>
    internal long JournalRotations => _loop!.Rotations;

    /// <summary>How often the gov key's journal was started anew.</summary>
    internal long GovRotations => _loop!.GovRotations;

    /// <summary>What is proven against keys of any segment (V38).</summary>
    internal IEnumerable<Contradiction> Evidence => _consumers!.Evidence.Held.Select(one => one.Piece);

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
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var ceremony = SegmentGround.Read(options.SegmentFile, now);
        var chain = new ChainFolder(options.Data);
        var ground = chain.Newest(ceremony, now);
        var log = loggers.CreateLogger<AnchorHost>();
        if (ground.Newest.Value.Expires <= now)
        {
            GovernLog.Expired(log, ground.Newest.Value.Number);
        }

        var host = new AnchorHost(options, ground, chain, log) { _servedAtStart = ceremony.Epochs.Length };
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

    public void Send(string anchor, SegmentMessage message) => _links!.Send(anchor, message);

    public void Broadcast(SegmentMessage message) => _links!.Broadcast(message);

    public void OnMoved(SegmentOutput.Moved moved)
    {
        var ground = _ground.Follow(moved.Ground, moved.Step);
        _chain.Keep(ground, moved.Entries);
        _ground = ground;
        _links!.Follow(ground.Newest.Value);
        GovernLog.Moved(_log, ground.Newest.Value.Number);
    }

    // The view of the first seal's state follows: epochs, certificate and seal are swapped in as one (4.3.3).
    public void OnPublished(SegmentOutput.Published published) => _counters.Epochs.Add();

    public void OnCertified(CertifiedState state)
    {
        _views.Publish(_ground.View(state));
        _archive!.Enqueue(state);
        _counters.Seals.Add();
    }

    public void OnHeldBefore(CertifiedState state) => _views.Publish(_ground.ViewBefore(state));

    public void OnEvidence(Contradiction evidence) => _findings?.Post(evidence);

    public void OnBroken(Exception error) => _broken.TrySetException(error);

    public async ValueTask DisposeAsync()
    {
        await DisposeAsync(_telemetry).ConfigureAwait(false);
        await DisposeAsync(_metrics).ConfigureAwait(false);
        await DisposeAsync(_admin).ConfigureAwait(false);
        await DisposeAsync(_operator).ConfigureAwait(false);
        await DisposeAsync(_server).ConfigureAwait(false);
        await DisposeAsync(_findings).ConfigureAwait(false);
        await DisposeAsync(_courier).ConfigureAwait(false);
        await DisposeAsync(_consumers).ConfigureAwait(false);
        await DisposeAsync(_relay).ConfigureAwait(false);
        await DisposeAsync(_introductions).ConfigureAwait(false);
        _subjects?.Dispose();
        await DisposeAsync(_attests).ConfigureAwait(false);
        await DisposeAsync(_keeper).ConfigureAwait(false);
        await DisposeAsync(_links).ConfigureAwait(false);
        await DisposeAsync(_loop).ConfigureAwait(false);
        await DisposeAsync(_archive).ConfigureAwait(false);
        _keys?.Dispose();
    }

    /// <summary>Takes over what can change while it runs: as a whole, or not at all.</summary>
    /// <returns>What changed, and what keeps its value until a restart.</returns>
    internal OptionDifference Apply(AnchorOptions next)
    {
        lock (_changing)
        {
            var difference = AnchorChanges.Between(_options, next);
            if (difference.Changed.Contains("telemetry"))
            {
                _telemetry!.SendTo(next.Telemetry);
            }

            _subjects!.Replace(
                KeysOf(next),
                difference.Changed.Contains("spiffe") ? next.Identities.Spiffe : null,
                difference.Changed.Contains("tokens") ? next.Identities.Tokens : null);
            _context!.Rates = next.Rates;
            _options = AnchorChanges.Merge(_options, next);
            return difference;
        }
    }

    private static Hex16 Opening() => Hex16.Draw(RandomNumberGenerator.Fill);

    private static Dictionary<Digest, Subject> KeysOf(AnchorOptions options) =>
        options.Subjects.ToDictionary(mapping => mapping.Key.Kid, mapping => mapping.Subject);

    // Journal and archive: what this key signed, and the newest state that the segment certified.
    private async Task OpenAsync(
        AnchorOptions options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var folder = await DataFolder.OpenAsync(options, _ground, _keys!, time, cancellationToken)
            .ConfigureAwait(false);
        var log = loggers.CreateLogger<SealLoop>();
        _archive = new Archive(
            folder.Store, folder.Reopen, folder.Mark, _ground.Genesis, time, loggers.CreateLogger<Archive>());
        _keeper = OpenState(options);
        if (_keeper.Lost is { } lost)
        {
            HomeLog.StateLogLost(log, lost.Message);
        }

        _witnesses = new WitnessBook(_keeper, _verified, Opening);
        _operations = new OperationBook(options.Id, options.Data, loggers.CreateLogger<OperationBook>());
        var engine = EngineStart.Options(
            options.Id, _ground, _chain, folder, _keys!, _keeper, _witnesses, _operations, Opening);
        if (engine.JournalBase > folder.ArchivedSeq)
        {
            SealLog.BaseMissing(log, _ground.Newest.Value.Number, engine.JournalBase);
        }

        // What was certified here was served; of the newest epoch without a seal that is not known (I17).
        _servedAtStart = Math.Min(
            _ground.Epochs.Length,
            Math.Max(_servedAtStart, _ground.Epochs.Length - (folder.Archived is null ? 1 : 0)));
        _links = new PeerLinks(options.Id, _keys!.Transport, time, log, (anchor, isConnected) => _loop!.Post(
            isConnected ? new SegmentInput.Connected(anchor) : new SegmentInput.Disconnected(anchor)));
        _loop = new SealLoop(engine, (folder.Journal, folder.GovJournal), _operations, this, time, log);
        _archive.Written += _loop.OnArchived;
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
        var context = _context = ContextOf(options, time, loggers);
        var mint = new AttestMint(context.SealKey);
        var verifier = new HomeVerifier(context, _keeper!);
        _attests = new AttestBook(mint, AskAsync, verifier.IsExcluded, time, loggers.CreateLogger<AttestBook>());
        var chains = new ChainBook(context, verifier);
        var introducing = new Introducing(context, verifier, chains);
        _introductions = new IntroductionBook(
            context, introducing.WalkAsync, introducing.RepeatAsync,
            new IntroductionFile(Path.Combine(options.Data, "introductions.state")))
        {
            Draw = new Random(RandomNumberGenerator.GetInt32(int.MaxValue)).NextDouble,
            IsDoubtful = verifier.IsDoubtful,
        };
        _consumers = new ConsumerService(context, _attests, verifier, _introductions, chains);
        _courier = new EvidenceCourier(context, verifier, _consumers.Evidence, _links!.ReportAsync);
        _findings = new EngineFindings(_views, _consumers.Evidence.Take, loggers.CreateLogger<EngineFindings>());
        var builder = ServerServiceDefinition.CreateBuilder();
        _consumers.AddTo(builder);
        _relay = new IntroductionRelay(context, verifier, chains);
        _consumers.Homes.Presented.Pass = _relay.PassAsync;
        _introduce = new IntroduceService(context, _attests, _consumers.Homes, _relay);
        _introduce.AddTo(builder);
        _consumers.Homes.Presented.AddTo(builder);
        new ReadingService(context, ServedEpochs, chains.Find, _consumers.Homes.HomeOf, _ground.Genesis)
            .AddTo(builder);
        new PublishService(_loop!, _ground.Genesis, _counters, context).AddTo(builder);
        var service = builder.Build();
        var peers = new PeerService(
            options.Id,
            () => _ground.Newest.Value,
            (anchor, message, bytes, cancelled) => _loop!.HearAsync(anchor, message, bytes, cancelled),
            request => Decide(request, mint, context.Now()));
        var server = new RpcServerOptions
        {
            Endpoints = { RpcEndpoint.Tcp(options.Listen, new RpcServerTls(_keys!.Transport)) },
            Services = { decorate?.Invoke(service) ?? service, peers.Build() },
            MaxStreamsPerConnection = StreamsMax,
            Strangers = new StrangerLimits
            {
                Refused = why => _counters.StrangersRefused.With($"{why}").Add(),
            },
            LoggerFactory = loggers,
        };
        server.Calls.TimeProvider = time;
        try
        {
            _server = await RpcServer.StartAsync(server, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new StartException(ListenTrouble.At($"listen: {options.Listen}", e, "give another one"), e);
        }

        await ServeInsidersAsync(options, time, loggers, cancellationToken).ConfigureAwait(false);
        _links!.Follow(_ground.Newest.Value);
        _loop!.Start();
    }

    private ServingContext ContextOf(AnchorOptions options, TimeProvider time, ILoggerFactory loggers) => new()
    {
        Views = _views,
        SealKey = _keys!.Seal,
        Transport = _keys.Transport,
        TransportKid = _keys.TransportKid,
        Subjects = _subjects = new SubjectBook(
            KeysOf(options), options.Identities, time, loggers.CreateLogger<SubjectBook>()),
        UnsafeAllowLoopbackEndpoints = options.UnsafeAllowLoopbackEndpoints,
        Rates = options.Rates,
        Time = time,
        Loggers = loggers,
        Learned = Learn,
        Verified = _verified,
        Saw = (segment, certificate, place) =>
            _witnesses!.Note(segment, certificate, place, time.GetUtcNow().ToUnixTimeMilliseconds()),
    };

    // What the segment's own people and their tools use.
    private async Task ServeInsidersAsync(
        AnchorOptions options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var pages = new AnchorPages(() => Status(options.Id), _counters, time);
        _admin = await PageServer.StartAsync(
            "admin", options.Admin, pages.Admin, isLoopbackOnly: true, cancellationToken)
            .ConfigureAwait(false);
        _metrics = await PageServer.StartAsync(
            "metrics", options.Metrics, pages.Metrics, isLoopbackOnly: false, cancellationToken)
            .ConfigureAwait(false);
        _telemetry = new TelemetrySwitch(
            "fairlead-anchor", $"{_ground.Name.Text}/{options.Id}", _ => new(pages.Numbers), time,
            loggers.CreateLogger<TelemetrySwitch>());
        _telemetry.SendTo(options.Telemetry);
        _operator = await OperatorSocket.StartAsync(
            options.OperatorSocket,
            new OperatorService(options.Id, _loop!, _operations!, () => _ground, Met, time),
            time,
            loggers,
            cancellationToken).ConfigureAwait(false);
    }

    // Those that a question led to have a name; of those whose pods ask here the genesis is known.
    private Dictionary<Digest, string> Met(IReadOnlyCollection<Digest> segments)
    {
        var met = segments.Where(one => _consumers!.Homes.Established(one) is not null)
            .ToDictionary(one => one, static _ => "");
        if (segments.Count > 0)
        {
            var wanted = segments.ToHashSet();
            foreach (var (name, pin) in _keeper!.Durable.Pins)
            {
                if (wanted.Contains(pin.Genesis))
                {
                    met[pin.Genesis] = name.Text;
                }
            }
        }

        return met;
    }

    // Epochs and the newest one's first seal are shown together, so that nobody waits for a seal that is not there yet.
    private ImmutableArray<EpochDocument> ServedEpochs() =>
        _views.Current?.Epochs ?? _ground.Epochs[.._servedAtStart];

    // A verified chain of another segment: a renewal may raise the floor to it.
    private bool Learn(SegmentState segment) => _loop!.Post(new SegmentInput.OfOperator(
        new EpochInput.Learned(segment.Genesis, EngineStart.Foreign(segment))));

    private async Task<Envelope> AskAsync(
        string anchor, SegmentView view, AttestTerms terms, CancellationToken cancellationToken)
    {
        var link = _links!.Find(anchor)
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
        [.. _links!.All.Select(link => (link.Id, link.IsConnected))], _archive!.Alarm, _consumers!.Streams)
    {
        Introductions = [.. _introductions!.All.Where(one => !one.Way.Hops.IsEmpty)],
        NotArchived = _archive.Failure,
        Answers = _context!.Meter,
        Denials = _attests!.Denials,
        Dropped = _loop.Dropped,
        Introduced = _introduce!.Given,
        Upstream = _consumers!.Upstream,
        Strangers = _server!.Strangers,
    };

    private static ValueTask DisposeAsync(IAsyncDisposable? part) => part?.DisposeAsync() ?? ValueTask.CompletedTask;
}
