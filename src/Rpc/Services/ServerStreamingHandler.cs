namespace Fairlead.Rpc;

internal sealed class ServerStreamingHandler<TRequest, TResponse>(
    Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse> handler)
    : MethodHandler(method)
    where TRequest : class
    where TResponse : class
{
    public override async Task InvokeAsync(ServerCall call)
    {
        var request = await call.ReadSingleAsync(method.RequestMarshaller).ConfigureAwait(false);
        var responses = new ServerStreamWriter<TResponse>(call, method.ResponseMarshaller);
        await handler(request, responses, call).ConfigureAwait(false);
    }

    public override MethodHandler Intercept(ServerInterceptor interceptor) =>
        new ServerStreamingHandler<TRequest, TResponse>(method, (request, responses, context) =>
            interceptor.ServerStreamingServerHandler(request, responses, context, handler));
}
