namespace Fairlead.Rpc;

/// <summary>A method with its handler, its message types hidden.</summary>
internal abstract class MethodHandler(IMethod method)
{
    public IMethod Method { get; } = method;

    /// <summary>Reads what the handler needs first, runs it, and writes its single response if there is one.</summary>
    public abstract Task InvokeAsync(ServerCall call);

    /// <summary>The same method with an interceptor around its handler.</summary>
    public abstract MethodHandler Intercept(ServerInterceptor interceptor);
}
