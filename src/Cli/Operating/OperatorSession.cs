using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Cli.Operating;

/// <summary>The operator's side of one anchor's socket. Used by one command.</summary>
internal sealed class OperatorSession : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly string _socket;
    private readonly RpcChannel _channel;

    /// <exception cref="CliException">There is no such socket.</exception>
    internal OperatorSession(string socket)
    {
        _socket = socket;
        if (!File.Exists(socket))
        {
            throw new CliException(
                ExitCode.Unreachable,
                $"{socket}: no such socket; the anchor makes {OperatorMethods.SocketName} in its data folder when it "
                + "starts");
        }

        _channel = new RpcChannel(
            "unix:" + Path.GetFullPath(socket),
            new RpcChannelOptions
            {
                MaxReceiveMessageBytes = OperatorMethods.MaxMessageBytes,
                MaxSendMessageBytes = OperatorMethods.MaxMessageBytes,
            });
    }

    /// <summary>The newest epoch of the anchor's segment, and its op-made leaves.</summary>
    /// <exception cref="CliException">The anchor cannot be asked, or answers nonsense.</exception>
    internal async Task<EpochGround> GroundAsync(CancellationToken cancellationToken)
    {
        var response = await CallAsync(OperatorMethods.Ground, new GroundRequest(), cancellationToken)
            .ConfigureAwait(false);
        if (!WireReader.TryRead(response.Genesis, out Digest genesis, out var refusal)
            || !SegmentName.TryParse(response.Name, out var name, out refusal)
            || !Document.TryParse<Epoch>(response.Epoch.Memory, out var epoch, out refusal))
        {
            throw Nonsense(refusal);
        }

        var leaves = OperationLeaves.Shown(
            epoch, response.Leaves.Select(leaf => ((LeafClass)leaf.Class, leaf.Leaf.Memory)), out refusal);
        return leaves is null ? throw Nonsense(refusal!) : new EpochGround(genesis, epoch, leaves, [name]);
    }

    /// <summary>One call.</summary>
    /// <exception cref="CliException">The anchor cannot be asked (6), or refuses (5).</exception>
    internal async Task<TResponse> CallAsync<TRequest, TResponse>(
        Method<TRequest, TResponse> method, TRequest request, CancellationToken cancellationToken)
        where TRequest : class
        where TResponse : class
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            using var call = _channel.CreateCallInvoker().AsyncUnaryCall(
                method, null, new CallOptions(cancellationToken: patience.Token), request);
            return await call.ResponseAsync.ConfigureAwait(false);
        }
        catch (Exception e) when (
            e is RpcException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw e is RpcException failed && RpcFailures.Read(failed) is { } refusal
                ? new CliException(ExitCode.Refused, $"{refusal}")
                : new CliException(
                    ExitCode.Unreachable,
                    $"{_socket}: {(e as RpcException)?.Status.Detail ?? "no answer"}; is the anchor running, and are "
                    + "you its operator?");
        }
    }

    public ValueTask DisposeAsync() => _channel.DisposeAsync();

    private CliException Nonsense(Refusal refusal) =>
        new(ExitCode.Refused, $"{_socket}: {refusal}; take anchor and fairlead of one version");
}
