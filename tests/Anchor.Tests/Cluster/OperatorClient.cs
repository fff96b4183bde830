using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>The operator of one anchor of a cluster, at its socket, as <c>fairlead</c> speaks there.</summary>
internal sealed class OperatorClient : IAsyncDisposable
{
    private readonly RpcChannel _channel;
    private readonly CallInvoker _invoker;

    internal OperatorClient(AnchorCluster cluster, int anchor)
    {
        Socket = Path.Combine(cluster.DataOf(anchor), OperatorMethods.SocketName);
        _channel = new RpcChannel("unix:" + Socket);
        _invoker = _channel.CreateCallInvoker();
    }

    internal string Socket { get; }

    internal async Task<EpochGround> GroundAsync()
    {
        var response = await CallAsync(OperatorMethods.Ground, new GroundRequest());
        Assert.True(Document.TryParse<Epoch>(response.Epoch.Memory, out var epoch, out _));
        Assert.True(WireReader.TryRead(response.Genesis, out Digest genesis, out _));
        var leaves = OperationLeaves.Shown(
            epoch, response.Leaves.Select(leaf => ((LeafClass)leaf.Class, leaf.Leaf.Memory)), out var refusal);
        Assert.Null(refusal);
        return new EpochGround(genesis, epoch, leaves!, [SegmentName.Parse(response.Name)]);
    }

    /// <summary>Proposes a Rule; the candidate's digest.</summary>
    internal async Task<Digest> ProposeAsync(string rule, string effect, string names, Digest? segment = null)
    {
        var proposal = Build(await GroundAsync(), rule, effect, names, segment);
        return await ProposeAsync(proposal);
    }

    internal async Task<Digest> ProposeAsync(Naming.Operations.EpochProposal proposal)
    {
        var response = await CallAsync(
            OperatorMethods.Propose, new ProposeRequest { Proposal = ProposalWire.Write(proposal), Approve = true });
        Assert.True(WireReader.TryRead(response.Digest, out Digest digest, out _));
        return digest;
    }

    internal static Naming.Operations.EpochProposal Build(
        EpochGround ground, string rule, string effect, string names, Digest? segment = null)
    {
        var request = new PolicyRequest
        {
            Rules =
            [
                new Naming.Rule
                {
                    Effect = effect,
                    Id = rule,
                    Made = 0,
                    Names = [NamePattern.Parse(names)],
                    Opening = default,
                    Subjects = [new RuleSubject { Segment = segment?.ToString() ?? "*" }],
                },
            ],
        };
        var proposal = PolicyOperation.Build(
            ground, request, ClusterClient.Now, () => TestSegment.Bytes16(rule), out var refusal);
        return proposal ?? throw new InvalidOperationException(refusal!.ToString());
    }

    /// <summary>What waits; of more than a message holds the first.</summary>
    internal async Task<ProposalsResponse> ProposalsAsync()
    {
        var waiting = await CallAsync(OperatorMethods.Proposals, new ProposalsRequest());
        return await CallAsync(OperatorMethods.Proposals, new ProposalsRequest { Digests = { waiting.Waiting } });
    }

    internal Task<WithdrawResponse> WithdrawAsync(Digest digest) =>
        CallAsync(OperatorMethods.Withdraw, new WithdrawRequest { Digest = WireWriter.ToBytes(digest) });

    /// <summary>Approves as soon as the anchor has heard of the operation.</summary>
    internal async Task ApproveAsync(Digest digest)
    {
        var known = WireWriter.ToBytes(digest);
        await EventuallyAsync(async () => (await ProposalsAsync()).Operations.Any(one => one.Digest == known));
        await CallAsync(OperatorMethods.Approve, new ApproveRequest { Digest = known });
    }

    internal Task<LogResponse> LogAsync(long from = 0) =>
        CallAsync(OperatorMethods.Log, new LogRequest { From = (ulong)from, Limit = 32 });

    /// <summary>Waits until the anchor sealed an epoch of this number.</summary>
    internal Task SealedAsync(long epoch) => EventuallyAsync(async () =>
    {
        var log = await LogAsync(epoch);
        return log.Sealed && log.Newest >= (ulong)epoch;
    });

    internal async Task<TResponse> CallAsync<TRequest, TResponse>(Method<TRequest, TResponse> method, TRequest request)
        where TRequest : class
        where TResponse : class
    {
        using var call = _invoker.AsyncUnaryCall(
            method, null, new CallOptions(cancellationToken: TestContext.Current.CancellationToken), request);
        return await call.ResponseAsync;
    }

    internal static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(4));
        while (!await holds())
        {
            await Task.Delay(20, patience.Token);
        }
    }

    public ValueTask DisposeAsync() => _channel.DisposeAsync();
}
