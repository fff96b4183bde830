namespace Fairlead.Rpc;

internal sealed class ClientStreamingHandler<TRequest, TResponse>(
    Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse> handler)
    : MethodHandler(method)
    where TRequest : class
    where TResponse : class
{
    public override async Task InvokeAsync(ServerCall call)
    {
        var requests = new ServerStreamReader<TRequest>(call, method.RequestMarshaller);
        var response = await handler(requests, call).ConfigureAwait(false);
        await call.WriteLastAsync(method.ResponseMarshaller, response).ConfigureAwait(false);
    }

    public override MethodHandler Intercept(ServerInterceptor interceptor) =>
        new ClientStreamingHandler<TRequest,
        TResponse>(method, (requests, context) => interceptor.ClientStreamingServerHandler(requests, context, handler));
}
