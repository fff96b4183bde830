namespace Fairlead.Rpc;

/// <summary>A method with its handler, its message types hidden.</summary>
internal abstract class MethodHandler(IMethod method)
{
    public IMethod Method { get; } = method;
}
internal sealed class UnaryHandler<A, B>(Method<A, B> m, UnaryServerMethod<A, B> h) : MethodHandler(m) where A : class where B : class { public UnaryServerMethod<A, B> H => h; }
internal sealed class ClientStreamingHandler<A, B>(Method<A, B> m, ClientStreamingServerMethod<A, B> h) : MethodHandler(m) where A : class where B : class { public ClientStreamingServerMethod<A, B> H => h; }
internal sealed class ServerStreamingHandler<A, B>(Method<A, B> m, ServerStreamingServerMethod<A, B> h) : MethodHandler(m) where A : class where B : class { public ServerStreamingServerMethod<A, B> H => h; }
internal sealed class DuplexHandler<A, B>(Method<A, B> m, DuplexStreamingServerMethod<A, B> h) : MethodHandler(m) where A : class where B : class { public DuplexStreamingServerMethod<A, B> H => h; }
