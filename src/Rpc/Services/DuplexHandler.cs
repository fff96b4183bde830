namespace Fairlead.Rpc;

internal sealed class DuplexHandler<TRequest, TResponse>(
    Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse> handler)
    : MethodHandler(method)
    where TRequest : class
    where TResponse : class
{
    public override Task InvokeAsync(ServerCall call)
    {
        var requests = new ServerStreamReader<TRequest>(call, method.RequestMarshaller);
        var responses = new ServerStreamWriter<TResponse>(call, method.ResponseMarshaller);
        return handler(requests, responses, call);
    }

    public override MethodHandler Intercept(ServerInterceptor interceptor) =>
        new DuplexHandler<TRequest, TResponse>(method, (requests, responses, context) =>
            interceptor.DuplexStreamingServerHandler(requests, responses, context, handler));
}
