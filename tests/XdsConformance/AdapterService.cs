using Fairlead.Rpc;
using Fairlead.XdsConformance.Wire;
using Google.Protobuf;

namespace Fairlead.XdsConformance;

/// <summary>The calls by which a harness says what is served. Stateless.</summary>
internal static class AdapterService
{
    private const string Service = "adapter.Adapter";

    /// <summary>The service, to add to a server.</summary>
    public static ServerServiceDefinition Define(NodeStates states) => ServerServiceDefinition.CreateBuilder()
        .AddMethod(
            Of<SetStateRequest, SetStateResponse>("SetState"),
            (request, _) => Task.FromResult(new SetStateResponse { Success = states.Set(request) }))
        .AddMethod(Of<ClearStateRequest, ClearStateResponse>("ClearState"), (request, _) =>
        {
            states.Clear(request.Node);
            return Task.FromResult(new ClearStateResponse { Response = $"{request.Node} is cleared" });
        })
        .AddMethod(
            Of<ResourceRequest, ResourceResponse>("UpdateResource"),
            (request, _) => Said(states.Put(request, isThere: true)))
        .AddMethod(
            Of<ResourceRequest, ResourceResponse>("AddResource"),
            (request, _) => Said(states.Put(request, isThere: false)))
        .AddMethod(
            Of<ResourceRequest, ResourceResponse>("RemoveResource"), (request, _) => Said(states.Remove(request)))
        .Build();

    /// <summary>One of its methods, for clients too.</summary>
    public static Method<TRequest, TResponse> Of<TRequest, TResponse>(string name)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() => new(
            MethodType.Unary, Service, name, Marshallers.Protobuf<TRequest>(), Marshallers.Protobuf<TResponse>());

    private static Task<ResourceResponse> Said(bool isDone) =>
        Task.FromResult(new ResourceResponse { Success = isDone });
}
