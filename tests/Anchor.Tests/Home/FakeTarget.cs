using System.Net;
using System.Threading.Channels;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Home;

/// <summary>
/// One anchor of a target that answers after a time of the test's clock, or takes every question and answers none.
/// Thread-safe.
/// </summary>
internal sealed class FakeTarget : IAsyncDisposable
{
    private readonly TlsIdentity _identity;
    private readonly Channel<string> _heard = Channel.CreateUnbounded<string>();
    private volatile bool _isFrozen;
    private int _questions;

    private FakeTarget(int key) => _identity = new TlsIdentity(TestKeys.Ecdsa(key), TimeProvider.System);

    /// <summary>Where it is.</summary>
    internal IpEndpoint At { get; private set; } = null!;

    /// <summary>What it was asked, by method, as it is heard; what it takes is under way then.</summary>
    internal ChannelReader<string> Heard => _heard.Reader;

    /// <summary>How many names it was asked for.</summary>
    internal int Questions => Volatile.Read(ref _questions);

    /// <summary>Whether it is silent from now on, with its connections open.</summary>
    internal bool IsFrozen
    {
        get => _isFrozen;
        set => _isFrozen = value;
    }

    /// <summary>Whether it does not even take what comes on a stream.</summary>
    internal bool IsDeaf { get; set; }

    /// <summary>Before this it does not show its chain, without which nobody opens a stream.</summary>
    internal Task MayMeet { get; set; } = Task.CompletedTask;

    /// <summary>How long an answer takes.</summary>
    internal TimeSpan Takes { get; set; }

    /// <summary>The clock of that.</summary>
    internal TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>Its chain.</summary>
    internal Func<IReadOnlyList<EpochDocument>> Chain { get; set; } = static () => [];

    /// <summary>What it says.</summary>
    internal Func<ResolveRequest, UnverifiedAnswer> Answer { get; set; } =
        static _ => throw new NotSupportedException();

    private RpcServer? Server { get; set; }

    /// <param name="key">The number of its tls key.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    internal static async Task<FakeTarget> StartAsync(int key, CancellationToken cancellationToken)
    {
        var fake = new FakeTarget(key);
        fake.Server = await RpcServer.StartAsync(
            new RpcServerOptions
            {
                Endpoints =
                {
                    RpcEndpoint.Tcp(new IPEndPoint(IPAddress.Loopback, 0), new RpcServerTls(fake._identity)),
                },
                Services =
                {
                    ServerServiceDefinition.CreateBuilder()
                        .AddMethod(AnchorMethods.Epochs, fake.EpochsAsync)
                        .AddMethod(AnchorMethods.Resolve, fake.ResolveAsync)
                        .AddMethod(AnchorMethods.Subscribe, fake.SubscribeAsync).Build(),
                },
            },
            cancellationToken);
        fake.At = IpEndpoint.Of(IPAddress.Loopback, fake.Server.Endpoints[0].Address!.Port);
        return fake;
    }

    public async ValueTask DisposeAsync()
    {
        await Server!.DisposeAsync();
        _identity.Dispose();
    }

    private async Task<EpochsResponse> EpochsAsync(EpochsRequest request, ServerCallContext context)
    {
        _heard.Writer.TryWrite("epochs");
        await MayMeet.WaitAsync(context.CancellationToken);
        await SilenceAsync(context);
        var chain = Chain();
        return new EpochsResponse
        {
            Epochs = { chain.Skip((int)request.From).Take(Limits.PageEpochs).Select(WireWriter.ToMessage) },
            Newest = (ulong)chain.Count - 1,
        };
    }

    private async Task<ResolveResponse> ResolveAsync(ResolveRequest request, ServerCallContext context)
    {
        await TakeAsync("resolve", context);
        return new ResolveResponse { Answer = WireWriter.ToMessage(Answer(request)) };
    }

    private async Task SubscribeAsync(
        IAsyncStreamReader<SubscribeRequest> requests, IServerStreamWriter<SubscribeResponse> responses,
        ServerCallContext context)
    {
        _heard.Writer.TryWrite("stream");
        if (IsDeaf)
        {
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
        }

        while (await requests.MoveNext(context.CancellationToken))
        {
            if (requests.Current.Open is not null && IsFrozen)
            {
                Interlocked.Increment(ref _questions);
                _heard.Writer.TryWrite("open");
            }
            else if (requests.Current.Open is { } open)
            {
                await TakeAsync("open", context);
                var update = new Update { Ids = { open.Id }, Answer = WireWriter.ToMessage(Answer(open.Request)) };
                await responses.WriteAsync(new SubscribeResponse { Update = update }, context.CancellationToken);
            }
        }
    }

    private async Task TakeAsync(string question, ServerCallContext context)
    {
        Interlocked.Increment(ref _questions);
        var taken = Task.Delay(Takes, Time, context.CancellationToken);
        _heard.Writer.TryWrite(question);
        await taken;
        await SilenceAsync(context);
    }

    private Task SilenceAsync(ServerCallContext context) =>
        IsFrozen ? Task.Delay(Timeout.Infinite, context.CancellationToken) : Task.CompletedTask;
}
