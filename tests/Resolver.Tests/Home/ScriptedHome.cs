using System.Collections.Concurrent;
using System.Security.Cryptography;
using Fairlead.Identities;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver.Home;
using Fairlead.Rpc;
using Fairlead.TestKit.Answers;

namespace Fairlead.Resolver.Tests.Home;

/// <summary>
/// A home segment of four anchors on real sockets whose words a test decides, two services in it, and a resolver of one
/// of its pods.
/// </summary>
internal sealed class ScriptedHome : IAsyncDisposable
{
    internal const string Web = "web.shop.svc.eu1.internal";
    internal const string Cart = "cart.shop.svc.eu1.internal";

    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly List<ECDsa> _keys = [.. Enumerable.Range(0, 4).Select(_ => NewKey())];
    private readonly ConcurrentQueue<CachedName> _changes = new();
    private readonly ConcurrentQueue<string> _forgotten = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-resolver-").FullName;
    private readonly SemaphoreSlim _heard = new(0);

    private bool _isStopped;

    private ScriptedHome(long continuity, long validity)
    {
        Segment = AnswerSegment.Create("eu1.internal", Now - 60_000, change: epoch => epoch with
        {
            Policy = epoch.Policy with { ContinuityMax = continuity, SealValidity = validity },
            Anchors = [.. epoch.Anchors.Select((anchor, i) => anchor with { Tls = KeyOf(_keys[i]) })],
        });
        Segment.Put(AnswerLeaves.OpenRule());
        foreach (var name in new[] { Web, Cart })
        {
            var service = FullName.Parse(name).Service!.Text;
            var slice = AnswerLeaves.SliceOf(service, "eu", "10.0.0.1", "10.0.0.2");
            Segment.Put(AnswerLeaves.RecordOf(service, Now - 40_000, Segment.Publisher, slice));
        }

        Reseal();
        Anchors = [.. Enumerable.Range(0, 4).Select(i => new ScriptedAnchor(this, i, _keys[i]))];
    }

    internal static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    internal AnswerSegment Segment { get; }

    internal IReadOnlyList<ScriptedAnchor> Anchors { get; }

    internal HomeResolver Resolver { get; private set; } = null!;

    internal IReadOnlyCollection<string> Forgotten => _forgotten;

    /// <summary>Runs on the resolver's task whenever a name changes.</summary>
    internal Action<CachedName> OnChanged { get; set; } = static _ => { };

    internal string StateFile => Path.Combine(_folder, "verifier.state");

    internal string AnswerFolder => Path.Combine(_folder, "answers");

    private ECDsa Pod { get; } = NewKey();

    internal static async Task<ScriptedHome> StartAsync(
        CancellationToken cancellationToken, long continuity = 0, long validity = 300_000)
    {
        var home = new ScriptedHome(continuity, validity);
        foreach (var anchor in home.Anchors)
        {
            await anchor.StartAsync(cancellationToken);
        }

        return home;
    }

    internal static UnverifiedAnswer Honest(TestAnswers ask) => ask.Service.Text switch
    {
        "web.shop.svc" or "cart.shop.svc" =>
            ask.Record(AnswerLeaves.SliceOf(ask.Service.Text, "eu", "10.0.0.1", "10.0.0.2")),
        _ => ask.Negative(),
    };

    /// <summary>A new seal over the leaves as they are.</summary>
    internal void Reseal() => Segment.SealAt(Now - 500);

    /// <summary>An epoch by which the anchors are elsewhere, and its first seal.</summary>
    internal void Move(Func<int, IpEndpoint[]> endpoints)
    {
        Segment.Next(
            Now - 900,
            epoch => epoch with
            {
                Op = new EpochOp { Type = OpType.Rotate },
                Anchors = [.. epoch.Anchors.Select((anchor, i) => anchor with { Endpoints = [.. endpoints(i)] })],
            },
            consents: true);
        Reseal();
    }

    /// <summary>An epoch by which the anchors are where they are.</summary>
    internal void MoveHome() => Move(i => [Anchors[i].Endpoint]);

