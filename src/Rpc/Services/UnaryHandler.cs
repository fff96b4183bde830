namespace Fairlead.Rpc;

internal sealed class UnaryHandler<TRequest, TResponse>(
    Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse> handler) : MethodHandler(method)
    where TRequest : class
    where TResponse : class
{
    public override async Task InvokeAsync(ServerCall call)
    {
        var request = await call.ReadSingleAsync(method.RequestMarshaller).ConfigureAwait(false);
        var response = await handler(request, call).ConfigureAwait(false);
        await call.WriteLastAsync(method.ResponseMarshaller, response).ConfigureAwait(false);
    }

    public override MethodHandler Intercept(ServerInterceptor interceptor) =>
        new UnaryHandler<TRequest,
        TResponse>(method, (request, context) => interceptor.UnaryServerHandler(request, context, handler));
}
