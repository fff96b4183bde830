using Fairlead.Naming;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Google.Protobuf;

namespace Fairlead.Protocol;

/// <summary>
/// The methods of the service <c>fairlead.v1.AnchorOperator</c>, which an anchor serves on its operator's unix socket
/// alone, with readers that hold every message to V1 and V2.
/// </summary>
public static class OperatorMethods
{
    /// <summary>The service's full name.</summary>
    public const string ServiceName = "fairlead.v1.AnchorOperator";

    /// <summary>The name of the socket in the anchor's data folder.</summary>
    public const string SocketName = "operator.sock";

    /// <summary>The largest message any method reads, in bytes.</summary>
    public const int MaxMessageBytes = 16 * 1024 * 1024;

    private const int SmallBytes = 64 * 1024;

    private const int ProposalBytes = 2 * Limits.OperationBytes;

    /// <summary>The newest epoch and its op-made leaves.</summary>
    public static Method<GroundRequest, GroundResponse> Ground { get; } =
        Create<GroundRequest, GroundResponse>("Ground", SmallBytes, MaxMessageBytes);

    /// <summary>The dry run.</summary>
    public static Method<TryRequest, OperationEffect> Try { get; } =
        Create<TryRequest, OperationEffect>("Try", ProposalBytes, MaxMessageBytes);

    /// <summary>Queues an operation.</summary>
    public static Method<ProposeRequest, ProposeResponse> Propose { get; } =
        Create<ProposeRequest, ProposeResponse>("Propose", ProposalBytes, SmallBytes);

    /// <summary>The operations that wait, by their digests.</summary>
    public static Method<ProposalsRequest, ProposalsResponse> Proposals { get; } =
        Create<ProposalsRequest, ProposalsResponse>("Proposals", SmallBytes, MaxMessageBytes);

    /// <summary>The operator's word for one of them.</summary>
    public static Method<ApproveRequest, ApproveResponse> Approve { get; } =
        Create<ApproveRequest, ApproveResponse>("Approve", SmallBytes, SmallBytes);

    /// <summary>Takes back a proposal, or an approval.</summary>
    public static Method<WithdrawRequest, WithdrawResponse> Withdraw { get; } =
        Create<WithdrawRequest, WithdrawResponse>("Withdraw", SmallBytes, SmallBytes);

    /// <summary>A page of decided epochs.</summary>
    public static Method<LogRequest, LogResponse> Log { get; } =
        Create<LogRequest, LogResponse>("Log", SmallBytes, MaxMessageBytes);

    private static Method<TRequest, TResponse> Create<TRequest, TResponse>(
        string name, int requestLimit, int responseLimit)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        StrictMethod.Create<TRequest, TResponse>(MethodType.Unary, ServiceName, name, requestLimit, responseLimit);
}
