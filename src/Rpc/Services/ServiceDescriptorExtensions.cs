using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Fairlead.Rpc;

/// <summary>Methods from the descriptors that protobuf's generator leaves in the messages' code.</summary>
public static class ServiceDescriptorExtensions
{
    /// <summary>
    /// The method of this name with protobuf marshallers. Throws <see cref="ArgumentException"/> if the service has no
    /// such method or its messages are of other types.
    /// </summary>
    public static Method<TRequest, TResponse> Method<TRequest, TResponse>(this ServiceDescriptor service, string name)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        ArgumentNullException.ThrowIfNull(service);
        var method = service.FindMethodByName(name)
            ?? throw new ArgumentException($"{service.FullName} has no method {name}.", nameof(name));
        if (method.InputType.ClrType != typeof(TRequest) || method.OutputType.ClrType != typeof(TResponse))
        {
            throw new ArgumentException(
                $"{service.FullName}/{name} is ({method.InputType.FullName}) -> {method.OutputType.FullName}.",
                nameof(name));
        }

        return new Method<TRequest, TResponse>(
            TypeOf(method),
            service.FullName,
            method.Name,
            Marshallers.Protobuf<TRequest>(),
            Marshallers.Protobuf<TResponse>());
    }

    private static MethodType TypeOf(MethodDescriptor method) =>
        (method.IsClientStreaming, method.IsServerStreaming) switch
        {
            (false, false) => MethodType.Unary,
            (true, false) => MethodType.ClientStreaming,
            (false, true) => MethodType.ServerStreaming,
            (true, true) => MethodType.DuplexStreaming,
        };
}
