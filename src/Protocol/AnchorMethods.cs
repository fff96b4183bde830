using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Google.Protobuf;

namespace Fairlead.Protocol;

/// <summary>The methods of the service <c>fairlead.v1.Anchor</c>, with readers that hold every message to V1 and
/// V2.</summary>
public static class AnchorMethods
{
    /// <summary>The service's full name.</summary>
    public const string ServiceName = "fairlead.v1.Anchor";

    /// <summary>The largest message any method reads, in bytes: an answer with all slices of a record.</summary>
    public const int MaxMessageBytes = 4 * 1024 * 1024;

    private const int SmallBytes = 64 * 1024;

    private const int RequestBytes = 2 * 1024 * 1024;

    /// <summary>One answer.</summary>
    public static Method<ResolveRequest, ResolveResponse> Resolve { get; } =
        Create<ResolveRequest, ResolveResponse>(MethodType.Unary, "Resolve", RequestBytes, MaxMessageBytes);

    /// <summary>Answers and their updates over one stream.</summary>
    public static Method<SubscribeRequest, SubscribeResponse> Subscribe { get; } =
        Create<SubscribeRequest, SubscribeResponse>(
            MethodType.DuplexStreaming, "Subscribe", RequestBytes, MaxMessageBytes);

    /// <summary>A transit's hop.</summary>
    public static Method<IntroduceRequest, IntroduceResponse> Introduce { get; } =
        Create<IntroduceRequest, IntroduceResponse>(MethodType.Unary, "Introduce", RequestBytes, RequestBytes);

    /// <summary>The newest certified seal (V41).</summary>
    public static Method<HeadRequest, HeadResponse> Head { get; } =
        Create<HeadRequest, HeadResponse>(MethodType.Unary, "Head", SmallBytes, 2 * SmallBytes);

    /// <summary>A page of epochs.</summary>
    public static Method<EpochsRequest, EpochsResponse> Epochs { get; } =
        Create<EpochsRequest, EpochsResponse>(MethodType.Unary, "Epochs", SmallBytes, RequestBytes);

    /// <summary>A page of epochs of the caller's segment, or of one that introduces it.</summary>
    public static Method<PresentRequest, PresentResponse> Present { get; } =
        Create<PresentRequest, PresentResponse>(MethodType.Unary, "Present", RequestBytes, SmallBytes);

    /// <summary>Evidence against a segment's keys (V38).</summary>
    public static Method<ReportRequest, ReportResponse> Report { get; } =
        Create<ReportRequest, ReportResponse>(MethodType.Unary, "Report", 3 * SmallBytes, SmallBytes);

    /// <summary>Slices of a record by digest, as far as a question about it is answered with them.</summary>
    public static Method<SlicesRequest, SlicesResponse> Slices { get; } =
        Create<SlicesRequest, SlicesResponse>(MethodType.Unary, "Slices", RequestBytes, MaxMessageBytes);

    /// <summary>A page of leaves.</summary>
    public static Method<StateRequest, StateResponse> State { get; } =
        Create<StateRequest, StateResponse>(MethodType.Unary, "State", SmallBytes, MaxMessageBytes);

    /// <summary>Entries, and what becomes of each.</summary>
    public static Method<PublishRequest, PublishEvent> Publish { get; } =
        Create<PublishRequest, PublishEvent>(MethodType.ServerStreaming, "Publish", MaxMessageBytes, SmallBytes);

    private static Method<TRequest, TResponse> Create<TRequest, TResponse>(
        MethodType type, string name, int requestLimit, int responseLimit)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        StrictMethod.Create<TRequest, TResponse>(type, ServiceName, name, requestLimit, responseLimit);
}