    /// <summary>Starts a resolver; it is told of the first anchors alone. By the clock it leaves none of them, returns
    /// to none unless it is told to, and asks none beside another unless it is hurried: a machine that stops says
    /// nothing of an anchor.</summary>
    internal void StartResolver(bool keepsState = false, Floor? floor = null, int unhandledMax = 32,
        Digest? genesis = null, IConsumerProof? proof = null, int unsentMax = 20_000, int bootstrap = 4,
        TimeProvider? time = null, bool isHurried = false, bool isReturning = false, byte nonce = 7)
    {
        Resolver = new HomeResolver(
            new HomeResolverOptions
            {
                Home = new HomePin(genesis ?? Segment.Genesis, Segment.Name, floor),
                Anchors = [.. Anchors.Take(bootstrap).Select(anchor => anchor.Endpoint)],
                Identity = new TlsIdentity(Pod, TimeProvider.System),
                StateFile = keepsState ? StateFile : null,
                AnswerFolder = keepsState ? AnswerFolder : null,
                UnhandledMax = unhandledMax,
                UnsentMax = unsentMax,
                Proof = proof,
                AskPatience = Patience,
                HedgeMax = isHurried ? TimeSpan.FromMilliseconds(200) : Patience,
                MeetPatience = Patience,
                ReturnAfter = isReturning ? TimeSpan.FromSeconds(1) : Patience,
                Time = time ?? TimeProvider.System,
                Random = new Random(1),
                FillRandom = bytes => bytes.Fill(nonce),
            },
            new Subject { Namespace = "shop", Account = "frontend" },
            new NameObserver(Changed, _forgotten.Enqueue, _ => _heard.Release()));
        _isStopped = false;
        Resolver.Start();
    }

    /// <summary>What the observer heard of a name, in order.</summary>
    internal IEnumerable<NameState> StatesOf(string name) =>
        _changes.Where(change => change.Name == name).Select(change => change.State);

    internal void ForgetChanges() => _changes.Clear();

    internal async Task StopResolverAsync()
    {
        await Resolver.DisposeAsync();
        _isStopped = true;
    }

    /// <summary>Waits for a name to be as wanted; what became of names wakes it, no clock does.</summary>
    internal Task<CachedName> UntilAsync(string name, Func<CachedName, bool> wanted) => UntilAsync(
        () => Resolver.Names.FirstOrDefault(one => one.Name == name) is { } held && wanted(held) ? held : null, name);

    internal Task<CachedName> UntilFreshAsync(string name) => UntilAsync(name, held => held.State == NameState.Fresh);

    internal Task<AnchorTrouble> UntilTroubleAsync(params VerificationFailure[] oneOf) => UntilAsync(
        () => Resolver.Troubles.Newest.FirstOrDefault(trouble => oneOf.Contains(trouble.Refusal.Failure)),
            string.Join("/", oneOf));

    /// <summary>The distinct errors so far.</summary>
    internal IEnumerable<VerificationFailure> Failures() =>
        Resolver.Troubles.Newest.Select(trouble => trouble.Refusal.Failure).Distinct();

    /// <summary>Asserts which distinct errors there were so far, and tells all where there were others.</summary>
    internal void AssertFailures(params VerificationFailure[] failures)
    {
        if (!Failures().Order().SequenceEqual(failures.Order()))
        {
            Assert.Fail($"not [{string.Join(", ", failures)}]:\n{string.Join("\n", Resolver.Troubles.Newest)}");
        }
    }

    internal async Task<T> UntilAsync<T>(Func<T?> probe, string what)
        where T : class
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(Patience);
        while (true)
        {
            if (probe() is { } found)
            {
                return found;
            }

            try
            {
                await _heard.WaitAsync(TimeSpan.FromMilliseconds(50), bounded.Token);
            }
            catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
            {
                var troubles = string.Join("\n", Resolver.Troubles.Newest);
                throw new TimeoutException($"{what}: {string.Join(", ", Resolver.Names)}\n{troubles}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Resolver is { } resolver && !_isStopped)
        {
            await resolver.DisposeAsync();
        }

        foreach (var anchor in Anchors)
        {
            await anchor.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    internal static ECDsa NewKey() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

    internal static PublicKey KeyOf(ECDsa key)
    {
        var q = key.ExportParameters(false).Q;
        return PublicKey.TryFromPoint([4, .. q.X!, .. q.Y!], out var known, out _) ? known
            : throw new InvalidOperationException();
    }

    private void Changed(CachedName name)
    {
        _changes.Enqueue(name);
        OnChanged(name);
        _heard.Release();
    }
}
