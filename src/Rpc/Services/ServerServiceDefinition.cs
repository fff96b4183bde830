using System.Collections.Immutable;

namespace Fairlead.Rpc;

/// <summary>Methods with their handlers, to be served by an <see cref="RpcServer"/>. Immutable.</summary>
public sealed class ServerServiceDefinition
{
    private ServerServiceDefinition(ImmutableArray<MethodHandler> handlers) => Handlers = handlers;

    internal ImmutableArray<MethodHandler> Handlers { get; }

    /// <summary>Starts a definition.</summary>
    public static Builder CreateBuilder() => new();

    /// <summary>The same methods with an interceptor around each handler.</summary>
    public ServerServiceDefinition Intercept(ServerInterceptor interceptor)
    {
        ArgumentNullException.ThrowIfNull(interceptor);
        return new ServerServiceDefinition([.. Handlers.Select(handler => handler.Intercept(interceptor))]);
    }

    /// <summary>Collects methods. Not thread-safe.</summary>
    public sealed class Builder
    {
        private readonly Dictionary<string, MethodHandler> _handlers = new(StringComparer.Ordinal);

        internal Builder()
        {
        }

        /// <summary>Adds a unary method. Throws for a method of another type or one added before.</summary>
        public Builder AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse> handler)
            where TRequest : class
            where TResponse : class =>
            Add(method, MethodType.Unary, new UnaryHandler<TRequest, TResponse>(method, handler));

        /// <summary>Adds a client-streaming method. Throws for a method of another type or one added before.</summary>
        public Builder AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse> handler)
            where TRequest : class
            where TResponse : class =>
            Add(method, MethodType.ClientStreaming, new ClientStreamingHandler<TRequest, TResponse>(method, handler));

        /// <summary>Adds a server-streaming method. Throws for a method of another type or one added before.</summary>
        public Builder AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse> handler)
            where TRequest : class
            where TResponse : class =>
            Add(method, MethodType.ServerStreaming, new ServerStreamingHandler<TRequest, TResponse>(method, handler));

        /// <summary>Adds a bidi method. Throws for a method of another type or one added before.</summary>
        public Builder AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse> handler)
            where TRequest : class
            where TResponse : class =>
            Add(method, MethodType.DuplexStreaming, new DuplexHandler<TRequest, TResponse>(method, handler));

        /// <summary>The definition.</summary>
        public ServerServiceDefinition Build() => new([.. _handlers.Values]);

        private Builder Add(IMethod method, MethodType expected, MethodHandler handler)
        {
            if (method.Type != expected)
            {
                throw new ArgumentException(
                    $"{method.FullName} is {method.Type}, its handler {expected}.", nameof(method));
            }

            if (!_handlers.TryAdd(method.FullName, handler))
            {
                throw new ArgumentException($"{method.FullName} has a handler already.", nameof(method));
            }

            return this;
        }
    }
}
